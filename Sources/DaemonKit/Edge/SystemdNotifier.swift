internal import Glibc

/// Notifies systemd of the end of the start and the beginning of the stop, if it asks for that (sd_notify(3)).
enum SystemdNotifier {
    enum State: String {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
    }

    /// Sends one datagram; a failure changes nothing.
    ///
    /// - Parameter socketPath: `NOTIFY_SOCKET`: an absolute path, or an abstract name after `@`. nil and anything else
    ///   do nothing.
    static func notify(_ state: State, socketPath: String?) {
        guard let socketPath, let first = socketPath.utf8.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        if first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // An abstract name has no terminating zero; its length counts.
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count + (path[0] == 0 ? 0 : 1))
        let text = Array(state.rawValue.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), generic, size)
            }
        }
    }
}
