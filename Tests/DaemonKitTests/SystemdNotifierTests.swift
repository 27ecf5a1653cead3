import Foundation
import Testing

@testable import DaemonKit

/// A socket as systemd listens on it.
final class NotifySocket: Sendable {
    let path: String
    private let descriptor: Int32

    /// - Parameter path: an absolute path, or `@` and a name.
    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(bound == 0, "bind failed: \(errno)")
    }

    deinit { close(descriptor) }

    /// Waits for the next message.
    func next() async -> String {
        await OwnThread { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }.value ?? ""
    }
}

@Suite("Notices to systemd") struct SystemdNotifierTests {
    @Test func `a socket with a path hears the end of the start and the beginning of the stop`() async throws
    {
        let folder = try TemporaryFolder()
        let socket = try NotifySocket(folder.path + "/notify")
        SystemdNotifier.notify(.ready, socketPath: socket.path)
        #expect(await socket.next() == "READY=1")
        SystemdNotifier.notify(.stopping, socketPath: socket.path)
        #expect(await socket.next() == "STOPPING=1")
    }

    @Test func `an abstract socket hears them too`() async throws {
        let socket = try NotifySocket("@telehealth-notify-\(getpid())")
        SystemdNotifier.notify(.ready, socketPath: socket.path)
        #expect(await socket.next() == "READY=1")
    }

    @Test(arguments: [
        nil, "", "relative/notify", "/nowhere/notify", "@" + String(repeating: "x", count: 200),
        "/" + String(repeating: "x", count: 108),
    ])
    func `without a socket that can be reached nothing happens`(path: String?) {
        SystemdNotifier.notify(.ready, socketPath: path)
    }
}
