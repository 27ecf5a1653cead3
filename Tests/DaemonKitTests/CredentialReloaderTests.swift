import AuditChain
import Foundation
import Identity
import Storage
import StorageSQLite
import Synchronization
import TelehealthEngine
import TelehealthModel
import Testing

@testable import DaemonKit

/// A clock whose sleeper wakes when a test says so.
private final class SteppedTime: TimeSource {
    let now = Timestamp(microseconds: 1_800_000_000_000_000)
    let uptime = Duration.zero
    private let asleep = AsyncStream<Void>.makeStream()
    private let wakes = AsyncStream<Void>.makeStream()

    func sleep(for duration: Duration) async throws(CancellationError) {
        asleep.continuation.yield()
        var wakes = wakes.stream.makeAsyncIterator()
        guard await wakes.next() != nil, !Task.isCancelled else { throw CancellationError() }
    }

    /// Returns when the sleeper sleeps.
    func untilAsleep() async {
        var asleep = asleep.stream.makeAsyncIterator()
        await asleep.next()
    }

    /// Lets the sleeper work once; returns when it sleeps again.
    func step() async {
        wakes.continuation.yield()
        await untilAsleep()
    }
}

/// A store and the files beside it, looked after by ``CredentialReloader``.
private struct Household {
    let folder: TemporaryFolder
    let log = LogRecorder()
    let alarms: Alarms
    let time = SteppedTime()
    let ring: KeyRingFile
    let store: SQLiteStore
    let receiptKeys: ReceiptKeyStore
    let receiptKeyFile: String
    let keySetFile: String
    let files: CredentialReloader
    let first: KeyRing

    init() throws {
        folder = try TemporaryFolder()
        alarms = Alarms(logger: log.logger)
        ring = KeyRingFile(path: folder.path + "/ring.keys")
        first = try ring.readOrMake()
        var configuration = StoreConfiguration()
        configuration.keyRing = first
        let data = folder.path + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
        store = try SQLiteStore.open(directory: data, configuration: configuration)
        receiptKeyFile = folder.path + "/receipts.key"
        receiptKeys = ReceiptKeyStore(try ReceiptKeyFile.open(receiptKeyFile))
        keySetFile = try folder.write("keys.json", "nonsense")
        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth", claims: .standard))
        let keys = KeyDirectory(
            verifier: verifier, issuer: ("https://login.clinic.example", .file(keySetFile)), development: nil,
            client: nil)
        files = CredentialReloader(
            keyRing: ring, store: store, certificates: nil, keys: keys, keySetFile: keySetFile,
            receiptKeyFile: receiptKeyFile, receiptKeys: receiptKeys, time: time, alarms: alarms)
    }

    /// Runs `body` while the files are looked after; between two steps it has what it replaced to itself.
    func whileRenewing(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { await files.run(first) }
            await time.untilAsleep()
            // A SIGHUP from before the start counts, too: another test may have sent one.
            await time.step()
            log.forget()
            alarms.keyNotices.withLock { $0 = [:] }
            try await body()
            group.cancelAll()
        }
        await store.close()
    }
}

@Suite("Files that others renew", .serialized) struct CredentialReloaderTests {
    @Test func `nothing is read while nothing changes`() async throws {
        let house = try Household()
        try await house.whileRenewing {
            await house.time.step()
            await house.time.step()
            #expect(house.log.messages == [])
        }
    }

    @Test func `a new key of receipts is in use after the next look`() async throws {
        let house = try Household()
        let before = house.receiptKeys.current.signer.publicKey
        try await house.whileRenewing {
            let rotated = try ReceiptKeyFile.rotate(house.receiptKeyFile, now: house.time.now)
            await house.time.step()
            let current = house.receiptKeys.current
            #expect(
                current.signer.publicKey.id == rotated.signer.publicKey.id
                    && current.signer.publicKey.id != before.id)
            #expect(current.retired.map(\.key.id) == [before.id])
            #expect(house.log.lines.map(\.metadata) == [["what": "receipt key"]])
        }
    }

    @Test func `a key of receipts that cannot be read leaves the old one in use and is an error, once`()
        async throws
    {
        let house = try Household()
        let before = house.receiptKeys.current.signer.publicKey.id
        try await house.whileRenewing {
            try house.folder.write("receipts.key", "nonsense")
            await house.time.step()
            await house.time.step()
            #expect(house.receiptKeys.current.signer.publicKey.id == before)
            #expect(house.log.messages == ["error: not renewed: the old version stays in use"])
            #expect(
                house.log.lines[0].metadata["what"] == "receipt key"
                    && house.log.lines[0].metadata["error"]?.contains("receipts.key") == true)
        }
    }

    @Test func `a rotated ring seals every row anew and retires the keys before`() async throws {
        let house = try Household()
        try await house.whileRenewing {
            try house.ring.update { ring, now in ring.rotate(now: now) }
            await house.time.step()
            let keys = try house.ring.read().list
            #expect(keys.count == 2 && keys.filter(\.isCurrent).count == 1)
            #expect(keys.allSatisfy { $0.isCurrent || $0.retiredAt != nil })
            #expect(
                house.log.messages == [
                    "notice: sealing older rows with the current key",
                    "notice: every row is sealed with the current key",
                ])
        }
    }

    @Test func `a ring that cannot be read is an error, and the next good one is taken`() async throws {
        let house = try Household()
        let good = try String(contentsOfFile: house.ring.path, encoding: .utf8)
        try await house.whileRenewing {
            try house.folder.write("ring.keys", "{}")
            await house.time.step()
            #expect(house.log.lines.map(\.metadata["what"]) == ["key ring"])
            try house.folder.write("ring.keys", good)
            await house.time.step()
            #expect(house.log.lines.count == 1)
        }
    }

    @Test func `a key set that changed is read, and a broken one leaves the old keys`() async throws {
        let house = try Household()
        try await house.whileRenewing {
            try house.folder.write("keys.json", "still nonsense")
            await house.time.step()
            #expect(house.alarms.keyNotices.withLock { $0 } == ["keys": 1])
            await house.time.step()
            #expect(house.alarms.keyNotices.withLock { $0 } == ["keys": 1], "read once for each change")
        }
    }

    @Test func `after SIGHUP every file is read although none has changed`() async throws {
        HangupSignal.takeOver()
        let house = try Household()
        try await house.whileRenewing {
            await house.time.step()
            let quiet = house.log.lines.count
            let before = HangupSignal.count
            kill(getpid(), SIGHUP)
            while HangupSignal.count == before { await Task.yield() }
            await house.time.step()
            let asked = house.log.lines.dropFirst(quiet)
            #expect(asked.contains { $0.metadata == ["what": "receipt key"] })
            #expect(house.alarms.keyNotices.withLock { $0["keys"] ?? 0 } >= 1)
        }
    }
}
