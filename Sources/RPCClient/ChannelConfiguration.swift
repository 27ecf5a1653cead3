public import EventCore
public import RPCModel
public import TLSEngine
public import Transport

/// How calls are distributed over a target's addresses.
public enum LoadBalancing: Sendable, Hashable {
    /// One connection: the first address that accepts it.
    case pickFirst
    /// A connection to each address, used in turn.
    case roundRobin
}

/// The settings of a channel, including every limit.
public struct ChannelConfiguration: Sendable {
    /// `nil` for plain text.
    public var tls: TLSClientContext?
    /// The name sent in SNI, checked in the certificate and used as `:authority`; `nil` uses the target's host.
    public var serverName: String?
    public var loadBalancing = LoadBalancing.pickFirst
    /// Maximum number of connections to one address. Another is opened when calls wait because each connection has as
    /// many open streams as the server allows (grpc/proposal A105). Idle connections are left to the server to close.
    public var maxConnectionsPerSubchannel = 1
    /// Upper limit of ``maxConnectionsPerSubchannel``, for settings from outside. 10, as in gRPC's libraries.
    public var maxConnectionsPerSubchannelLimit = 10
    public var backoff = ConnectionBackoff()
    /// The default for calls that do not set it.
    public var waitForReady = false
    public var compression = CallOptions.Compression.none
    /// Maximum size of a response message in bytes, after decompression.
    public var maxResponseBytes = 4 << 20
    /// `nil` retries only calls that no server has processed (transparent retries).
    public var retryPolicy: RetryPolicy?
    /// Hedging policies by ``MethodDescriptor/path``; these methods are not also retried. List only methods that a
    /// server may run more than once per call.
    public var hedging: [String: HedgingPolicy] = [:]
    public var retryThrottle = RetryThrottle()
    /// Request bytes kept for another attempt; a call that wrote more is committed to its attempt.
    public var maxReplayBytes = 256 * 1024
    /// Maximum number of calls that wait for a connection or for a stream; further calls fail with
    /// RESOURCE_EXHAUSTED.
    public var maxWaitingCalls = 10_000
    /// After this time without calls, a channel closes its connections and is idle until the next call; `nil` keeps
    /// them. 30 minutes, as in gRPC's libraries.
    public var idleTimeout: Duration? = .seconds(1800)
    /// Minimum interval between name lookups, which follow lost and failed connections: a server that is down must
    /// not cause a flood of lookups. 30 s, as in gRPC's libraries.
    public var lookupIntervalMin = Duration.seconds(30)
    /// Resolves a name to addresses. The system's resolver, unless a test or a service registry replaces it.
    public var lookup:
        @Sendable (_ host: String, _ port: UInt16) async throws(NameResolutionError) ->
            [SocketAddress] = { (host, port) async throws(NameResolutionError) in
                try await NameResolver.shared.resolve(host: host, port: port)
            }
    /// Called for every call, in this order before it and in reverse order after it.
    public var interceptors: [any ClientInterceptor] = []
    /// Precedes the library's own name in `user-agent`.
    public var userAgent: String?
    public var transport = ClientTransportConfiguration()
    public var clock = LoopClock.system

    public init() {}

    /// Silence, while a call is open, after which the channel sends a keepalive PING (grpc/proposal A8); at least 10
    /// s. `nil` (the default) sends none: servers close connections that ping more often than they allow.
    public var keepalive: Duration? {
        get { transport.keepalive.time }
        set { transport.keepalive.time = newValue }
    }

    var connectionsPerSubchannel: Int {
        max(1, min(maxConnectionsPerSubchannel, maxConnectionsPerSubchannelLimit))
    }
}

/// The target of a channel.
public enum ChannelTarget: Sendable, Hashable {
    case name(host: String, port: UInt16)
    case unix(path: String)

    /// Parses `dns:///host:port`, `host:port`, `[v6]:port`, `unix:path`, `unix:///path`, or an abstract socket's
    /// `unix:@name` or `unix-abstract:name`.
    /// - Returns: `nil` for anything else, such as a missing port.
    public init?(_ text: String) {
        if text.hasPrefix("unix-abstract:") {
            let name = text.dropFirst("unix-abstract:".count)
            guard !name.isEmpty else { return nil }
            self = .unix(path: "@" + name)
            return
        }
        if text.hasPrefix("unix:") {
            var path = text.dropFirst("unix:".count)
            if path.hasPrefix("//") { path = path.dropFirst(2) }
            guard !path.isEmpty, path != "@" else { return nil }
            self = .unix(path: String(path))
            return
        }
        let rest = text.hasPrefix("dns:///") ? text.dropFirst("dns:///".count) : text[...]
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]),
            port > 0
        else {
            return nil
        }
        var host = rest[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") || host.contains("/") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self = .name(host: String(host), port: port)
    }

    /// `:authority` of its calls unless the configuration names another.
    var authority: String {
        switch self {
        case .name(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix: "localhost"
        }
    }

    var host: String {
        switch self {
        case .name(let host, _): host
        case .unix: "localhost"
        }
    }
}
