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
        try issue("server", for: "DNS:clinic.test")
        try issue("client", for: "URI:spiffe://clinic/desk")
    }

    /// Makes a certificate, in the place of an older one of the name.
    func issue(_ name: String, for alternative: String) throws {
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
        serverName: String?, presentsCertificate: Bool,
        _ body: (RPCChannel, _ makeChannel: () throws -> RPCChannel) async throws -> Void
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

    /// Its unread answers make the kernel reset the connection, so the server's next write fails: the way a
    /// phone leaves a network.
    @Test("a client that vanishes under its answers takes nothing else with it") func vanishing() async throws
    {
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

    @Test("a certificate is renewed under traffic: no call fails, new connections see the new one")
    func renewal() async throws {
        let keys = try Keys()
        defer { keys.remove() }
        let contexts = try TLSServerContextSource(
            TLSServerConfiguration(
                certificateChainFile: keys.path("server.pem"), privateKeyFile: keys.path("server.key"),
                clientCertificates: .none))
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tls(host: "127.0.0.1", port: 0, contexts)]),
            services: [TestService()])
        let target = "\(try await server.start()[0])"
        func channel(to name: String) throws -> RPCChannel {
            var configuration = ChannelConfiguration()
            configuration.serverName = name
            configuration.tls = try TLSClientContext(
                TLSClientConfiguration(authorityFile: keys.path("ca.pem")))
            return try RPCChannel(target: target, configuration: configuration)
        }
        func echo(_ channel: RPCChannel) async throws {
            let _: Text = try await channel.unary(TestService.Method.echo, Text("t"), options: CallOptions())
        }
        let old = try channel(to: "clinic.test")
        try await echo(old)
        let traffic = Task {
            var count = 0
            while !Task.isCancelled {
                try await echo(old)
                count += 1
            }
            return count
        }
        try keys.issue("server", for: "DNS:renewed.test")
        try contexts.reload()
        let renewed = try channel(to: "renewed.test")
        try await echo(renewed)
        let outdated = try channel(to: "clinic.test")
        let error = await #expect(throws: RPCError.self) { try await echo(outdated) }
        #expect(error?.code == .unavailable)
        // A file that is not a certificate changes nothing.
        try Data("no PEM".utf8).write(to: URL(filePath: keys.path("server.pem")))
        #expect(throws: TLSFailure.self) { try contexts.reload() }
        try await echo(try channel(to: "renewed.test"))
        try await echo(old)
        traffic.cancel()
        do {
            _ = try await traffic.value
        } catch let error as RPCError {
            // The last call may have been under way when the task was cancelled.
            #expect(error.code == .cancelled)
        }
        for channel in [old, renewed, outdated] { await channel.shutdown() }
        await server.shutdown(grace: .zero)
    }

    @Test("plain text beyond loopback is refused at the start") func plainText() async throws {
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tcp(host: "0.0.0.0", port: 0)]),
            services: [WhoService()])
        await #expect(throws: ServerStartError.self) { _ = try await server.start() }
        await server.shutdown(grace: .zero)
    }
}
