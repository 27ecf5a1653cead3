import CSQLite
import Foundation
import Storage
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

/// A database of three visits whose rows were edited while the store was closed.
func withEditedStore(
    _ statements: String, ring: KeyRing = .ofTests, log: ConditionLog? = nil,
    _ body: (_ directory: String, _ store: SQLiteStore) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        var configuration = StoreConfiguration.withRingOfTests
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        for name in ["a", "b", "c"] {
            var session = Sample.fullSession(name)
            session.status = .completed
            try await store.commit(
                Decision([
                    .appointment(Sample.appointment(name)), .session(session),
                    .participant(Sample.fullParticipant("p-\(name)", session: name)),
                    .consent(Sample.fullConsent("consent-\(name)")),
                    .effect(Sample.effect("effect-\(name)", session: name, sequence: 1)),
                ]))
        }
        await store.close()
        #expect(edit(directory, statements) == SQLITE_OK)
        configuration.keyRing = ring
        if let log { configuration.onCondition = { log.note($0) } }
        let again = try SQLiteStore.open(directory: directory, configuration: configuration)
        try await body(directory, again)
        await again.close()
    }
}

extension StoreError {
    var isDamage: Bool { if case .damaged = self { true } else { false } }
}

@Suite("A damaged row") struct DamagedRowTests {
    /// Changes the last byte of a sealed value, which is of its tag.
    private static func flip(_ table: String, _ column: String, _ condition: String) -> String {
        """
        UPDATE \(table) SET \(column) = CAST(substr(\(column), 1, length(\(column)) - 1) || \
        CASE substr(\(column), -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE \(condition);
        """
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let statements: String
        /// What the check names.
        let place: String
        var testDescription: String { place }
    }

    private static let ofVisit = [
        Damage(
            statements: flip("participants", "check_location_address", "session_id = 'session-a'"),
            place: "participants.check_location_address of row session-a/p-a"),
        Damage(
            statements: flip("sessions", "end_note", "id = 'session-a'"), place: "sessions.end_note of row session-a"),
        Damage(
            statements: flip("sessions", "client_id", "id = 'session-a'"),
            place: "sessions.client_id of row session-a"),
        Damage(
            statements: flip("participants", "subject_id", "session_id = 'session-a'"),
            place: "participants.subject_id of row session-a/p-a"),
        Damage(
            statements: "UPDATE sessions SET end_note = x'01' WHERE id = 'session-a'",
            place: "sessions.end_note of row session-a"),
    ]

    @Test("is refused as damaged, and no other; the check names it; a copy is not called sound", arguments: ofVisit)
    func isRefusedAlone(_ damage: Damage) async throws {
        let log = ConditionLog()
        try await withEditedStore(damage.statements, log: log) { directory, store in
            for _ in 0..<3 {
                let error = await #expect(throws: StoreError.self) { try await store.session(SessionID("session-a")) }
                #expect(error?.isDamage == true)
            }
            #expect(log.conditions.count == 1, "the alarm is raised, once a minute")
            #expect(try await store.session(SessionID("session-b")) != nil)
            let problems = try await store.maintenance.integrityCheck()
            #expect(problems.contains { $0.contains(damage.place) }, "\(problems)")
            #expect(problems.allSatisfy { $0.contains("session-a") }, "\(problems)")
            let error = await #expect(throws: StoreError.self) { try await store.maintenance.backup(to: directory + "/copy") }
            #expect(error?.isDamage == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("copy") }
            #expect(names == ["copy.damaged"], "the copy is kept under a name that says what it is")
            try await store.commit(Sample.creation("d"))
        }
    }

    @Test("is passed over by lists, page by page, and the others are all there")
    func isPassedOverByLists() async throws {
        try await withEditedStore(Self.flip("sessions", "end_note", "id = 'session-b'")) { _, store in
            var query = SessionQuery()
            let all = try await store.sessions(query).map(\.id.rawValue)
            query.limit = 2
            let two = try await store.sessions(query).map(\.id.rawValue)
            query.limit = 1
            query.after = (Sample.session("a").startsAt, SessionID("session-a"))
            let behind = try await store.sessions(query).map(\.id.rawValue)
            #expect(all == ["session-a", "session-c"])
            #expect(two == ["session-a", "session-c"])
            #expect(behind == ["session-c"])
        }
    }

    @Test("of a call to others holds up no other call, and ends no writing")
    func holdsUpNoOtherEffect() async throws {
        try await withEditedStore("UPDATE effects SET kind = 'danceTango' WHERE id = 'effect-a'") { _, store in
            let claimed = try await store.operations.claimEffects(limit: 10, now: Sample.at(1), lease: .seconds(1))
            #expect(claimed.map(\.id.rawValue).sorted() == ["effect-b", "effect-c"])
            try await store.commit(Sample.creation("d"))
        }
    }

    @Test("of calls to others take no place of a call that can be made, however many there are")
    func takesNoPlaceOfAnother() async throws {
        try await withEditedStore("UPDATE effects SET kind = 'danceTango' WHERE id <> 'effect-c'") { _, store in
            let none = try await store.operations.claimEffects(limit: 0, now: Sample.at(1), lease: .seconds(1))
            #expect(none.isEmpty)
            let claimed = try await store.operations.claimEffects(limit: 1, now: Sample.at(1), lease: .seconds(1))
            #expect(claimed.map(\.id) == ["effect-c"])
        }
    }

    @Test("of a call to others is never the next that falls due")
    func isNeverTheNextDue() async throws {
        try await withEditedStore("UPDATE effects SET kind = 'danceTango' WHERE id <> 'effect-c'") { _, store in
            _ = try await store.operations.claimEffects(limit: 1, now: Sample.at(1), lease: .seconds(60))
            let next = try await store.operations.nextEffectDue()
            #expect(next == Sample.at(1) + .seconds(60))
        }
        try await withEditedStore("UPDATE effects SET kind = 'danceTango'") { _, store in
            let next = try await store.operations.nextEffectDue()
            #expect(next == nil)
        }
    }

    /// Each takes away what the row's kind needs.
    @Test(
        "of a call to others that lacks what its kind needs is damage, and no other call waits for it",
        arguments: [
            "generation = NULL", "kind = 'startCapture'", "kind = 'startCapture', recording_id = 'r', generation = NULL",
            "kind = 'deleteAttendee'", "kind = 'updateCapabilities', participant_id = 'p', generation = NULL",
            "kind = 'deliverWebhook'", "kind = 'deliverWebhook', target = 't'",
            "kind = 'deliverWebhook', event_sequence = 1", "kind = 'danceTango'", "refusal = 'rain'",
        ])
    func lacksWhatItsKindNeeds(_ change: String) async throws {
        let log = ConditionLog()
        let statements = "UPDATE effects SET \(change) WHERE id = 'effect-a'"
        try await withEditedStore(statements, log: log) { directory, store in
            let claimed = try await store.operations.claimEffects(limit: 10, now: Sample.at(1), lease: .seconds(1))
            #expect(claimed.map(\.id.rawValue).sorted() == ["effect-b", "effect-c"])
            #expect(log.conditions.count == 1, "an alarm: nobody works on this row")
            let error = await #expect(throws: StoreError.self) { try await store.operations.effect("effect-a") }
            #expect(error?.isDamage == true)
            let problems = try await store.maintenance.integrityCheck()
            #expect(problems.count == 1 && problems[0].contains("effect-a of effects"), "\(problems)")
            let refusal = await #expect(throws: StoreError.self) { try await store.maintenance.backup(to: directory + "/copy") }
            #expect(refusal?.isDamage == true)
        }
    }

    @Test("of a call that was given up is left out of the list, and raises the alarm")
    func isLeftOutOfTheDead() async throws {
        let log = ConditionLog()
        let statements = """
            UPDATE effects SET state = 'dead'; UPDATE effects SET generation = NULL WHERE id = 'effect-b'
            """
        try await withEditedStore(statements, log: log) { _, store in
            let dead = try await store.operations.deadEffects(after: nil, limit: 10)
            #expect(dead.map(\.id) == ["effect-a", "effect-c"])
            #expect(log.conditions.count == 1)
            let page = try await store.operations.deadEffects(after: "effect-a", limit: 1)
            #expect(page.map(\.id) == ["effect-c"], "a page is full where there are more")
        }
    }

    @Test("keeps its key at a rotation; every other row is sealed anew, and the key is not called unused")
    func isLeftByResealing() async throws {
        var ring = KeyRing.ofTests
        _ = ring.rotate(now: 1)
        try await withEditedStore(Self.flip("sessions", "end_note", "id = 'session-a'"), ring: ring) {
            directory, store in
            await #expect(throws: StoreError.damaged(operation: "1 rows that cannot be sealed anew")) {
                try await store.maintenance.seal(with: ring)
            }
            try await store.commit(Sample.creation("d"))
            await store.close()
            let connection = try SQLiteConnection(
                path: directory + "/telehealth.db", access: .readOnly, vfs: nil)
            let keys = try connection.texts(
                "SELECT hex(substr(end_note, 2, 4)) FROM sessions WHERE end_note IS NOT NULL ORDER BY id",
                label: "keys")
            #expect(keys == ["00000001", "00000002", "00000002"])
            let noted = try connection.texts("SELECT id FROM sealing_keys ORDER BY id", label: "noted")
            #expect(noted == ["0", "1", "2"])
        }
    }

    @Test("a damaged page answers as damage too, not as weather")
    func damagedPage() async throws {
        try await withEditedStore("SELECT 1") { directory, store in
            await store.close()
            let path = directory + "/telehealth.db"
            let page: Int? = try {
                let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: nil)
                return try connection.texts(
                    "SELECT pageno FROM dbstat WHERE name = 'sessions' AND pagetype = 'leaf'", label: "pages"
                ).first.flatMap { Int($0) }
            }()
            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.seek(toOffset: UInt64(try #require(page) - 1) * 4096)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 4_096))
            try file.close()
            let damaged = try SQLiteStore.open(directory: directory, configuration: .withRingOfTests)
            let error = await #expect(throws: StoreError.self) { try await damaged.session(SessionID("session-a")) }
            #expect(error?.isDamage == true)
            await damaged.close()
        }
    }
}
