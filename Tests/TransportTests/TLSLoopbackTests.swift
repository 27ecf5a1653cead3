import EventCore
import Foundation
import HTTP2Engine
import TLSEngine
import Testing

@testable import Transport

/// A self-signed certificate for 127.0.0.1 and clinic.test that is its own authority, made when a test runs.
private final class SelfSigned {
    let directory: URL
    var chain: String { directory.appending(path: "cert.pem").path }
    var key: String { directory.appending(path: "key.pem").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "transport-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj",
            "/CN=test", "-addext",
            "subjectAltName=DNS:clinic.test,IP:127.0.0.1,URI:spiffe://clinic.test/desk",
            "-keyout", key, "-out", chain,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func source(_ policy: ClientCertificatePolicy = .none) throws -> TLSServerContextSource {
        try TLSServerContextSource(
            TLSServerConfiguration(
                certificateChainFile: chain, privateKeyFile: key, clientCertificates: policy))
    }
}

extension SocketTests {
    @Suite("TLS over loopback") struct TLSLoopbackTests {
        @Test("calls echo over TLS, and the server knows the client by its certificate")
        func mutualTLS() async throws {
            let files = try SelfSigned()
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(
                on: .tls(.loopback(port: 0), files.source(.required(authorityFile: files.chain))))
            let client = try ClientFixture()
            let tls = try TLSClientContext(
                TLSClientConfiguration(
                    authorityFile: files.chain, certificateChainFile: files.chain, privateKeyFile: files.key))
            try #require(await client.connect(to: address, tls: tls, serverName: "clinic.test"))
            let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let call = await client.call("/echo", body: body)
            #expect(await call.outcome() == .finished)
            #expect(call.stream.body == body)
            let identity = fixture.source.lastPeer?.tls
            #expect(identity?.serverName == "clinic.test")
            #expect(identity?.certificate?.uris == ["spiffe://clinic.test/desk"])
            await client.stop()
            #expect(await fixture.source.wait(for: "closed peer_closed"))
            await fixture.stop()
        }

        @Test("a server with another name is not talked to")
        func wrongName() async throws {
            let files = try SelfSigned()
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tls(.loopback(port: 0), files.source()))
            let client = try ClientFixture()
            let tls = try TLSClientContext(TLSClientConfiguration(authorityFile: files.chain))
            #expect(await client.connect(to: address, tls: tls, serverName: "other.test") == false)
            #expect(client.lastLoss?.label == "tls")
            #expect(await fixture.source.wait(for: "closed tls"))
            await client.stop()
            await fixture.stop()
        }

        @Test("plain HTTP/2 on a TLS port is refused")
        func plainOnTLSPort() async throws {
            let files = try SelfSigned()
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tls(.loopback(port: 0), files.source()))
            let client = try RawClient(address)
            client.send(RawClient.preface)
            #expect(client.receive().isClosed)
            #expect(await fixture.source.wait(for: "closed tls"))
            await fixture.stop()
        }

        @Test("a client that vanishes with a RST costs its own connection and nothing else", arguments: 0..<5)
        func vanishingClient(round: Int) async throws {
            let files = try SelfSigned()
            let fixture = try ServerFixture()
            let address = try await fixture.server.listen(on: .tls(.loopback(port: 0), files.source()))
            do {
                let client = try RawClient(address)
                let workspace = TLSWorkspace()
                let session = try TLSClientContext(TLSClientConfiguration(authorityFile: files.chain))
                    .makeSession(serverName: "127.0.0.1", workspace: workspace)
                let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
                defer { plaintext.deallocate() }
                try session.start()
                while !session.isHandshakeComplete {
                    client.send(Array(workspace.output))
                    workspace.clearOutput()
                    _ = try client.receiveSome().withUnsafeBytes {
                        try session.receive($0, plaintext: plaintext)
                    }
                }
                try RawClient.preface.withUnsafeBytes { try session.send($0) }
                client.send(Array(workspace.output))
                try #require(await fixture.source.wait(for: "opened"))
                client.abortOnClose()
            }
            #expect(await fixture.source.wait(for: "closed socket"))
            let next = try RawClient(address)
            next.send([0])
            #expect(await eventually { fixture.server.openConnectionCount == 1 })
            await fixture.stop()
        }
    }
}
