import AuditChain
import DurableFile
import Foundation
import Storage
import TelehealthEngine
import TelehealthRules
import Testing

@testable import StorageSQLite

/// A store that dies with its write-ahead log full: its files as a killed process leaves them, and how far it came.
private struct DeadStore {
    let directory: String
    /// Acknowledged transactions, each with one row in the audit log.
    let transactions: Int
    var log: String { directory + "/telehealth.db-wal" }

    /// - Parameter marked: whether the mark is written with every commit, or never.
    static func make(in parent: String, transactions: Int = 8, marked: Bool) async throws -> DeadStore {
        try Folder.makeAll(parent)
        let live = parent + "/live"
        var configuration = StoreConfiguration.withRingOfTests
        configuration.auditKeyFile = parent + "/chain.key"
        configuration.idleCheckpointPages = .max
        configuration.markInterval = marked ? .zero : .seconds(3_600)
        let store = try SQLiteStore.open(directory: live, configuration: configuration)
        for index in 0..<transactions {
            var decision = Sample.creation("\(index)")
            decision.audit = [Sample.audit("create-\(index)")]
            try await store.commit(decision)
            if index == transactions / 2 { try FileManager.default.copyItem(atPath: live, toPath: parent + "/older") }
        }
        let dead = parent + "/dead"
        try FileManager.default.copyItem(atPath: live, toPath: dead)
        if !marked { try FileManager.default.removeItem(atPath: AuditMarks.markPath(dead + "/telehealth.db")) }
        await store.close()
        return DeadStore(directory: dead, transactions: transactions)
    }

    /// Frames of the log: whether each is the last of its transaction.
    func frames() throws -> [Bool] {
        let bytes = try #require(FileManager.default.contents(atPath: log))
        return stride(from: 32, to: bytes.count, by: 24 + 4_096).map { offset in
            bytes[offset + 4..<offset + 8].contains { $0 != 0 }
        }
    }

    static func offset(ofFrame frame: Int) -> Int { 32 + frame * (24 + 4_096) }

    func flip(_ path: String, at offset: Int) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ 0x10]))
        try file.close()
    }

    /// Opens what is there.
    /// - Returns: what was reported, the sessions there are, and what a check of the audit log says.
    func open() async throws -> (damage: [StoreDamage], sessions: Int, doubts: [AuditFinding.Fault]) {
        let conditions = ConditionLog()
        var configuration = StoreConfiguration.withRingOfTests
        configuration.auditKeyFile = Folder.parent(of: directory) + "/chain.key"
        configuration.onCondition = { conditions.note($0) }
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        var query = SessionQuery()
        query.limit = 200
        let sessions = try await store.sessions(query).count
        let doubts = try await store.auditTrail.auditDoubts().map(\.fault)
        await store.close()
        let damage = conditions.conditions.compactMap { if case .damaged(let damage) = $0 { damage } else { nil } }
        return (damage, sessions, doubts)
    }
}

@Suite("A damaged write-ahead log") struct DamagedLogTests {
    /// Bytes of a frame: page number, commit size, each salt, each half of the checksum, and the page.
    private static let placesInFrame = [0, 5, 8, 12, 16, 20, 24, 2_000, 4_119]

    @Test("is reported whichever byte of whichever earlier transaction is flipped, and served", arguments: placesInFrame)
    func isToldOf(place: Int) async throws {
        try await withTemporaryDirectory { parent in
            let first = try await DeadStore.make(in: parent, marked: false)
            let frames = try first.frames()
            let commits = frames.indices.filter { frames[$0] }
            #expect(commits.count >= first.transactions)
            // Of the last two transactions nothing but their rows can tell; the mark does.
            let earlier = 0...commits[commits.count - 3]
            for frame in [earlier.lowerBound, earlier.upperBound / 2, earlier.upperBound] {
                let found = DeadStore(directory: parent + "/found-\(frame)", transactions: first.transactions)
                try FileManager.default.copyItem(atPath: first.directory, toPath: found.directory)
                try found.flip(found.log, at: DeadStore.offset(ofFrame: frame) + place)
                let (damage, sessions, doubts) = try await found.open()
                guard case .logCut(frame, let lost, let copy)? = damage.first else {
                    Issue.record("frame \(frame), byte \(place): \(damage)")
                    continue
                }
                #expect(lost >= 1 && sessions < first.transactions)
                #expect(copy.map { FileManager.default.fileExists(atPath: $0) } == true, "what was cut is kept")
                #expect(doubts == [.writeAheadLogCut], "a check of the audit log does not call it whole")
            }
        }
    }

    @Test("is reported when its header is flipped, which drops all of it", arguments: [0, 4, 9, 17, 21, 25])
    func headerIsToldOf(place: Int) async throws {
        try await withTemporaryDirectory { parent in
            let store = try await DeadStore.make(in: parent, marked: false)
            try store.flip(store.log, at: place)
            let (damage, _, _) = try await store.open()
            guard case .logCut(frame: -1, let lost, _)? = damage.first else {
                Issue.record("byte \(place): \(damage)")
                return
            }
            #expect(lost >= 2)
        }
    }

    @Test("says nothing when it ends in the midst of its last transaction, wherever that is cut")
    func tornEndIsSilent() async throws {
        try await withTemporaryDirectory { parent in
            let first = try await DeadStore.make(in: parent, marked: false)
            let frames = try first.frames()
            let commits = frames.indices.filter { frames[$0] }
            let last = commits[commits.count - 2] + 1
            let bytes = try #require(FileManager.default.contents(atPath: first.log))
            for length in [1, 23, 24, 100, 4_119, 4_120, 5_000] {
                let found = DeadStore(directory: parent + "/cut-\(length)", transactions: first.transactions)
                try FileManager.default.copyItem(atPath: first.directory, toPath: found.directory)
                let end = min(DeadStore.offset(ofFrame: last) + length, bytes.count - 1)
                try bytes[..<end].write(to: URL(filePath: found.log))
                let (damage, sessions, doubts) = try await found.open()
                #expect(damage == [] && doubts == [] && sessions == first.transactions - 1, "\(length)")
            }
            // Any single frame of it lost, the others there: writes reach the device in any order.
            for frame in last..<frames.count {
                let found = DeadStore(directory: parent + "/hole-\(frame)", transactions: first.transactions)
                try FileManager.default.copyItem(atPath: first.directory, toPath: found.directory)
                var torn = bytes
                let begin = DeadStore.offset(ofFrame: frame)
                torn.replaceSubrange(begin..<begin + 4_120, with: Data(repeating: 0, count: 4_120))
                try torn.write(to: URL(filePath: found.log))
                let (damage, _, _) = try await found.open()
                #expect(damage == [], "frame \(frame) of \(last)..<\(frames.count)")
            }
        }
    }

    @Test("a log that is missing, empty or sound says nothing", arguments: ["missing", "empty", "sound"])
    func soundIsSilent(_ kind: String) async throws {
        try await withTemporaryDirectory { parent in
            let store = try await DeadStore.make(in: parent, marked: false)
            if kind == "missing" { try FileManager.default.removeItem(atPath: store.log) }
            if kind == "empty" { try Data().write(to: URL(filePath: store.log)) }
            let (damage, sessions, doubts) = try await store.open()
            #expect(damage == [] && doubts == [])
            if kind == "sound" { #expect(sessions == store.transactions) }
        }
    }
}

@Suite("The mark of the audit log's length") struct AuditMarkTests {
    @Test("reports acknowledged rows that are gone, also of the last transaction, and goes on telling")
    func tellsOfLostRows() async throws {
        try await withTemporaryDirectory { parent in
            let store = try await DeadStore.make(in: parent, marked: true)
            let bytes = try #require(FileManager.default.contents(atPath: store.log))
            try store.flip(store.log, at: bytes.count - 1)
            let through = Int64(store.transactions)
            let (damage, sessions, doubts) = try await store.open()
            #expect(damage == [.rowsLost(from: through, through: through)])
            #expect(sessions == store.transactions - 1, "the rest is served")
            #expect(doubts == [.rowsLost(through: through)])
            let again = try await store.open()
            #expect(again.doubts == [.rowsLost(through: through)], "at the next start too")
        }
    }

    @Test("an older copy is served, and reported, until the newer one is back")
    func olderCopy() async throws {
        try await withTemporaryDirectory { parent in
            let store = try await DeadStore.make(in: parent, transactions: 4, marked: true)
            let newer = parent + "/newer"
            try FileManager.default.copyItem(atPath: store.directory, toPath: newer)
            try Self.take("telehealth.db", from: parent + "/older", to: store.directory)
            let found = try await store.open()
            #expect(found.damage == [.rowsLost(from: 4, through: 4)] && found.sessions == 3)
            #expect(found.doubts == [.rowsLost(through: 4)])
            try Self.take("telehealth.db", from: newer, to: store.directory)
            let (damage, sessions, doubts) = try await store.open()
            #expect(damage == [] && doubts == [] && sessions == 4, "the marks are borne out again")
        }
    }

    /// The database's file with its log.
    private static func take(_ name: String, from source: String, to directory: String) throws {
        for name in [name, name + "-wal"] {
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
            try FileManager.default.copyItem(atPath: source + "/" + name, toPath: directory + "/" + name)
        }
    }

    @Test("one place may be damaged, which a power cut does; both are reported, and so is a mark of another key")
    func damagedPlaces() async throws {
        try await withTemporaryDirectory { parent in
            let store = try await DeadStore.make(in: parent, marked: true)
            let path = AuditMarks.markPath(store.directory + "/telehealth.db")
            try store.flip(path, at: 10)
            let (one, _, _) = try await store.open()
            #expect(one == [])
            try store.flip(path, at: 10)
            try store.flip(path, at: 522)
            try store.flip(path, at: 11)
            let (both, _, _) = try await store.open()
            #expect(both == [.markDamaged(path: path)])
        }
    }

    @Test("a line of it is read back, and nothing else is")
    func line() throws {
        let key = try #require(AuditKey([UInt8](repeating: 1, count: 32)))
        let other = try #require(AuditKey([UInt8](repeating: 2, count: 32)))
        let mark = AuditMark(size: 7, mac: [UInt8](repeating: 9, count: 32))
        let line = mark.line(key)
        #expect(AuditMark(line: line, key) == mark)
        #expect(AuditMark(line: line, other) == nil)
        for changed in [line + " ", line.replacing("mark 7", with: "mark 8"), "", "mark", String(line.dropLast())] {
            #expect(AuditMark(line: changed, key) == nil)
        }
    }
}
