/// What one call asks of its channel, beyond the request.
public struct CallOptions: Sendable {
    public enum Compression: Sendable, Hashable {
        case none
        case gzip
    }

    /// Time for the whole call with all its attempts; `nil` waits for ever. Sent as `grpc-timeout`, enforced
    /// locally.
    public var timeout: Duration?
    /// Request metadata.
    public var metadata: Metadata
    /// `false` fails a call at once with UNAVAILABLE while the channel cannot connect; `true` queues it until
    /// it can, or until the deadline. `nil` takes the channel's setting.
    public var waitForReady: Bool?
    /// How requests are packed; `nil` takes the channel's setting.
    public var compression: Compression?
    /// The longest response message accepted, in bytes; `nil` takes the channel's setting.
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
