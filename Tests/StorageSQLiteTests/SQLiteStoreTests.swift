import Foundation
import Storage
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

@Suite("A store's life") struct SQLiteStoreTests {
    @Test("what was committed is there after closing and opening again")
    func reopens() async throws {
        try await withTemporaryDirectory { directory in
            for index in 0..<3 {
                let store = try SQLiteStore.open(directory: directory)
                for earlier in 0..<index {
                    #expect(try await store.appointment(AppointmentID("appt-\(earlier)")) != nil)
                }
                try await store.commit(Sample.creation("\(index)"))
                await store.close()
            }
        }
    }

    @Test("a directory is served once; it is free again after closing or letting go")
    func isExclusive() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            #expect(throws: StoreOpenFailure.inUse(directory: directory)) {
                try SQLiteStore.open(directory: directory)
            }
            await store.close()
            await store.close()  // twice is once
            let again = try SQLiteStore.open(directory: directory)
            await again.close()
        }
    }

    @Test("another program cannot get into the open database")
    func keepsOthersOut() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            try await store.commit(Sample.creation("a"))
            #expect(try checkpointFromOutside(directory) != 0)
            await store.close()
            #expect(try checkpointFromOutside(directory) == 0)
        }
    }

    /// - Returns: the exit status of a program that opens the database and tries to empty its WAL.
    private func checkpointFromOutside(_ directory: String) throws -> Int32 {
        let script = """
            import sqlite3, sys
            sqlite3.connect(sys.argv[1], timeout=0).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, directory + "/telehealth.db"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("files are readable by their owner only")
    func filesArePrivate() async throws {
        try await withTemporaryStoreDirectory { directory, store in
            try await store.commit(Sample.creation("a"))
            for name in ["lock", "telehealth.db", "telehealth.db-wal"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: directory)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test("after closing, reads and writes say so")
    func refusesAfterClose() async throws {
        try await withTemporaryStoreDirectory { _, store in
            await store.close()
            await #expect(throws: StoreError.closed) { try await store.apply(Decision()) }
            await #expect(throws: StoreError.closed) { try await store.session("a") }
            await #expect(throws: StoreError.closed) { try await store.maintenance.backup(to: "/tmp/never") }
        }
    }

    @Test("what a dead process had leased is free at the next start, under a higher fence")
    func leasesEndWithTheirProcess() async throws {
        try await withTemporaryDirectory { directory in
            let first = try SQLiteStore.open(directory: directory)
            try await first.commit(Sample.creation("a"))
            try await first.commit(Decision([.effect(Sample.effect("e-1", session: "a", sequence: 1))]))
            let claimed = try await first.operations.claimEffects(limit: 1, now: Sample.at(1), lease: .seconds(60))
            #expect(claimed.map(\.fence) == [1])
            await first.close()
            let second = try SQLiteStore.open(directory: directory)
            let again = try await second.operations.claimEffects(limit: 1, now: Sample.at(2), lease: .seconds(60))
            #expect(again.map(\.fence) == [2])
            await second.close()
        }
    }

    @Test("a database of a newer program is refused and left alone")
    func refusesNewerSchema() async throws {
        try await withTemporaryDirectory { directory in
            await (try SQLiteStore.open(directory: directory)).close()
            try change(directory, "INSERT INTO schema_migrations VALUES (999, 'from the future')")
            #expect(throws: StoreOpenFailure.newerSchema(found: 999, known: Migration.all.last!.version)) {
                try SQLiteStore.open(directory: directory)
            }
        }
    }

    @Test("a migration that fails leaves the schema as it was")
    func migrationsAreAtomic() async throws {
        try await withTemporaryDirectory { directory in
            let connection = try SQLiteConnection(path: directory + "/x.db", access: .createOrWrite, vfs: nil)
            let good = Migration(version: 1, name: "good", statements: ["CREATE TABLE a (x)"])
            let bad = Migration(
                version: 2, name: "bad", statements: ["CREATE TABLE b (x)", "CREATE TABLE a (x)"])
            #expect(throws: StoreOpenFailure.self) {
                try Migrator.bringUpToDate(connection, migrations: [good, bad])
            }
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            #expect(try connection.texts(tables, label: "t") == ["a", "schema_migrations"])
            #expect(try connection.texts("SELECT version FROM schema_migrations", label: "t") == ["1"])
            let better = Migration(version: 2, name: "better", statements: ["CREATE TABLE b (x)"])
            try Migrator.bringUpToDate(connection, migrations: [good, better])
            #expect(try connection.texts("SELECT version FROM schema_migrations", label: "t") == ["1", "2"])
        }
    }

    @Test("migrations are numbered from 1, each above the one before")
    func migrationsAreNumbered() {
        let versions = Migration.all.map(\.version)
        #expect(versions.first == 1)
        #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(
        "the database itself refuses to change what is append-only",
        arguments: [
            "UPDATE audit SET outcome = 'allowed'", "DELETE FROM audit", "DELETE FROM consents",
            "UPDATE consents SET decision = 'granted'",
            "UPDATE consents SET evidence = 'scan 18'", "UPDATE consents SET evidence = NULL",
            "UPDATE consents SET evidence = randomblob(41)",
            "UPDATE consents SET evidence = substr(evidence, 1, length(evidence) - 1) || x'00'", "UPDATE consent_documents SET text = ''",
            "DELETE FROM consent_documents",
        ])
    func appendOnly(_ statement: String) async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            var decision = Decision([.consent(Sample.fullConsent("c")), .document(StoreContract.document("1"))])
            decision.audit = [Sample.audit("a")]
            try await store.commit(decision)
            await store.close()
            #expect(throws: SQLiteError.self) { try change(directory, statement) }
        }
    }

    private func change(_ directory: String, _ statement: String) throws(SQLiteError) {
        let connection = try SQLiteConnection(
            path: directory + "/telehealth.db", access: .createOrWrite, vfs: nil)
        try connection.execute(statement, label: "test")
    }
}

/// A store in a directory that it made itself.
func withTemporaryStoreDirectory(
    _ configuration: StoreConfiguration = .init(), _ body: (String, SQLiteStore) async throws -> Void
) async throws {
    try await withTemporaryDirectory { parent in
        let directory = parent + "/data"
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        try await body(directory, store)
        await store.close()
    }
}
