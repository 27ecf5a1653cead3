public import EventCore
public import RPCModel
public import TLSEngine
public import Transport

/// Where a server listens.
public indirect enum ServerListener: Sendable {
    /// Plain text. Refused for an address other than loopback unless the configuration allows it.
    case tcp(host: String, port: UInt16)
    /// A Unix socket; `mode` is the file's, such as 0o600.
    case unix(path: String, mode: UInt32 = 0o600)
    case tls(host: String, port: UInt16, TLSServerContextSource)
    /// One of the others, for the trusted proxies of ``ServerConfiguration/transport`` only: each connection begins
    /// with a PROXY header of version 2, before TLS, with the caller's address.
    case proxied(ServerListener)
}

/// The settings of a server, including every limit.
public struct ServerConfiguration: Sendable {
    public var listeners: [ServerListener]
    /// Number of event loops, each with a thread; the calls of a connection stay on its loop.
    public var loopCount = 1
    /// Allows plain text on any address. For tests in closed networks and for service meshes that encrypt.
    public var allowsPlainTextBeyondLoopback = false
    /// Maximum size of a request message in bytes, after decompression. 4 MiB is the default of all gRPC
    /// implementations.
    public var maxRequestBytes = 4 << 20
    /// Request bytes per connection that have arrived but no handler has taken, including incomplete messages, which
    /// a client may leave on every stream. 64 MiB: sixteen messages of maximum size, or half a megabyte on each
    /// stream.
    public var maxHeldRequestBytesPerConnection = 64 << 20
    /// The same for all connections of a loop. 256 MiB: four connections at their limit.
    public var maxHeldRequestBytesPerLoop = 256 << 20
    /// Maximum number of running or suspended handlers per loop. More streams may be open: the rest wait. Resetting a
    /// stream frees its place in the queue, but a handler counts until it returns, so opening and resetting streams
    /// quickly does not multiply running handlers (CVE-2023-44487 and similar). Detached calls do not count.
    public var maxRunningHandlersPerLoop = 4096
    /// Maximum number of calls per loop that wait for a handler slot; further calls are refused with
    /// RESOURCE_EXHAUSTED.
    public var maxWaitingCallsPerLoop = 4096
    /// The same per connection. 256: twice the number of streams it may open, and a sixteenth of the queue.
    /// Connections take turns, and the one with most waiting calls gives way when the queue is full.
    public var maxWaitingCallsPerConnection = 256
    /// Time limit for a request to arrive: the message of a unary call with its half-close, or each message of a
    /// stream. `nil` for none. 30 s: a lost packet costs a few seconds, a patient attacker would take an hour.
    public var requestTimeout: Duration? = .seconds(30)
    /// Bytes that extend the time limit of a long message by one second. 4 KiB/s is slower than any line that can
    /// carry video, and makes a full 4 MiB buffer expensive for an attacker, too.
    public var requestBytesPerSecondMin = 4096
    /// Compression of responses for clients that accept it.
    public var responseCompression = CallOptions.Compression.none
    /// Answers gRPC-Web and Connect besides gRPC, by the same handlers. A page of another origin still needs this
    /// server's consent before it may call.
    public var offersWebProtocols = false
    /// Offers `grpc.health.v1.Health`.
    public var offersHealth = true
    /// Offers `grpc.reflection.v1` and `v1alpha`.
    public var offersReflection = true
    public var transport = ServerTransportConfiguration()
    public var clock = LoopClock.system

    public init(listeners: [ServerListener]) {
        self.listeners = listeners
    }
}

/// Why a server did not start.
public enum ServerStartError: Error, Sendable, CustomStringConvertible {
    /// A listener without TLS on an address other machines reach.
    case plainTextBeyondLoopback(host: String)
    /// The host is not an IP address.
    case invalidHost(String)
    /// Two services have a method with the same path.
    case duplicateMethod(path: String)
    case transport(TransportError)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .plainTextBeyondLoopback(let host):
            "refusing to listen on \(host) without TLS: only loopback addresses may use plain text"
        case .invalidHost(let host): "cannot listen on \(host): not an IP address"
        case .duplicateMethod(let path): "two services register the method \(path)"
        case .transport(let error): "cannot listen: \(error)"
        case .system(let error): "cannot start: \(error)"
        }
    }
}
