/// A message on the heap: how generated code stores nested messages that are large or recursive.
///
/// Immutable and therefore freely shared; a change creates a new box.
public final class Boxed<Value: Message>: Sendable, Hashable {
    /// The message.
    public let value: Value

    /// Boxes `value`.
    @inlinable
    public init(_ value: Value) { self.value = value }

    @inlinable
    public static func == (left: Boxed, right: Boxed) -> Bool {
        left === right || left.value == right.value
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}
