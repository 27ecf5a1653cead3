internal import EventCore

extension ChannelTarget {
    /// Whether calls stay on this machine, where nobody on the way can read them: a unix socket, `localhost`, or an
    /// address of the loopback network. Any other name is not, whatever it stands for now: who answers for names could
    /// say otherwise the next time.
    /// - Spec: RFC 6761 section 6.3.
    public var staysOnThisMachine: Bool {
        switch self {
        case .unix: true
        case .name(let host, let port):
            host.lowercased() == "localhost" || SocketAddress(ipAddress: host, port: port)?.isLoopback ?? false
        }
    }
}
