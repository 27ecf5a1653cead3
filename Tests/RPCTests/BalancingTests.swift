import EventCore
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

/// Answers with its own name.
private struct NamedService: RPCService {
    static let name = MethodDescriptor(service: "test.Named", name: "Name")
    let name: String

    var routes: [ServerRoute] {
        [.unary(Self.name) { (_: Text, _) async throws(RPCError) -> Text in Text(name) }]
    }
}

/// Servers behind one name whose addresses a test changes.
private final class Cluster: Sendable {
    private let addresses = Mutex<[SocketAddress]>([])
    private let lookups = Atomic(0)

    func start(_ name: String) async throws -> (server: RPCServer, address: SocketAddress) {
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
            services: [NamedService(name: name)])
        let address = try await server.start()[0]
        return (server, address)
    }

    func announce(_ addresses: [SocketAddress]) { self.addresses.withLock { $0 = addresses } }

    var lookupCount: Int { lookups.load(ordering: .relaxed) }

    func channel(_ balancing: LoadBalancing) throws -> RPCChannel {
        var configuration = ChannelConfiguration()
        configuration.loadBalancing = balancing
        configuration.lookupIntervalMin = .zero
        configuration.backoff = ConnectionBackoff(initial: .milliseconds(5), maximum: .milliseconds(20))
        configuration.lookup = { (_, _) async throws(NameResolutionError) in
            self.lookups.add(1, ordering: .relaxed)
            return self.addresses.withLock { $0 }
        }
        return try RPCChannel(target: "dns:///cluster.test:1", configuration: configuration)
    }
}

@Suite("A name with several addresses", .timeLimit(.minutes(1))) struct BalancingTests {
    private func name(_ channel: RPCChannel) async throws -> String {
        let answer: Text = try await channel.unary(
            NamedService.name, Text(), options: CallOptions(waitForReady: true))
        return answer.value
    }

    @Test("round_robin uses every address in turn, and the new ones once a connection is lost")
    func roundRobin()
        async throws
    {
        let cluster = Cluster()
        let (a, b, c) = (
            try await cluster.start("a"), try await cluster.start("b"), try await cluster.start("c")
        )
        cluster.announce([a.address, b.address])
        let channel = try cluster.channel(.roundRobin)
        var seen: [String] = []
        while Set(seen) != ["a", "b"] { seen.append(try await name(channel)) }
        // Both are connected: from here on they take turns.
        let turns = [
            try await name(channel), try await name(channel), try await name(channel),
            try await name(channel),
        ]
        #expect(turns[0] == turns[2] && turns[1] == turns[3] && turns[0] != turns[1])

        cluster.announce([b.address, c.address])
        await a.server.shutdown(grace: .zero)
        seen = []
        while !seen.contains("c") { seen.append(try await name(channel)) }
        #expect(!seen.contains("a"))
        #expect(cluster.lookupCount >= 2)
        await channel.shutdown()
        await b.server.shutdown(grace: .zero)
        await c.server.shutdown(grace: .zero)
    }

    @Test(
        "pick_first stays with one address, goes on to the next when it dies, and looks the name up at the end"
    )
    func pickFirst() async throws {
        let cluster = Cluster()
        let (a, b, c) = (
            try await cluster.start("a"), try await cluster.start("b"), try await cluster.start("c")
        )
        cluster.announce([a.address, b.address])
        let channel = try cluster.channel(.pickFirst)
        for _ in 0..<5 {
            let name = try await name(channel)
            #expect(name == "a")
        }
        await a.server.shutdown(grace: .zero)
        let second = try await name(channel)
        #expect(second == "b")
        cluster.announce([c.address])
        await b.server.shutdown(grace: .zero)
        let third = try await name(channel)
        #expect(third == "c")
        await channel.shutdown()
        await c.server.shutdown(grace: .zero)
    }
}
