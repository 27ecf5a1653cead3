public import EventCore
public import RPCModel
public import TLSEngine
public import Transport

/// How calls are spread over a target's addresses.
public enum LoadBalancing: Sendable, Hashable {
    /// One connection: the first address that accepts.
    case pickFirst
    /// A connection to each address, used in turn.
    case roundRobin
}

/// Everything about a channel that can be chosen, with the limits named.
public struct ChannelConfiguration: Sendable {
    /// `nil` speaks plain HTTP/2.
    public var tls: TLSClientContext?
    /// The name sent in SNI, checked in the certificate and used as `:authority`; `nil` takes the target's
    /// host.
    public var serverName: String?
    public var loadBalancing = LoadBalancing.pickFirst
    /// Connections to one address. A further one is made when calls wait because each has as many streams open as
    /// the server allows (grpc/proposal A105); none is closed for being idle, that is the server's to do.
    public var maxConnectionsPerSubchannel = 1
    /// What ``maxConnectionsPerSubchannel`` is capped to, for settings that come from elsewhere. 10, as gRPC's
    /// libraries.
    public var maxConnectionsPerSubchannelLimit = 10
    public var backoff = ConnectionBackoff()
    /// Used by calls that say nothing of their own.
    public var waitForReady = false
    public var compression = CallOptions.Compression.none
    /// The longest response message, bytes after unpacking.
    public var maxResponseBytes = 4 << 20
    /// `nil` retries nothing but calls no server has touched (transparent retries).
    public var retryPolicy: RetryPolicy?
    /// Methods whose calls are sent several times, by ``MethodDescriptor/path``; they are not retried besides.
    /// Name only methods that a server may run more than once for one call.
    public var hedging: [String: HedgingPolicy] = [:]
    public var retryThrottle = RetryThrottle()
    /// Request bytes kept for another attempt; a call that wrote more is committed to its attempt.
    public var maxReplayBytes = 256 * 1024
    /// Calls that wait for a connection or for one of its streams; above it calls fail with
    /// RESOURCE_EXHAUSTED.
    public var maxWaitingCalls = 10_000
    /// A channel without calls for so long closes its connections and is idle, until the next call; `nil`
    /// keeps them. 30 minutes, as gRPC's libraries.
    public var idleTimeout: Duration? = .seconds(1800)
    /// Names are looked up again when a connection is lost or cannot be made, at most this often: a server
    /// that is down must not turn into a flood of lookups. 30 s, as gRPC's libraries.
    public var lookupIntervalMin = Duration.seconds(30)
    /// Turns a name into addresses. The system's resolver, unless a test or a service registry says better.
    public var lookup:
        @Sendable (_ host: String, _ port: UInt16) async throws(NameResolutionError) ->
            [SocketAddress] = { (host, port) async throws(NameResolutionError) in
                try await NameResolver.shared.resolve(host: host, port: port)
            }
    /// Told of every call, in this order before it and in the opposite one after it.
    public var interceptors: [any ClientInterceptor] = []
    /// Goes in front of the library's own name in `user-agent`.
    public var userAgent: String?
    public var transport = ClientTransportConfiguration()
    public var clock = LoopClock.system

    public init() {}

    /// Silence, while a call is open, after which the server is asked with a PING whether it lives (grpc/proposal A8);
    /// less than 10 s counts as that. `nil`, as it is unless set, asks nothing: servers end connections that ask more
    /// often than they permit.
    public var keepalive: Duration? {
        get { transport.keepalive.time }
        set { transport.keepalive.time = newValue }
    }

    var connectionsPerSubchannel: Int {
        max(1, min(maxConnectionsPerSubchannel, maxConnectionsPerSubchannelLimit))
    }
}

/// What a channel talks to.
public enum ChannelTarget: Sendable, Hashable {
    case name(host: String, port: UInt16)
    case unix(path: String)

    /// Reads `dns:///host:port`, `host:port`, `[v6]:port`, `unix:path`, `unix:///path`, or an abstract socket's
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
