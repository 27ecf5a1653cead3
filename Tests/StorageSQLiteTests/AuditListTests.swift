import AuditChain
import TelehealthEngine
import TelehealthModel
import Testing

@testable import StorageSQLite

@Suite("Listings of the audit log") struct AuditListTests {
    private static let people: [SubjectID?] = [nil, "a", "b", "c"]

    /// Rows about oneself, about others and about nobody, several at each instant and not in its order.
    private static func entries(_ generator: inout SeededGenerator) -> [AuditEntry] {
        (0..<400).map { index in
            AuditEntry(
                at: Timestamp(microseconds: Int64.random(in: 0..<60, using: &generator)),
                subject: ["a", "b", "c", "system"].randomElement(using: &generator)!, role: nil, actor: nil,
                action: "act-\(index % 3)", outcome: .allowed, person: people.randomElement(using: &generator)!,
                sessionID: Bool.random(using: &generator) ? "session-1" : nil, target: "target-\(index)")
        }
    }

    private static func pages(of query: AuditQuery, _ store: SQLiteStore) async throws -> [Int64] {
        var query = query
        var numbers: [Int64] = []
        repeat {
            let page = try await store.auditTrail.auditPage(query)
            numbers += page.records.map(\.number)
            query.after = page.next
        } while query.after != nil
        return numbers
    }

    @Test("every row chosen is listed once and in order, whichever indexes hold it", arguments: [1 as UInt64, 2, 3])
    func listsWhole(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let entries = Self.entries(&generator)
        try await withTemporaryStore { store in
            for entry in entries { try await store.record(entry) }
            let records = try await store.auditTrail.auditRecords(from: 1, limit: 1_000)
            try #require(records.count == entries.count)
            for person in Self.people {
                for subject in [nil, "a", "system"] as [Subject?] {
                    for isDescending in [false, true] {
                        var query = AuditQuery()
                        query.person = person
                        query.subject = subject
                        query.isDescending = isDescending
                        query.limit = 7
                        query.from = Bool.random(using: &generator) ? Timestamp(microseconds: 20) : nil
                        let expected = records.filter(query.chooses).sorted {
                            ($0.at, $0.number) < ($1.at, $1.number)
                        }.map(\.number)
                        let listed = try await Self.pages(of: query, store)
                        #expect(listed == (isDescending ? expected.reversed() : expected), "seed \(seed), \(query)")
                    }
                }
            }
        }
    }

    @Test("a target of our own stands readable in its row, and reads as it was written", arguments: [true, false])
    func keepsTargets(hasOwnTarget: Bool) async throws {
        try await withTemporaryDirectory { directory in
            var entry = Sample.audit("JoinSession")
            entry.target = "target-marker"
            entry.hasOwnTarget = hasOwnTarget
            let store = try SQLiteStore.open(directory: directory)
            try await store.record(entry)
            #expect(try await store.auditTrail.auditRecords(from: 1, limit: 1).map(\.target) == ["target-marker"])
            #expect(try await store.auditReport().findings == [])
            let type = try store.readers.readOnce { (connection) throws(SQLiteError) in
                try connection.texts("SELECT typeof(target) FROM audit", label: "test")
            }
            #expect(type == [hasOwnTarget ? "text" : "blob"])
            await store.close()
        }
    }

    @Test("a consent is found by the row that grants it, not by one that reads it")
    func findsConsents() async throws {
        try await withTemporaryStore { store in
            for action in ["GetConsentReceipt", "SubmitConsent", "GetConsentReceipt"] {
                var entry = Sample.audit(action)
                entry.target = "consent-1"
                try await store.record(entry)
            }
            #expect(try await store.auditTrail.auditNumber(consent: "consent-1") == 2)
            #expect(try await store.auditTrail.auditNumber(consent: "consent-2") == nil)
        }
    }
}
