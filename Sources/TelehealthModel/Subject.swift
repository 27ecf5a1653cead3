/// Text by which somebody outside names a person, a service, an issuer, an audience or a key: a token's `sub`, `act`,
/// `iss`, `aud` and `kid`.
///
/// Two are the same only byte for byte (RFC 7519 §2 compares StringOrURI without any transformation). Swift's own
/// `==` takes canonically equivalent texts for one, so that "drK" and "dr" with the Kelvin sign would share a request
/// id, a rate limit and an audit row. ``Identifier``s need no such care: they are ASCII, where both agree.
public struct Subject: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringInterpolation {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    public var description: String { rawValue }

    /// Equivalent texts of one length that begin with an ASCII text are equal in bytes: what is equivalent to ASCII
    /// and is not ASCII is longer.
    public static func == (left: Subject, right: Subject) -> Bool {
        let (left, right) = (left.rawValue, right.rawValue)
        guard left.utf8.count == right.utf8.count, left == right else { return false }
        return left.utf8Span.isKnownASCII || left.utf8.elementsEqual(right.utf8)
    }

    /// In the order of bytes.
    public static func < (left: Subject, right: Subject) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }

    /// Swift's hash gives equivalent texts one value, which is harmless: ``==(_:_:)`` tells them apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
