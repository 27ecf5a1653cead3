import EventCore
import Foundation
import HTTP2Engine
import TLSEngine
import Testing

@testable import Transport

/// One test at a time: they block threads of the small pool that tests share, and wait for each other's
/// sockets.
@Suite("Transport over sockets", .serialized) struct SocketTests {}

extension SocketTests {
    @Suite("Server and client over loopback") struct LoopbackTests {
        @Test("calls echo over TCP, on one loop and on two", arguments: [1, 2])
        func echoesOverTCP(loops: Int) async throws {
            let fixture = try ServerFixture(loops: loops)
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            // Larger than the socket's buffers, the stream's window and the flush of a tick together.
            let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let call = await client.call("/echo", body: body)
            #expect(await call.outcome() == .finished)
            #expect(call.stream.body == body)
            await client.stop()
            #expect(await fixture.source.wait(for: "closed peer_closed"))
            await fixture.stop()
            #expect(fixture.server.openConnectionCount == 0)
        }

        @Test("a unix socket has the asked mode, replaces a dead one, and is removed at the end")
        func unixSocket() async throws {
            let path = FileManager.default.temporaryDirectory.appending(
                path: "t-\(UUID().uuidString.prefix(8)).sock"
            ).path
            // Closed at once: a dead server's leftover.
            do { _ = try SocketDescriptor.listening(on: .unix(path: path)) }
            let fixture = try ServerFixture(loops: 2)
            let address = try await fixture.server.listen(on: .unix(path: path, mode: 0o600))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            await #expect(throws: TransportError.self) {
                try await fixture.server.listen(on: .unix(path: path, mode: 0o600))
            }
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            #expect(await client.call("/echo", body: [1, 2, 3]).outcome() == .finished)
            await client.stop()
            await fixture.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test("a file that is not a socket stays, and so do a link and a socket of another kind", arguments: ["file", "link", "datagrams"])
        func otherFiles(kind: String) async throws {
            let path = Self.socketPath()
            defer { unlink(path) }
            var datagrams: Int32 = -1
            switch kind {
            case "file": #expect(FileManager.default.createFile(atPath: path, contents: Data("notes".utf8)))
            case "link": #expect(symlink("/nowhere", path) == 0)
            default: datagrams = try Self.boundDatagramSocket(path)
            }
            defer { close(datagrams) }
            let fixture = try ServerFixture()
            let error = await #expect(throws: TransportError.self) {
                try await fixture.server.listen(on: .unix(path: path, mode: 0o600))
            }
            #expect(error?.cause.isAddressInUse == true)
            var found = stat()
            #expect(lstat(path, &found) == 0)
            await fixture.stop()
            #expect(lstat(path, &found) == 0)
        }

        @Test("what took the socket's place meanwhile is not removed at the end")
        func replacedSocket() async throws {
            let path = Self.socketPath()
            defer { unlink(path) }
            let fixture = try ServerFixture()
            _ = try await fixture.server.listen(on: .unix(path: path, mode: 0o600))
            #expect(unlink(path) == 0)
            let other = try ServerFixture()
            _ = try await other.server.listen(on: .unix(path: path, mode: 0o600))
            await fixture.stop()
            let client = try ClientFixture()
            #expect(await client.connect(to: .unix(path: path)))
            await client.stop()
            await other.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test("an abstract socket has no file, and is free again when its server is gone")
        func abstractSocket() async throws {
            let name = "@t-\(UUID().uuidString)"
            for _ in 0..<2 {
                let fixture = try ServerFixture()
                let address = try await fixture.server.listen(on: .unix(path: name, mode: 0o600))
                #expect(address.description == "unix:\(name)")
                #expect(!FileManager.default.fileExists(atPath: name))
                await #expect(throws: TransportError.self) {
                    try await fixture.server.listen(on: .unix(path: name, mode: 0o600))
                }
                let client = try ClientFixture()
                try #require(await client.connect(to: address))
                #expect(await client.call("/echo", body: [1, 2, 3]).outcome() == .finished)
                await client.stop()
                await fixture.stop()
            }
        }

        private static func socketPath() -> String {
            FileManager.default.temporaryDirectory.appending(path: "t-\(UUID().uuidString.prefix(8)).sock").path
        }

        private static func boundDatagramSocket(_ path: String) throws -> Int32 {
            let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
            return number
        }

        @Test("a port in use is an error")
        func portInUse() async throws {
            let first = try ServerFixture(loops: 2)
            let second = try ServerFixture(loops: 2)
            let address = try await first.server.listen(on: .tcp(.loopback(port: 0)))
            await #expect(
                throws: TransportError(address: address, cause: SystemCallError("bind", code: EADDRINUSE))
            ) {
                try await second.server.listen(on: .tcp(address))
            }
            await first.stop()
            await second.stop()
        }

        @Test("a connection that nobody listens for is refused, not hung")
        func connectionRefused() async throws {
            let listener = try SocketDescriptor.listening(on: .loopback(port: 0))
            let address = try listener.localAddress()
            _ = consume listener
            let client = try ClientFixture()
            #expect(await client.connect(to: address) == false)
            #expect(client.lastLoss?.kind == .connectFailed(errno: ECONNREFUSED))
            await client.stop()
        }

        @Test("a drained server finishes the calls it has, and tells the client to go")
        func serverDrains() async throws {
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            let call = await client.call("/echo", body: nil)
            try #require(await fixture.source.wait(for: "request"))
            let server = fixture.server
            async let shutdown: Void = server.shutdown(grace: .seconds(30))
            #expect(await eventually { client.lines.contains("draining NO_ERROR ") })
            await client.onLoop { _ in
                [UInt8(9)].withUnsafeBytes { call.stream.write($0) }
                call.stream.finish()
            }
            #expect(await call.outcome() == .finished)
            #expect(call.stream.body == [9])
            await shutdown
            #expect(fixture.source.lines.last == "closed drained")
            #expect(await eventually { client.lastLoss != nil })
            await client.stop()
            fixture.group.shutdown()
        }

        @Test("the grace of a shutdown ends calls that do not")
        func graceEnds() async throws {
            let fixture = try ServerFixture(virtualTime: true)
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            let call = await client.call("/hold", body: [])
            try #require(await fixture.source.wait(for: "request"))
            let server = fixture.server
            async let shutdown: Void = server.shutdown(grace: .seconds(3))
            #expect(await eventually { client.lines.contains { $0.hasPrefix("draining") } })
            await fixture.advance(by: .seconds(3))
            await shutdown
            #expect(await call.outcome() == .connectionLost)
            #expect(fixture.source.lines.last == "closed grace_expired")
            await client.stop()
            fixture.group.shutdown()
        }

        @Test("a drained client ends after its last call")
        func clientDrains() async throws {
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            let call = await client.call("/echo", body: nil)
            await client.drain()
            let refused = await client.call("/echo", body: [1])
            #expect(await refused.outcome() == .refused)
            await client.onLoop { _ in call.stream.finish() }
            #expect(await call.outcome() == .finished)
            #expect(await eventually { client.lastLoss?.kind == .drained })
            await client.stop()
            await fixture.stop()
        }

        @Test("a server that goes away loses the calls, and says so")
        func serverDies() async throws {
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            let client = try ClientFixture()
            try #require(await client.connect(to: address))
            let call = await client.call("/hold", body: [])
            try #require(await fixture.source.wait(for: "request"))
            await fixture.stop()
            #expect(await call.outcome() == .connectionLost)
            await client.stop()
        }

        @Test("a client asks a silent server whether it lives, and gives up when it does not answer")
        func clientKeepalive() async throws {
            // A listener that accepts nothing: the kernel connects, nobody speaks; SETTINGS are written by
            // hand.
            let clock = ManualClock()
            let listener = try SocketDescriptor.listening(on: .loopback(port: 0))
            let client = try ClientFixture(clock: .manual(clock))
            var configuration = ClientTransportConfiguration()
            configuration.keepalive = KeepaliveConfiguration(time: .seconds(1), timeout: .seconds(20))
            configuration.keepaliveWithoutCalls = true
            let address = try listener.localAddress()
            async let ready = client.connect(to: address, configuration: configuration)
            var accepted: SocketDescriptor?
            while accepted == nil {
                if let connection = try listener.accept() { accepted = connection.takeSocket() }
                await Task.yield()
            }
            _ = RawClient.frame(type: 4).withUnsafeBytes { accepted!.send($0) }
            try #require(await ready)
            // Less than 10 s is not allowed to ask.
            clock.advance(by: .seconds(9))
            await client.onLoop { _ in }
            clock.advance(by: .seconds(1))
            await client.onLoop { _ in }
            clock.advance(by: .seconds(19))
            await client.onLoop { _ in }
            await client.onLoop { _ in }
            #expect(client.lastLoss == nil)
            clock.advance(by: .seconds(1))
            #expect(await eventually { client.lastLoss?.kind == .keepaliveTimedOut })
            _ = accepted
            await client.stop()
        }

        @Test("a server that never finishes the handshake is given up on")
        func connectTimesOut() async throws {
            let clock = ManualClock()
            let listener = try SocketDescriptor.listening(on: .loopback(port: 0))
            let client = try ClientFixture(clock: .manual(clock))
            let address = try listener.localAddress()
            async let ready = client.connect(to: address)
            var accepted: SocketDescriptor?
            while accepted == nil {
                if let connection = try listener.accept() { accepted = connection.takeSocket() }
                await Task.yield()
            }
            clock.advance(by: .seconds(20))
            #expect(await ready == false)
            #expect(client.lastLoss?.kind == .handshakeTimedOut)
            _ = accepted
            await client.stop()
        }
    }
}
