/// Every limit on what a client can make one connection do, with the reason for its default.
///
/// Times are nanoseconds of the monotonic clock that ``HTTP1Time`` carries.
public struct HTTP1Limits: Hashable, Sendable {
    /// Bytes of a request line without its CRLF. RFC 9112 section 3 recommends at least 8000.
    public var requestLineBytesMax = 8 << 10
    /// Bytes of all field lines of a head, or of the trailers, each with its CRLF. Browsers stay below 8 KiB unless
    /// their cookies are large.
    public var fieldsBytesMax = 16 << 10
    /// Field lines of a head, or of the trailers. Browsers send about 20.
    public var fieldsMax = 100
    /// Bytes of a request's content. 4 MiB: the default maximum of a gRPC message.
    public var bodyBytesMax = 4 << 20
    /// Content that may be received and not yet consumed by the handler: what a connection holds of a body. Reading
    /// pauses above it. Less than a head may have counts as that much.
    public var bodyWindowBytes = 64 << 10
    /// Digits of a chunk's size. 8 are 4 GiB, far above every body. More than 15 count as 15: they cannot overflow.
    public var chunkSizeDigitsMax = 8
    /// Bytes of a chunk's extensions, which nobody evaluates.
    public var chunkExtensionBytesMax = 256
    /// Bytes around the contents of chunks beyond 16 and twice its content for each chunk: without it, a client could
    /// send hundreds of bytes of extensions with each byte of content.
    public var chunkOverheadBytesMax = 16 << 10
    /// From the first byte of a head to its last, and from a connection's start to its first byte. 10 s.
    public var headNanosecondsMax: UInt64 = 10_000_000_000
    /// How long a body may fall behind ``bodyBytesPerSecondMin``. 10 s.
    public var bodyStallNanosecondsMax: UInt64 = 10_000_000_000
    /// Bytes of content that a client sends per second at least, while the handler takes them. 1 KiB: less than the
    /// slowest line that can carry a visit.
    public var bodyBytesPerSecondMin = 1 << 10
    /// From the end of a response to the next request's first byte. 60 s: longer than the pauses of a page that polls.
    public var idleNanosecondsMax: UInt64 = 60_000_000_000

    public init() {}

    /// Bytes that are held of a head: a request line or all of the field lines always fit, with some room.
    var headWindowBytes: Int { max(requestLineBytesMax, fieldsBytesMax) + (4 << 10) }
}
