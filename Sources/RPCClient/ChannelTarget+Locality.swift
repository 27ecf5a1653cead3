internal import EventCore

extension ChannelTarget {
    /// Whether calls stay on this machine, where nobody can intercept them: over a Unix socket, or to a host that
    /// always means this machine.
    public var staysOnThisMachine: Bool {
        switch self {
        case .unix: true
        case .name(let host, _): SocketAddress.isThisMachine(host: host)
        }
    }
}
