public import EventCore
public import RPCModel
public import TLSEngine
public import Transport

/// Where a server listens.
public indirect enum ServerListener: Sendable {
    /// Unprotected. Refused for an address that is not loopback unless the configuration allows it.
    case tcp(host: String, port: UInt16)
    /// A unix socket; `mode` is the file's, such as 0o600.
    case unix(path: String, mode: UInt32 = 0o600)
    case tls(host: String, port: UInt16, TLSServerContextSource)
    /// One of the others, for the trusted proxies of ``ServerConfiguration/transport`` alone: each connection begins
    /// with a PROXY header of version 2, before TLS, which says where it is from.
    case proxied(ServerListener)
}

/// Everything about a server that can be chosen, with the limits named.
public struct ServerConfiguration: Sendable {
    public var listeners: [ServerListener]
    /// Event loops, each a thread; calls of a connection stay on its loop.
    public var loopCount = 1
    /// Takes plain listeners on any address. For tests in closed networks and for service meshes that encrypt
    /// below.
    public var allowsPlainTextBeyondLoopback = false
    /// The longest request message, bytes after unpacking. 4 MiB is what every gRPC implementation starts
    /// with.
    public var maxRequestBytes = 4 << 20
    /// Bytes of requests that have arrived and that no handler has taken, per connection: messages still arriving
    /// count, since a client may leave them unfinished on every stream. 64 MiB: sixteen of the longest at a time,
    /// or half a megabyte on each stream.
    public var maxHeldRequestBytesPerConnection = 64 << 20
    /// The same for all connections of a loop. 256 MiB: four connections that take all they may.
    public var maxHeldRequestBytesPerLoop = 256 << 20
    /// Handlers that run or are suspended, per loop. Open streams may be more: the rest wait their turn.
    /// Resetting a stream frees its place in the queue, but a handler counts until it returns, so opening and
    /// resetting streams fast does not multiply running handlers (CVE-2023-44487 and its kin). Detached calls
    /// do not count.
    public var maxRunningHandlersPerLoop = 4096
    /// Calls that wait for a handler's turn, per loop; above it calls are refused with RESOURCE_EXHAUSTED.
    public var maxWaitingCallsPerLoop = 4096
    /// Of those, calls of one connection. 256: twice the streams that it may have open, and a sixteenth of the
    /// queue. Connections take turns, and who holds most gives way when the queue is full.
    public var maxWaitingCallsPerConnection = 256
    /// How long a request may take to arrive: the one message of a unary call with its half-close, or each
    /// message of a stream. `nil` waits for ever. 30 s: a lost packet costs a few, a patient attacker an hour.
    public var requestTimeout: Duration? = .seconds(30)
    /// Bytes that earn a long message one second more each. 4 KiB/s is below any line that carries video, and
    /// makes a full 4 MiB buffer cost the client that much, too.
    public var requestBytesPerSecondMin = 4096
    /// How responses are packed for clients that can unpack them.
    public var responseCompression = CallOptions.Compression.none
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
    /// The host is no IP address.
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
