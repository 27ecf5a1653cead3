/// Options of one call.
public struct CallOptions: Sendable {
    public enum Compression: Sendable, Hashable {
        case none
        case gzip
    }

    /// Time limit for the whole call including all attempts; `nil` for none. Sent as `grpc-timeout` and enforced
    /// locally.
    public var timeout: Duration?
    /// Request metadata.
    public var metadata: Metadata
    /// While the channel cannot connect, `false` fails the call at once with UNAVAILABLE; `true` queues it until the
    /// channel connects or the deadline passes. `nil` uses the channel's setting.
    public var waitForReady: Bool?
    /// Compression of requests; `nil` uses the channel's setting.
    public var compression: Compression?
    /// Maximum size of a response message in bytes; `nil` uses the channel's setting.
    public var maxResponseBytes: Int?

    public init(
        timeout: Duration? = nil, metadata: Metadata = [:], waitForReady: Bool? = nil,
        compression: Compression? = nil,
        maxResponseBytes: Int? = nil
    ) {
        self.timeout = timeout
        self.metadata = metadata
        self.waitForReady = waitForReady
        self.compression = compression
        self.maxResponseBytes = maxResponseBytes
    }
}
