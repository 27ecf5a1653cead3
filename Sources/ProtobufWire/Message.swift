/// A protobuf message: a plain value that decodes itself from wire bytes and encodes itself to a buffer.
///
/// `protoc-gen-telehealth-swift` generates the conformances; only ``RawMessage`` is written by hand.
///
/// Printed, dumped or logged, a message shows its name and none of its fields: many must not appear in logs, and a
/// default rendering cannot know which. `ProtobufReflection.Redaction` renders what may be shown.
///
/// A field may be called `description`: such a message's `description` is that field, but it is printed like any
/// other, because Swift prints streamable values that way.
public protocol Message: Sendable, Hashable, TextOutputStreamable, CustomDebugStringConvertible, CustomReflectable,
    CustomStringConvertible
{
    /// The message with every field at its default.
    init()
    /// The full protobuf name without a leading dot, such as `telehealth.v1.Session`.
    static var fullName: String { get }
    /// Received fields that this version of the message does not know, in order of arrival. They are written after
    /// the known fields.
    var unknownFields: UnknownFields { get set }
    /// Appends the message's wire bytes, without a length, to `buffer`. Cannot fail.
    func encode(into buffer: inout ByteBuffer)
    /// Reads fields until the reader's current message ends: singular fields are replaced (messages merged), repeated
    /// ones appended.
    ///
    /// - Throws: ``WireError``; the message is then partly changed and must be discarded.
    mutating func merge(from reader: inout WireReader) throws(WireError)
    /// Records every rule of the schema (`buf.validate`) that the message or its content violates. Does nothing
    /// without rules.
    func checkRules(_ violations: inout RuleViolations)
}

extension Message {
    @inlinable
    public func checkRules(_ violations: inout RuleViolations) {}
    public func write(to target: inout some TextOutputStream) { target.write(debugDescription) }
    public var debugDescription: String { "\(Self.fullName){…}" }
    public var description: String { debugDescription }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }

    /// Decodes one whole message.
    ///
    /// - Parameter bytes: exactly the message, without a length prefix.
    /// - Throws: ``WireError``: the sender's fault, or one of `limits` was reached. Limits are checked before memory
    ///   is allocated.
    @inlinable
    public init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits = .default) throws(WireError) {
        self.init()
        try unsafe merge(bytes, limits: limits)
    }

    /// Decodes one whole message; see ``init(decoding:limits:)-(UnsafeRawBufferPointer,_)``.
    @inlinable
    public init(decoding bytes: borrowing Span<UInt8>, limits: DecodingLimits = .default) throws(WireError) {
        self.init()
        try unsafe bytes.withUnsafeBytes { raw throws(WireError) in try unsafe merge(raw, limits: limits) }
    }

    /// Decodes one whole message; see ``init(decoding:limits:)-(UnsafeRawBufferPointer,_)``.
    @inlinable
    public init(decoding bytes: [UInt8], limits: DecodingLimits = .default) throws(WireError) {
        try self.init(decoding: bytes.span, limits: limits)
    }

    /// Merges one more whole message into this one, as if the wire bytes had been concatenated.
    @inlinable
    public mutating func merge(
        _ bytes: UnsafeRawBufferPointer, limits: DecodingLimits = .default
    ) throws(WireError) {
        guard bytes.count <= limits.maximumByteCount else {
            throw .sizeExceeded(limit: limits.maximumByteCount)
        }
        var reader = unsafe WireReader(bytes, limits: limits)
        try merge(from: &reader)
    }

    /// The message's wire bytes.
    @inlinable
    public func encodedBytes() -> [UInt8] {
        ByteBuffer.bytes { encode(into: &$0) }
    }

    /// Number of bytes that ``encode(into:)`` appends. Costs one encoding: a caller that encodes anyway should
    /// compare the buffer's `count` before and after instead.
    public var encodedByteCount: Int {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return buffer.count
    }

    /// A message with `populate` applied to its default: for building in one expression.
    @inlinable
    public static func with<Failure: Error>(
        _ populate: (inout Self) throws(Failure) -> Void
    ) throws(Failure) -> Self {
        var message = Self()
        try populate(&message)
        return message
    }
}

/// A protobuf enum: its named values as cases, and `unrecognized` for numbers a newer peer may send.
public protocol ProtobufEnum: Sendable, Hashable {
    /// The full protobuf name without a leading dot.
    static var fullName: String { get }
    /// The case of a number; never fails, unknown numbers are kept.
    init(rawValue: Int32)
    /// False for `unrecognized`.
    var isRecognized: Bool { get }
    /// The number on the wire.
    var rawValue: Int32 { get }
}
