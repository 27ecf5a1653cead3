internal import CLinux
internal import Glibc

/// Owns one non-blocking, close-on-exec stream socket; closed exactly once, when the value goes out of scope.
public struct SocketDescriptor: ~Copyable {
    /// The result of a `receive`.
    public enum Received: Hashable, Sendable {
        /// This many bytes, at least one.
        case bytes(Int)
        case wouldBlock
        /// The peer closed its side regularly.
        case endOfStream
        case failed(errno: Int32)
    }

    /// The result of a `send`.
    public enum Sent: Hashable, Sendable {
        /// The kernel accepted this many bytes, at least one.
        case bytes(Int)
        case wouldBlock
        case failed(errno: Int32)
    }

    /// The pending connections the kernel keeps before it refuses more; it cuts at net.core.somaxconn.
    public static let listenBacklog: Int32 = 1024

    /// The raw number, for registration with a loop; valid as long as this value lives.
    public let number: Int32

    init(number: Int32) { self.number = number }

    deinit { close(number) }

    /// Whether others may listen on the same port.
    public enum PortSharing: Hashable, Sendable {
        /// Nobody else.
        case exclusive
        /// Bound exclusively, so that a port in use by another program is an error; opened for `joining` afterwards.
        case first
        /// One more socket of this process on a port bound by `first`.
        case joining
    }

    /// Binds and listens.
    ///
    /// - Parameter unixMode: permissions of a Unix socket's file from its creation on, reduced by the process's
    ///   umask. An abstract socket has none: every process of the machine may connect.
    /// - Throws: the failing call with its errno (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...).
    public static func listening(
        on address: SocketAddress, sharing: PortSharing = .exclusive, unixMode: UInt32 = 0o600
    ) throws(SystemCallError) -> SocketDescriptor {
        let socket = try open(family: address.family)
        if address.family != AF_UNIX {
            try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
            if sharing == .joining { try socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        } else if fchmod(socket.number, mode_t(unixMode)) != 0 {
            throw SystemCallError("fchmod")
        }
        if address.family == AF_INET6 { try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        let number = socket.number
        try address.withSockaddr { (pointer, length) throws(SystemCallError) in
            if bind(number, pointer, length) != 0 { throw SystemCallError("bind") }
        }
        if sharing == .first, address.family != AF_UNIX { try socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        if listen(number, listenBacklog) != 0 { throw SystemCallError("listen") }
        return socket
    }

    /// Starts to connect; the socket becomes writable when the result is known, see `takeError`.
    public static func connecting(to address: SocketAddress) throws(SystemCallError) -> SocketDescriptor {
        let socket = try open(family: address.family)
        if address.family != AF_UNIX { try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        let number = socket.number
        try address.withSockaddr { (pointer, length) throws(SystemCallError) in
            if Glibc.connect(number, pointer, length) != 0, errno != EINPROGRESS {
                throw SystemCallError("connect")
            }
        }
        return socket
    }

    /// Accepts one waiting connection, with TCP_NODELAY set; nil when there is none.
    ///
    /// - Throws: EMFILE, ENFILE, ENOBUFS, ENOMEM: out of descriptors or memory, pause accepting. A connection that
    ///   died while it waited is skipped.
    public borrowing func accept() throws(SystemCallError) -> AcceptedSocket? {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    telehealth_accept4(number, $0, &length)
                }
            }
            if accepted >= 0 {
                let peer = SocketAddress(&storage, length: length) ?? .unix(path: "")
                let socket = SocketDescriptor(number: accepted)
                if storage.ss_family != sa_family_t(AF_UNIX) {
                    // A socket whose peer is already gone refuses options; the first read reports that.
                    try? socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                }
                return AcceptedSocket(socket: socket, peer: peer)
            }
            switch errno {
            case EAGAIN: return nil
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH: continue
            default: throw SystemCallError("accept4")
            }
        }
    }

    /// Reads available bytes, at most `buffer.count`.
    public borrowing func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        while true {
            let count = recv(number, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(errno: errno)
            }
        }
    }

    /// Writes what the kernel accepts. A peer that is gone is an error value, never a signal.
    public borrowing func send(_ bytes: UnsafeRawBufferPointer) -> Sent {
        while true {
            let count = telehealth_send(number, bytes.baseAddress, bytes.count)
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(errno: errno)
            }
        }
    }

    /// The result of a connect, or a later error; 0 for none.
    public borrowing func takeError() -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(number, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno
    }

    /// How long sent data may stay unacknowledged before the kernel drops the connection (gRPC proposal A18).
    /// Not for unix sockets, where it is a no-op.
    public borrowing func setUserTimeout(_ timeout: Duration) {
        let milliseconds = min(max(0, timeout.wholeNanoseconds / 1_000_000), Int64(Int32.max))
        try? set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(milliseconds))
    }

    /// Closes with a RST instead of an orderly FIN, for peers that misbehave.
    public borrowing func abortOnClose() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// Sends FIN; reading continues.
    public borrowing func shutdownWrites() { _ = shutdown(number, Int32(SHUT_WR)) }

    public borrowing func localAddress() throws(SystemCallError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        if result != 0 { throw SystemCallError("getsockname") }
        return SocketAddress(&storage, length: length) ?? .unix(path: "")
    }

    private static func open(family: Int32) throws(SystemCallError) -> SocketDescriptor {
        let number = socket(family, telehealth_sock_stream, 0)
        if number < 0 { throw SystemCallError("socket") }
        return SocketDescriptor(number: number)
    }

    private borrowing func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemCallError) {
        var value = value
        if setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) != 0 {
            throw SystemCallError("setsockopt")
        }
    }
}

/// A connection taken from a listener.
public struct AcceptedSocket: ~Copyable {
    public let socket: SocketDescriptor
    public let peer: SocketAddress

    /// Gives up ownership of the socket; read the peer's address before.
    public consuming func takeSocket() -> SocketDescriptor { socket }
}
