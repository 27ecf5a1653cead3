internal import EventCore

extension ChannelTarget {
    /// Whether calls stay on this machine, where nobody on the way can read them: by a unix socket, or to a host that
    /// stands for it whoever is asked.
    public var staysOnThisMachine: Bool {
        switch self {
        case .unix: true
        case .name(let host, _): SocketAddress.isThisMachine(host: host)
        }
    }
}
