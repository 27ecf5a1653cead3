/// Limits on what a peer's bytes may cost before decoding stops.
public struct DecodingLimits: Hashable, Sendable {
    /// Maximum message size in bytes. The default is 64 MiB: far above any API's messages, far below a machine's
    /// memory. The transport's own limit on received messages (4 MiB by gRPC's convention) normally applies first.
    public var maximumByteCount: Int
    /// Maximum nesting of messages and groups; 100 is what every protobuf implementation allows, so what passes here
    /// passes elsewhere, and recursion stays within a small thread's stack.
    public var maximumDepth: Int
    /// Maximum number of nested messages in one message, all levels together. An empty element takes 2 bytes on the
    /// wire and a few hundred in memory: without a limit a 4 MiB message could require a gigabyte.
    public var maximumMessageCount: Int

    /// - Parameters: see the properties; all in whole units, at least 0.
    public init(
        maximumByteCount: Int = 64 << 20, maximumDepth: Int = 100, maximumMessageCount: Int = 1 << 18
    ) {
        self.maximumByteCount = maximumByteCount
        self.maximumDepth = maximumDepth
        self.maximumMessageCount = maximumMessageCount
    }

    /// The documented default of every limit.
    public static let `default` = DecodingLimits()
}
