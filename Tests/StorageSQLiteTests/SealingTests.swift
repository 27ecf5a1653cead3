import CSQLite
import DurableFile
import Foundation
import Storage
import TelehealthModel
import TelehealthRules
import Testing
import TextFormats

@testable import StorageSQLite

@Suite("Sealed values") struct SealerTests {
    private let ring = KeyRing.fresh(now: 0)

    @Test("a sealed text opens in its own row and column alone, and two sealings of it differ")
    func isBoundToItsPlace() {
        let sealer = Sealer(ring)
        for text in ["", "1180 Peachtree St", String(repeating: "é", count: 4000)] {
            let value = sealer.seal(text, .contactName, row: "s/p")
            #expect(value.count == text.utf8.count + Sealer.overhead)
            #expect(sealer.open(value, .contactName, row: "s/p") == text)
            #expect(sealer.open(value, .contactPhone, row: "s/p") == nil)
            #expect(sealer.open(value, .contactName, row: "s/q") == nil)
            #expect(sealer.seal(text, .contactName, row: "s/p") != value)
            #expect(Sealer(.fresh(now: 0)).open(value, .contactName, row: "s/p") == nil)
        }
    }

    @Test("no changed byte goes unnoticed, the key's id included")
    func isAuthenticated() {
        var ring = ring
        _ = ring.rotate(now: 1)
        let sealer = Sealer(ring)
        let value = sealer.seal("x", .endNote, row: "s")
        for index in value.indices {
            var changed = value
            changed[index] ^= 1
            #expect(sealer.open(changed, .endNote, row: "s") == nil, "byte \(index)")
            #expect(sealer.open(Array(value[..<index]), .endNote, row: "s") == nil, "cut at \(index)")
        }
    }

    @Test("what an older key sealed still opens after a rotation, and not once that key is removed")
    func opensWithOlderKeys() {
        var ring = ring
        let sealer = Sealer(ring)
        let value = sealer.seal("x", .endNote, row: "s")
        let second = ring.rotate(now: 1)
        #expect(second == 2)
        sealer.adopt(ring)
        #expect(sealer.open(value, .endNote, row: "s") == "x")
        #expect(Sealer.keyID(of: sealer.seal("x", .endNote, row: "s")) == 2)
        let tooEarly = ring.remove(1)
        #expect(!tooEarly, "a key in use cannot be removed")
        ring.retireOthers(than: 2, now: 2)
        let ofCurrent = ring.remove(2)
        let ofRetired = ring.remove(1)
        #expect(!ofCurrent && ofRetired)
        sealer.adopt(ring)
        #expect(sealer.open(value, .endNote, row: "s") == nil)
    }

    @Test("no nonce comes twice, whoever asks")
    func noncesAreFresh() async {
        let source = NonceSource()
        let nonces = await withTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<4 { group.addTask { (0..<1_000).map { _ in Array(source.next()) } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(nonces.allSatisfy { $0.count == 12 })
        #expect(Set(nonces).count == 4_000)
    }

    @Test("an id has one token, which tells nothing without the ring and the id with it")
    func tokensAreSearchable() {
        let sealer = IdentifierSealer(ring.indexSecret)
        let token = sealer.token("client-7")
        #expect(sealer.token("client-7") == token)
        #expect(sealer.token("client-8") != token)
        #expect(sealer.id(token) == "client-7")
        let fresh = IdentifierSealer(ring.indexSecret)
        #expect(fresh.id(token) == "client-7" && fresh.token("client-7") == token)
        #expect(IdentifierSealer(KeyRing.fresh(now: 0).indexSecret).id(token) == nil)
        for index in token.indices {
            var changed = token
            changed[index] ^= 0x80
            #expect(fresh.id(changed) == nil, "byte \(index)")
        }
    }

    @Test("the memory of tokens is bounded and forgetting costs nothing but time")
    func memoryIsBounded() {
        let sealer = IdentifierSealer(ring.indexSecret)
        let first = sealer.token("client-0")
        for index in 0..<17_000 { _ = sealer.token("client-\(index)") }
        #expect(sealer.token("client-0") == first)
        #expect(sealer.rememberedCount <= 16_384)
    }

    @Test("an id that nobody asks for is forgotten, one in use is not")
    func unusedIDsAreForgotten() {
        let sealer = IdentifierSealer(ring.indexSecret)
        _ = (sealer.token("client-1"), sealer.token("client-2"))
        for _ in 0..<3 {
            sealer.forgetUnused()
            _ = sealer.token("client-1")
        }
        #expect(sealer.rememberedCount == 1)
    }
}

@Suite("The key ring's file") struct KeyRingFileTests {
    @Test("is made once, private, and read back the same")
    func isMadeOnce() async throws {
        try await withTemporaryDirectory { directory in
            let file = KeyRingFile(path: directory + "/ring")
            #expect(throws: KeyRingError.file(.init(file.path, .missing))) { try file.read() }
            let made = try file.readOrMake()
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let value = Sealer(made).seal("x", .endNote, row: "s")
            #expect(Sealer(try file.make()).open(value, .endNote, row: "s") == "x")
        }
    }

    @Test("one that others may read, or that is broken, is refused", arguments: [0o640, 0o604, 0o660])
    func refusesOpenFiles(mode: Int) async throws {
        try await withTemporaryDirectory { directory in
            let file = KeyRingFile(path: directory + "/ring")
            _ = try file.make()
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            let refusal = KeyRingError.file(.init(file.path, .openToOthers(mode: UInt32(mode))))
            #expect(throws: refusal) { try file.read() }
            #expect(throws: refusal) { try file.readOrMake() }
        }
    }

    @Test(
        "a file that is not a ring is refused and left alone",
        arguments: ["", "{}", "{\"format\":1,\"current\":2,\"index\":\"AAAA\",\"keys\":[]}"])
    func refusesOtherFiles(text: String) async throws {
        try await withTemporaryDirectory { directory in
            let file = KeyRingFile(path: directory + "/ring")
            _ = FileManager.default.createFile(
                atPath: file.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            #expect(throws: KeyRingError.file(.init(file.path, .malformed("a key ring")))) { try file.readOrMake() }
            #expect(FileManager.default.contents(atPath: file.path) == Data(text.utf8))
        }
    }

    @Test("changes by two hands at once are both kept")
    func updatesAreSerialised() async throws {
        try await withTemporaryDirectory { directory in
            let file = KeyRingFile(path: directory + "/ring")
            _ = try file.make()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { try file.update { ring, now in _ = ring.rotate(now: now) } }
                }
                try await group.waitForAll()
            }
            #expect(try file.read().list.map(\.id) == Array(1...9))
            #expect(try file.read().current == 9)
        }
    }
}

@Suite("A store with sealed columns") struct SealedStoreTests {
    private static let marker = "zq7marker"

    /// A visit whose personal values all hold the marker.
    private static func visit(_ name: String) -> Decision {
        let appointment = Sample.appointment(name, client: "\(marker)-client", clinician: "\(marker)-doc")
        var session = Sample.session(name, appointment: appointment)
        session.endNote = "\(marker) went home"
        var participant = Sample.fullParticipant("p-\(name)", session: name)
        participant.preVisitCheck?.locationAddress = "\(marker) street"
        participant.preVisitCheck?.emergencyContactName = "\(marker) name"
        var consent = Sample.fullConsent("consent-\(name)")
        consent.revocationReason = "\(marker) reason"
        var decision = Decision([
            .appointment(appointment), .session(session), .participant(participant), .consent(consent),
            .consentVersion(SubjectID("\(marker)-client"), 1),
        ])
        decision.audit = [
            AuditEntry(
                at: Sample.at(0), subject: "\(marker)-doc", role: .clinician, actor: "\(marker)-service",
                action: "a", outcome: .allowed)
        ]
        return decision
    }

    private static func bytes(in directory: String) throws -> Data {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted().reduce(into: Data()) {
            $0.append(FileManager.default.contents(atPath: directory + "/" + $1) ?? Data())
        }
    }

    @Test("nothing personal is in the database's files, while open and after closing, nor in a backup")
    func filesHoldNothing() async throws {
        try await withTemporaryStoreDirectory { directory, store in
            try await store.commit(Self.visit("a"))
            #expect(try Self.bytes(in: directory).range(of: Data(Self.marker.utf8)) == nil)
            let state = try #require(try await store.session(SessionID("session-a")))
            #expect(state.session.endNote == "\(Self.marker) went home")
            try await store.maintenance.backup(to: directory + "/copy")
            await store.close()
            #expect(try Self.bytes(in: directory).range(of: Data(Self.marker.utf8)) == nil)
        }
    }

    @Test("the database cannot be used with another ring, and none at all is made for it")
    func refusesForeignRing() async throws {
        try await withTemporaryDirectory { directory in
            var configuration = StoreConfiguration()
            configuration.keyRing = .fresh(now: 0)
            await (try SQLiteStore.open(directory: directory, configuration: configuration)).close()
            configuration.keyRing = .fresh(now: 0)
            #expect(throws: StoreOpenFailure.keyRing(.foreign(keyID: 0))) {
                try SQLiteStore.open(directory: directory, configuration: configuration)
            }
        }
    }

    @Test("a rotation seals every row anew; then the old key is needed no more, and rows read as before")
    func rotates() async throws {
        try await withTemporaryDirectory { directory in
            var ring = KeyRing.fresh(now: 0)
            var configuration = StoreConfiguration()
            configuration.keyRing = ring
            configuration.cachedSessionsMax = 1
            let store = try SQLiteStore.open(directory: directory, configuration: configuration)
            let names = (0..<250).map { "n\($0)" }
            for name in names { try await store.commit(Self.visit(name)) }
            let before = try await store.session(SessionID("session-n7"))
            _ = ring.rotate(now: 1)
            try await store.maintenance.seal(with: ring)
            #expect(try await store.session(SessionID("session-n7")) == before)
            await store.close()

            ring.retireOthers(than: 2, now: 2)
            _ = ring.remove(1)
            #expect(ring.list.map(\.id) == [2])
            configuration.keyRing = ring
            let again = try SQLiteStore.open(directory: directory, configuration: configuration)
            for name in names {
                let state = try #require(try await again.session(SessionID("session-\(name)")))
                #expect(state.session.endNote == "\(Self.marker) went home")
                #expect(state.participants.first?.preVisitCheck?.locationAddress == "\(Self.marker) street")
                #expect(try await again.consent(ConsentID("consent-\(name)"))?.evidence == "scan 17")
            }
            await again.close()
        }
    }

    @Test("a ring that lost a key too early is refused at the start, not at the first row")
    func refusesIncompleteRing() async throws {
        try await withTemporaryDirectory { directory in
            var ring = KeyRing.fresh(now: 0)
            var configuration = StoreConfiguration()
            configuration.keyRing = ring
            let store = try SQLiteStore.open(directory: directory, configuration: configuration)
            try await store.commit(Self.visit("a"))
            await store.close()
            _ = ring.rotate(now: 1)
            ring.retireOthers(than: 2, now: 2)
            _ = ring.remove(1)
            configuration.keyRing = ring
            #expect(throws: StoreOpenFailure.keyRing(.foreign(keyID: 1))) {
                try SQLiteStore.open(directory: directory, configuration: configuration)
            }
        }
    }

    @Test(
        "a database from before is taken over: ids at once, texts by the first sealing, nothing left in clear"
    )
    func takesOverClearRows() async throws {
        try await withTemporaryDirectory { directory in
            var configuration = StoreConfiguration()
            configuration.keyRing = .fresh(now: 0)
            do {
                let path = directory + "/telehealth.db"
                let connection = try SQLiteConnection(path: path, access: .createOrWrite, vfs: nil)
                try Migrator.bringUpToDate(
                    connection, migrations: Array(Migration.all.prefix { $0.version < 6 }))
                for statement in Self.clearRows {
                    try connection.execute(statement, label: "clear rows")
                }
            }
            let store = try SQLiteStore.open(directory: directory, configuration: configuration)
            let client = SubjectID("\(Self.marker)-client")
            #expect(try await store.openSessions(of: client) == [SessionID("s")])
            #expect(try await store.session(SessionID("s"))?.session.endNote == "\(Self.marker) note")
            try await store.maintenance.seal(with: try #require(configuration.keyRing))
            let consents = try await store.consents(of: client).records
            #expect(consents.map(\.evidence) == ["\(Self.marker) scan"])
            #expect(try await store.session(SessionID("s"))?.session.endNote == "\(Self.marker) note")
            #expect(try await store.maintenance.integrityCheck() == [])
            await store.close()
            #expect(try Self.bytes(in: directory).range(of: Data(Self.marker.utf8)) == nil)

            // From then on a text is none of ours, whatever the database says of itself.
            let forged = """
                DROP TRIGGER sessions_end_note_sealed; UPDATE sessions SET end_note = 'forged';
                INSERT INTO sealing_keys VALUES (-1, x''); INSERT INTO clear_text_permits VALUES (1, zeroblob(16))
                """
            #expect(edit(directory, forged) == SQLITE_OK)
            let again = try SQLiteStore.open(directory: directory, configuration: configuration)
            await #expect(throws: StoreError.self) { try await again.session(SessionID("s")) }
            await #expect(throws: StoreError.self) { try await again.maintenance.seal(with: configuration.keyRing!) }
            await #expect(throws: StoreError.self) { try await again.session(SessionID("s")) }
            await again.close()
        }
    }

    @Test("a guardian whom a row from before names for an adult stays one; a minor's goes at eighteen")
    func keepsGuardiansOfAdults() async throws {
        try await withTemporaryDirectory { directory in
            let ring = KeyRing.fresh(now: 0)
            let sealer = Sealer(ring)
            var configuration = StoreConfiguration()
            configuration.keyRing = ring
            do {
                let connection = try SQLiteConnection(
                    path: directory + "/telehealth.db", access: .createOrWrite, vfs: nil, sealer: sealer)
                try SealingFunction.register(on: connection, sealer)
                try Migrator.bringUpToDate(
                    connection, migrations: Array(Migration.all.prefix { $0.version < 10 }))
                for (name, born) in [("adult", "1980-02-29"), ("minor", "2100-01-01"), ("unknown", nil)] {
                    for statement in Self.guardedRows(name, born: born, sealer) {
                        try connection.execute(statement, label: "rows from before")
                    }
                }
                try connection.execute("INSERT INTO sealing_keys VALUES (-1, x'')", label: "rows from before")
            }
            let store = try SQLiteStore.open(directory: directory, configuration: configuration)
            for (name, isKept) in [("adult", true), ("minor", false), ("unknown", false)] {
                let row = try #require(try await store.appointment(AppointmentID(name)))
                #expect(row.guardianID == SubjectID("guardian") && row.guardsAdult == isKept)
                #expect(try await store.session(SessionID("s-" + name))?.session.guardsAdult == isKept)
            }
            await store.close()
        }
    }

    private static func guardedRows(_ name: String, born: String?, _ sealer: Sealer) -> [String] {
        func hex(_ bytes: [UInt8]) -> String { "x'" + Hex.encode(bytes) + "'" }
        func token(_ id: String) -> String { hex(sealer.identifiers.token(id)) }
        let day = born.map { hex(sealer.seal($0, .bornOn, row: "client-" + name)) } ?? "NULL"
        return [
            """
            INSERT INTO appointments VALUES ('\(name)', \(token("client-" + name)), \(token("guardian")), \
            \(token("doc")), 0, 1, 'UTC', 'scheduled', 1, 1, 0, 0, \(token("x")), \(token("x")))
            """,
            """
            INSERT INTO sessions (id, appointment_id, client_id, guardian_id, clinician_id, starts_at, is_open, \
            created_at, ends_at, status, status_updated_at, admission_policy, clinician_join_url, client_join_url, \
            current_generation, last_event_sequence, last_effect_sequence, version, updated_at, created_by, \
            last_modified_by) VALUES ('s-\(name)', '\(name)', \(token("client-" + name)), \(token("guardian")), \
            \(token("doc")), 0, 1, 0, 1, 'scheduled', 0, 'manual', '', '', 0, 0, 0, 1, 0, \(token("x")), \(token("x")))
            """,
            "INSERT INTO consent_versions (subject_id, version, born_on) "
                + "VALUES (\(token("client-" + name)), 1, \(day))",
        ]
    }

    private static let clearRows = [
        """
        INSERT INTO appointments VALUES ('a', '\(marker)-client', NULL, '\(marker)-doc', 0, 1, 'UTC', 'scheduled', 1, 1, \
        0, 0, 'x', 'x')
        """,
        """
        INSERT INTO sessions (id, appointment_id, client_id, clinician_id, starts_at, is_open, created_at, ends_at, status, \
        status_updated_at, admission_policy, clinician_join_url, client_join_url, end_note, current_generation, \
        last_event_sequence, last_effect_sequence, version, updated_at, created_by, last_modified_by) \
        VALUES ('s', 'a', '\(marker)-client', '\(marker)-doc', 0, 1, 0, 1, 'scheduled', 0, 'manual', '', '', \
        '\(marker) note', 0, 0, 0, 1, 0, 'x', 'x')
        """,
        """
        INSERT INTO consents (id, subject_id, subject_role, type, decision, method, document_version, document_language, \
        text_hash, acknowledged_rights, acknowledged_emergency, acknowledged_privacy, recording_purposes, signer_id, \
        evidence, granted_at, recorded_by, recorded_at) VALUES ('c', '\(marker)-client', 'client', 'recording', 'granted', \
        'paper', '1', 'en', x'00', 1, 1, 1, '', '\(marker)-client', '\(marker) scan', 0, '\(marker)-doc', 0)
        """,
    ]
}
