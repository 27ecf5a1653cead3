import DurableFile
import EventCore
import Foundation
import Logging
import RPCServer
import Storage
import StorageSQLite
import TelehealthModel
import Testing
import Transport

@testable import DaemonKit

@Suite("The assembly") struct AssemblyTests {
    @Test func `settings of connections and admission reach the server's limits`() throws {
        let configuration = try configuration([
            "--permitted-ping-interval", "7s", "--keepalive-time", "33s", "--keepalive-timeout", "11s",
            "--max-connection-age", "41m", "--max-connection-age-grace", "17s", "--max-connection-idle",
            "19m",
            "--max-streams-per-connection", "77", "--max-request-bytes", "99999", "--connections-max", "500",
            "--connections-per-address", "50", "--handshakes-max", "40", "--handshakes-per-address", "4",
            "--hello-timeout", "3s", "--handshake-timeout", "9s", "--loops", "3", "--reflection", "false",
        ])
        let server = ServerAssembly.serverConfiguration(configuration, nil)
        let limits = Dictionary(uniqueKeysWithValues: server.limits.map { ($0.name, $0.value) })
        #expect(
            limits["transport.permitKeepaliveTime"] == "7.0 seconds"
                && limits["transport.keepalive.time"] == "33.0 seconds")
        #expect(
            limits["transport.keepalive.timeout"] == "11.0 seconds"
                && limits["transport.ageMax"] == "2460.0 seconds")
        #expect(
            limits["transport.ageGrace"] == "17.0 seconds" && limits["transport.idleMax"] == "1140.0 seconds")
        #expect(
            limits["transport.http2.concurrentStreamsMax"] == "77" && limits["maxRequestBytes"] == "99999")
        #expect(
            limits["transport.connectionsMax"] == "500"
                && limits["transport.connectionsPerAddressMax"] == "50")
        #expect(
            limits["transport.handshakesMax"] == "40" && limits["transport.handshakesPerAddressMax"] == "4")
        #expect(
            limits["transport.helloTimeout"] == "3.0 seconds"
                && limits["transport.handshakeTimeout"] == "9.0 seconds")
        #expect(server.loopCount == 3 && !server.offersReflection)
    }

    @Test func `0s for an age or an idle time is never, and 0 loops are one for each core`() throws {
        let server = ServerAssembly.serverConfiguration(try configuration(), nil)
        #expect(server.transport.ageMax == nil && server.transport.idleMax == nil)
        #expect(server.loopCount == ProcessInfo.processInfo.activeProcessorCount)
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("[::1]:1", true), ("localhost:1", true), ("unix:/a b", true),
        ("unix:@name", true),
        ("0.0.0.0:1", false), ("[::]:1", false), ("10.0.0.7:1", false), ("127.example.com:1", false),
    ])
    func `a listener is local when only this machine reaches it, and prints as it was written`(
        text: String, isLocal: Bool
    ) throws {
        let tls = [
            "--tls-certificate", "c", "--tls-key", "k", "--issuer", "https://login.clinic.example",
            "--trusted-proxies", "10.0.0.1",
        ]
        let listeners = try configuration(["--listen", "\(text),proxy:\(text)"] + tls).listeners
        #expect(listeners.map(\.description) == [text, "proxy:" + text])
        #expect(
            listeners.map(\.isLocal) == [isLocal, isLocal] && listeners.map(\.isProxied) == [false, true])
    }

    @Test func `a failed step of the start names the thing, and a configuration's fault stays as it is`()
        throws
    {
        let failure = #expect(throws: StartFailure.self) {
            try StartFailure.naming("key ring /k (--key-ring-file)") { throw FileFailure("/k", .missing) }
        }
        #expect(failure?.description == "key ring /k (--key-ring-file): /k does not exist")
        let foundation = #expect(throws: StartFailure.self) {
            try StartFailure.naming("policy (--policy-dir)") {
                _ = try String(contentsOfFile: "/nowhere", encoding: .utf8)
            }
        }
        #expect(
            foundation?.description
                == "policy (--policy-dir): the service's user cannot read or create it; check owner and permissions"
        )
        #expect(throws: ConfigurationFailure.self) {
            try StartFailure.naming("anything") { throw ConfigurationFailure(sentences: ["s"]) }
        }
    }

    @Test func `an identifier is a UUID of version 7 that begins with its millisecond`() throws {
        struct Still: TimeSource {
            let now: Timestamp
            let uptime = Duration.zero
            func sleep(for duration: Duration) async throws(CancellationError) {}
        }
        for (microseconds, prefix) in [
            (1_800_000_000_123_456, "01a3185c-507b"), (0, "00000000-0000"), (-5, "00000000-0000"),
        ] as [(Int64, String)] {
            let ids = SystemIdentifiers(time: Still(now: Timestamp(microseconds: microseconds)))
            let id = ids.uuid()
            #expect(
                id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                    != nil, "\(id)")
            #expect(id.hasPrefix(prefix), "\(id)")
            #expect(Set((0..<1000).map { _ in ids.uuid() }).count == 1000)
        }
        let ids = SystemIdentifiers(time: SystemTime())
        for count in [0, 1, 7, 8, 9, 32] {
            #expect(ids.randomHex(byteCount: count).wholeMatch(of: /[0-9a-f]*/)?.output.count == count * 2)
        }
    }

    @Test func `the last line of the log has the store's counters, the mean of a commit in microseconds`() {
        var statistics = StoreStatistics()
        #expect(statistics.logMetadata["commit_us"] == "0", "no commit: no division by zero")
        statistics.commits = 4
        statistics.commitNanoseconds = 10_000
        statistics.commitNanosecondsMax = 7_999
        #expect(statistics.logMetadata["commits"] == "4" && statistics.logMetadata["commit_us"] == "2")
        #expect(statistics.logMetadata["commit_max_us"] == "7")
    }
}
