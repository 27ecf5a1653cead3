import Foundation
import TLSEngine
import Testing

/// One side of a TLS connection in memory.
private final class Side {
    let workspace = TLSWorkspace()
    let session: TLSSession
    var received: [UInt8] = []
    var failure: TLSFailure?
    var ciphertextByteCount = 0

    init(_ context: TLSContext, serverName: String? = nil) throws {
        session = try TLSSession(context: context, serverName: serverName, workspace: workspace)
    }

    func takeOutput() -> [UInt8] {
        defer { workspace.clearOutput() }
        ciphertextByteCount += workspace.output.count
        return Array(workspace.output)
    }

    func receive(_ bytes: [UInt8]) {
        let plaintext = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes.count + TLSSession.recordBytesMax, alignment: 16)
        defer { plaintext.deallocate() }
        do {
            let count = try bytes.withUnsafeBytes { try session.receive($0, plaintext: plaintext) }
            received += plaintext[..<count]
        } catch {
            failure = error as? TLSFailure
        }
    }

    func send(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try session.send($0) } }
}

private struct TLSPair {
    let client: Side
    let server: Side
    var chunk = Int.max

    init(client: TLSContext, server: TLSContext, name: String = "clinic.test", chunk: Int = .max) throws {
        self.client = try Side(client, serverName: name)
        self.server = try Side(server)
        self.chunk = chunk
        try self.client.session.start()
        run()
    }

    /// Passes records both ways until neither has more.
    func run() {
        while true {
            let toServer = client.takeOutput()
            pass(toServer, to: server)
            let toClient = server.takeOutput()
            pass(toClient, to: client)
            if toServer.isEmpty, toClient.isEmpty { return }
        }
    }

    private func pass(_ bytes: [UInt8], to side: Side) {
        var rest = bytes[...]
        while !rest.isEmpty, side.failure == nil {
            side.receive(Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
    }

    var isOpen: Bool { client.session.isHandshakeComplete && server.session.isHandshakeComplete }
}

@Suite("TLS session") struct TLSSessionTests {
    /// The authority and certificates of a test, removed when it ends.
    private final class Fixture {
        let authority: TestAuthority
        let server: (chain: String, key: String)
        init() throws {
            authority = try TestAuthority()
            server = try authority.issue("server", names: "DNS:clinic.test,DNS:*.wild.test,IP:127.0.0.1")
        }
        deinit { authority.remove() }

        func serverContext(_ policy: ClientCertificatePolicy = .none) throws -> TLSContext {
            try .server(
                TLSServerConfiguration(
                    certificateChainFile: server.chain, privateKeyFile: server.key, clientCertificates: policy
                ))
        }
        func clientContext(_ own: (chain: String, key: String)? = nil) throws -> TLSContext {
            try .client(
                TLSClientConfiguration(
                    authorityFile: authority.certificateFile, certificateChainFile: own?.chain,
                    privateKeyFile: own?.key))
        }
    }

    @Test("bytes cross unchanged however the records are split", arguments: [1, 7, Int.max])
    func bytesCross(chunk: Int) throws {
        let fixture = try Fixture()
        let pair = try TLSPair(client: fixture.clientContext(), server: fixture.serverContext(), chunk: chunk)
        try #require(pair.isOpen)
        #expect(pair.server.session.peer?.version == "TLSv1.3")
        #expect(pair.server.session.peer?.serverName == "clinic.test")
        #expect(pair.server.session.peer?.certificate == nil)
        #expect(pair.client.session.peer?.certificate?.dnsNames == ["clinic.test", "*.wild.test"])
        let up = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        try pair.client.send(up)
        try pair.server.send(up.reversed())
        pair.run()
        #expect(pair.server.received == up)
        #expect(pair.client.received == up.reversed())
    }

    @Test("a 64 KiB write becomes 16 KiB records with little around them")
    func recordsAreFull() throws {
        let fixture = try Fixture()
        let pair = try TLSPair(client: fixture.clientContext(), server: fixture.serverContext())
        let before = pair.server.ciphertextByteCount
        try pair.server.send([UInt8](repeating: 1, count: 64 << 10))
        pair.run()
        #expect(pair.server.ciphertextByteCount - before == (64 << 10) + 4 * 22)
    }

    @Test(
        "the certificate must carry the name that was dialled",
        arguments: [
            ("clinic.test", true), ("a.wild.test", true), ("127.0.0.1", true), ("other.test", false),
            ("a.b.wild.test", false), ("127.0.0.2", false),
        ])
    func nameIsVerified(name: String, accepted: Bool) throws {
        let fixture = try Fixture()
        let pair = try TLSPair(client: fixture.clientContext(), server: fixture.serverContext(), name: name)
        #expect(pair.isOpen == accepted)
        if !accepted {
            #expect(pair.client.failure?.kind == .certificate)
            #expect(pair.server.failure != nil)
        }
    }

    @Test("a certificate of an unknown authority is refused")
    func unknownAuthorityIsRefused() throws {
        let fixture = try Fixture()
        let stranger = try Fixture()
        let pair = try TLSPair(client: stranger.clientContext(), server: fixture.serverContext())
        #expect(!pair.isOpen)
        #expect(pair.client.failure?.kind == .certificate)
        #expect(pair.client.failure?.reason.contains("unable to get local issuer certificate") == true)
    }

    @Test("an expired certificate is refused")
    func expiredIsRefused() throws {
        let fixture = try Fixture()
        let old = try fixture.authority.issue("old", names: "DNS:clinic.test", days: -1)
        let server = try TLSContext.server(
            TLSServerConfiguration(certificateChainFile: old.chain, privateKeyFile: old.key))
        let pair = try TLSPair(client: fixture.clientContext(), server: server)
        #expect(pair.client.failure?.kind == .certificate)
    }

    @Test("a required client certificate gives the verified names, none or a stranger's gives no connection")
    func requiredClientCertificate() throws {
        let fixture = try Fixture()
        let server = try fixture.serverContext(.required(authorityFile: fixture.authority.certificateFile))
        let own = try fixture.authority.issue(
            "desk", names: "DNS:desk.clinic.test,URI:spiffe://clinic.test/desk", subject: "/O=Clinic/CN=desk")
        let good = try TLSPair(client: fixture.clientContext(own), server: server)
        try #require(good.isOpen)
        let certificate = try #require(good.server.session.peer?.certificate)
        #expect(certificate.dnsNames == ["desk.clinic.test"])
        #expect(certificate.uris == ["spiffe://clinic.test/desk"])
        #expect(certificate.subject == "CN=desk,O=Clinic")
        #expect(certificate.sha256.count == 32)

        let none = try TLSPair(client: fixture.clientContext(), server: server)
        #expect(!none.server.session.isHandshakeComplete)
        #expect(none.server.failure?.kind == .certificate)

        let stranger = try Fixture()
        let foreign = try stranger.authority.issue("desk", names: "DNS:desk.clinic.test")
        let refused = try TLSPair(client: fixture.clientContext(foreign), server: server)
        #expect(!refused.server.session.isHandshakeComplete)
    }

    @Test("an optional client certificate may be missing, but not bad")
    func optionalClientCertificate() throws {
        let fixture = try Fixture()
        let server = try fixture.serverContext(.optional(authorityFile: fixture.authority.certificateFile))
        let none = try TLSPair(client: fixture.clientContext(), server: server)
        #expect(none.isOpen && none.server.session.peer?.certificate == nil)
        let stranger = try Fixture()
        let foreign = try stranger.authority.issue("desk", names: "DNS:desk.clinic.test")
        let bad = try TLSPair(client: fixture.clientContext(foreign), server: server)
        #expect(!bad.server.session.isHandshakeComplete)
    }

    @Test("a tampered record ends the session with an error value")
    func tamperingIsNoticed() throws {
        let fixture = try Fixture()
        let pair = try TLSPair(client: fixture.clientContext(), server: fixture.serverContext())
        try pair.client.send([1, 2, 3])
        var record = pair.client.takeOutput()
        record[record.count - 1] ^= 1
        pair.server.receive(record)
        #expect(pair.server.failure?.kind == .protocol)
        #expect(pair.server.received == [])
    }

    @Test("bytes that are not TLS are an error value", arguments: [1, 7, Int.max])
    func plaintextIsRefused(chunk: Int) throws {
        let fixture = try Fixture()
        let server = try Side(fixture.serverContext())
        var rest = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)[...]
        while !rest.isEmpty, server.failure == nil {
            server.receive(Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        #expect(server.failure?.kind == .protocol)
    }

    @Test("an orderly close is noticed by the other side")
    func closeIsNoticed() throws {
        let fixture = try Fixture()
        let pair = try TLSPair(client: fixture.clientContext(), server: fixture.serverContext())
        try pair.client.send([1])
        pair.client.session.close()
        pair.run()
        #expect(pair.server.received == [1])
        #expect(pair.server.session.isPeerDone)
    }

    @Test("renewed files serve new connections, a broken renewal keeps the old ones in use")
    func reload() throws {
        let fixture = try Fixture()
        let source = try TLSServerContextSource(
            TLSServerConfiguration(
                certificateChainFile: fixture.server.chain, privateKeyFile: fixture.server.key))
        let before = try TLSPair(client: fixture.clientContext(), server: source.current)
        let first = try #require(before.client.session.peer?.certificate?.sha256)
        _ = try fixture.authority.issue("server", names: "DNS:clinic.test")
        try source.reload()
        let after = try TLSPair(client: fixture.clientContext(), server: source.current)
        #expect(after.client.session.peer?.certificate?.sha256 != first)
        try before.client.send([5])
        before.run()
        #expect(before.server.received == [5])
        try "no certificate".write(toFile: fixture.server.chain, atomically: true, encoding: .utf8)
        #expect(throws: TLSFailure.self) { try source.reload() }
        #expect(try TLSPair(client: fixture.clientContext(), server: source.current).isOpen)
    }

    @Test("a key that does not fit its certificate is a configuration error")
    func mismatchedKey() throws {
        let fixture = try Fixture()
        let other = try fixture.authority.issue("other", names: "DNS:clinic.test")
        do {
            _ = try TLSContext.server(
                TLSServerConfiguration(certificateChainFile: fixture.server.chain, privateKeyFile: other.key))
            Issue.record("a mismatched key was accepted")
        } catch let failure {
            #expect(failure.kind == .configuration)
        }
    }
}
