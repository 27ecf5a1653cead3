import AuditChain
import CSQLite
import Foundation
import Storage
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

@Suite("A row that somebody else wrote") struct ForgedRowTests {
    struct Forgery: Sendable, CustomTestStringConvertible {
        let statement: String
        let isFound: String
        var testDescription: String { statement }
    }

    /// Another person's token, as it is in another row.
    private static let token = "(SELECT subject_id FROM participants WHERE session_id = 'session-b')"

    private static let forgeries = [
        ("UPDATE participants SET check_location_address = '12 Forged Street' WHERE session_id = 'session-a'",
            "participants.check_location_address of row session-a/p-a"),
        ("UPDATE participants SET subject_id = 'evil' WHERE session_id = 'session-a'",
            "participants.subject_id of row session-a/p-a"),
        ("UPDATE participants SET subject_id = \(token) WHERE session_id = 'session-a'", "participants session-a/p-a"),
        ("UPDATE participants SET role = 'coClinician' WHERE session_id = 'session-a'", "participants session-a/p-a"),
        ("UPDATE participants SET state = 'invited' WHERE session_id = 'session-a'", "participants session-a/p-a"),
        ("UPDATE participants SET row_mac = NULL WHERE session_id = 'session-a'", "participants session-a/p-a"),
        ("UPDATE participants SET id = 'p-z' WHERE session_id = 'session-a'", "participants session-a/p-z"),
        ("UPDATE sessions SET client_id = \(token) WHERE id = 'session-a'", "sessions session-a"),
        ("UPDATE sessions SET guardian_id = NULL WHERE id = 'session-a'", "sessions session-a"),
        ("UPDATE sessions SET clinician_id = \(token) WHERE id = 'session-a'", "sessions session-a"),
        ("UPDATE sessions SET status = 'cancelled' WHERE id = 'session-a'", "sessions session-a"),
        ("UPDATE sessions SET end_note = 17 WHERE id = 'session-a'", "sessions.end_note of row session-a"),
    ].map(Forgery.init)

    /// Drops every trigger, as whoever edits the file would.
    private static func dropTriggers(_ directory: String) throws {
        let connection = try SQLiteConnection(path: directory + "/telehealth.db", access: .createOrWrite, vfs: nil)
        for name in try connection.texts("SELECT name FROM sqlite_master WHERE type = 'trigger'", label: "triggers") {
            try connection.execute("DROP TRIGGER \(name)", label: "drop")
        }
    }

    private func withForgery(
        _ statement: String, _ body: (_ directory: String, _ store: SQLiteStore) async throws -> Void
    ) async throws {
        try await withEditedStore("SELECT 1") { directory, store in
            await store.close()
            try Self.dropTriggers(directory)
            #expect(edit(directory, statement) == SQLITE_OK)
            let again = try SQLiteStore.open(directory: directory, configuration: .withRingOfTests)
            try await body(directory, again)
            await again.close()
        }
    }

    @Test("is refused alone, and named by the check and by the audit's doubts", arguments: forgeries)
    func isRefused(_ forgery: Forgery) async throws {
        try await withForgery(forgery.statement) { _, store in
            let error = await #expect(throws: StoreError.self) { try await store.session(SessionID("session-a")) }
            #expect(error?.isDamage == true)
            #expect(try await store.session(SessionID("session-b")) != nil)
            let problems = try await store.maintenance.integrityCheck()
            #expect(problems.contains { $0.contains(forgery.isFound) }, "\(problems)")
            let doubts = try await store.auditTrail.auditDoubts().map(\.description)
            #expect(doubts.count == 1 && doubts[0].contains("session-a"), "\(doubts)")
            try await store.commit(Sample.creation("d"))
        }
    }

    @Test("is refused where an appointment would make somebody else's visit of it")
    func appointmentIsRefused() async throws {
        try await withForgery("UPDATE appointments SET client_id = \(Self.token) WHERE id = 'appt-a'") { _, store in
            let error = await #expect(throws: StoreError.self) {
                try await store.appointment(AppointmentID("appt-a"))
            }
            #expect(error?.isDamage == true)
            let sound = try await store.appointment(AppointmentID("appt-b"))
            #expect(sound != nil)
        }
    }

    @Test("a sound database has no such row, whatever was changed in it by the service")
    func soundIsSilent() async throws {
        try await withEditedStore("SELECT 1") { _, store in
            var participant = Sample.fullParticipant("p-a", session: "a")
            participant.state = .removed
            try await store.commit(Decision([.participant(participant)]))
            #expect(try await store.maintenance.integrityCheck() == [])
            #expect(try await store.auditTrail.auditDoubts() == [])
        }
    }

    @Test(
        "the database itself refuses texts where sealed values belong",
        arguments: [
            "UPDATE participants SET check_contact_name = 'x'", "UPDATE sessions SET client_id = 'x'",
            "UPDATE consents SET revocation_reason = 'x'",
            "INSERT INTO consent_versions (subject_id, version) VALUES ('x', 1)",
        ])
    func triggersRefuse(_ statement: String) async throws {
        try await withEditedStore("SELECT 1") { directory, store in
            await store.close()
            #expect(edit(directory, statement) & 0xff == SQLITE_CONSTRAINT)
        }
    }

    @Test("a MAC is bound to its table, its values and their places")
    func macIsBound() {
        let seal = Sealer(.ofTests).rows
        let mac = seal.mac("sessions", ["a", nil, "b"])
        #expect(seal.verifies(mac, "sessions", ["a", nil, "b"]))
        for (table, values) in [
            ("participants", ["a", nil, "b"]), ("sessions", ["a", "b", nil]), ("sessions", ["a", "", "b"]),
            ("sessions", ["ab", nil, ""]), ("sessions", ["a", nil, "b", nil]),
        ] as [(String, [String?])] {
            #expect(!seal.verifies(mac, table, values))
        }
        #expect(!seal.verifies([], "sessions", ["a", nil, "b"]))
        #expect(!Sealer(.fresh(now: 0)).rows.verifies(mac, "sessions", ["a", nil, "b"]))
    }
}
