import Foundation
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import TLSEngine
import Testing

/// Keys and certificates for one test, made when it runs.
private struct Keys {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "rpc-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj",
            "/CN=Authority", "-keyout", path("ca.key"), "-out", path("ca.pem"))
        for (name, alternative) in [("server", "DNS:clinic.test"), ("client", "URI:spiffe://clinic/desk")] {
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=\(name)",
                "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
            try "subjectAltName=\(alternative)\n".write(
                toFile: path("ext"), atomically: true, encoding: .utf8)
            try openssl(
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", path("ext"), "-out", path("\(name).pem"))
        }
    }

    func path(_ name: String) -> String { directory.appending(path: name).path }

    func remove() { try? FileManager.default.removeItem(at: directory) }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

/// Answers with the URI the client's certificate proves.
private struct WhoService: RPCService {
    static let who = MethodDescriptor(service: "test.Who", name: "Who")

    var routes: [ServerRoute] {
        [
            .unary(Self.who) { (_: Text, context) async throws(RPCError) -> Text in
                guard let uri = context.peer.verifiedIdentity?.uris.first, context.peer.isEncrypted else {
                    throw RPCError(.unauthenticated, "no certificate")
                }
                return Text(uri)
            }
        ]
    }
}

@Suite("Calls over TLS", .timeLimit(.minutes(1))) struct TLSTests {
    private func run(
        serverName: String?, presentsCertificate: Bool, _ body: (RPCChannel, _ makeChannel: () throws -> RPCChannel) async throws -> Void
    ) async throws {
        let keys = try Keys()
        defer { keys.remove() }
        let contexts = try TLSServerContextSource(
            TLSServerConfiguration(
                certificateChainFile: keys.path("server.pem"), privateKeyFile: keys.path("server.key"),
                clientCertificates: .optional(authorityFile: keys.path("ca.pem"))))
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tls(host: "127.0.0.1", port: 0, contexts)]),
            services: [WhoService(), TestService()])
        let target = "\(try await server.start()[0])"
        var configuration = ChannelConfiguration()
        configuration.serverName = serverName
        configuration.tls = try TLSClientContext(
            TLSClientConfiguration(
                authorityFile: keys.path("ca.pem"),
                certificateChainFile: presentsCertificate ? keys.path("client.pem") : nil,
                privateKeyFile: presentsCertificate ? keys.path("client.key") : nil))
        let channel = try RPCChannel(target: target, configuration: configuration)
        try await body(channel) { try RPCChannel(target: target, configuration: configuration) }
        await channel.shutdown()
        await server.shutdown(grace: .zero)
    }

    private func who(_ channel: RPCChannel) async throws -> String {
        let answer: Text = try await channel.unary(WhoService.who, Text(), options: CallOptions())
        return answer.value
    }

    @Test("a handler sees the identity the client's certificate proves") func identity() async throws {
        try await run(serverName: "clinic.test", presentsCertificate: true) { channel, _ in
            let name = try await who(channel)
            #expect(name == "spiffe://clinic/desk")
        }
    }

    @Test("without a certificate there is no identity") func anonymous() async throws {
        try await run(serverName: "clinic.test", presentsCertificate: false) { channel, _ in
            let error = await #expect(throws: RPCError.self) { try await who(channel) }
            #expect(error?.code == .unauthenticated)
        }
    }

    @Test("a certificate for another name ends the call with the reason") func wrongName() async throws {
        try await run(serverName: "other.test", presentsCertificate: false) { channel, _ in
            let error = await #expect(throws: RPCError.self) { try await who(channel) }
            #expect(error?.code == .unavailable)
            #expect(error?.isFromPeer == false)
        }
    }

    /// Its unread answers make the kernel reset the connection, so the server's next write fails: the way a phone
    /// leaves a network.
    @Test("a client that vanishes under its answers takes nothing else with it") func vanishing() async throws {
        try await run(serverName: "clinic.test", presentsCertificate: false) { channel, makeChannel in
            for _ in 0..<20 {
                let client = try makeChannel()
                let answers: ResponseStream<Bytes> = client.serverStreaming(
                    TestService.Method.flood, Text(), options: CallOptions())
                var iterator = answers.makeAsyncIterator()
                _ = try await iterator.next()
                await client.shutdown()
            }
            let answer: Text = try await channel.unary(
                TestService.Method.echo, Text("still here"), options: CallOptions())
            #expect(answer.value == "still here")
        }
    }

    @Test("plain text beyond loopback is refused at the start") func plainText() async throws {
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tcp(host: "0.0.0.0", port: 0)]),
            services: [WhoService()])
        await #expect(throws: ServerStartError.self) { _ = try await server.start() }
        await server.shutdown(grace: .zero)
    }
}
