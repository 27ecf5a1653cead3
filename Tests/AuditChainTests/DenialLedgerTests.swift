import AuditChain
import TelehealthModel
import Testing

@Suite("Denial ledger") struct DenialLedgerTests {
    private func denial(
        _ subject: Subject, action: String = "GetSession", session: String? = nil, source: String? = nil
    ) -> AuditEntry {
        AuditEntry(
            at: Timestamp(microseconds: 1), subject: subject, role: .client, actor: nil, source: source,
            action: action, outcome: .denied, sessionID: session.map { SessionID($0) },
            reason: "SESSION_NOT_FOUND")
    }

    @Test func `the first few of an identity are rows, the rest one sum with its count`() {
        var ledger = DenialLedger()
        let places = (0..<1_000).map { _ in ledger.note(denial("a", session: "s")) }
        #expect(places.filter { $0 == .ownRow }.count == DenialLedger.ownRowsMax)
        let sums = ledger.endWindow()
        #expect(sums.map(\.entry.count) == [Int64(1_000 - DenialLedger.ownRowsMax)])
        #expect(sums.first?.entry.sessionID == SessionID("s"))
        #expect(sums.first?.entry.action == "GetSession")
        #expect(ledger.isEmpty)
        #expect(ledger.note(denial("a")) == .ownRow)
    }

    @Test func `a sum keeps what all have in common and nothing else`() {
        var ledger = DenialLedger()
        for index in 0..<20 {
            _ = ledger.note(
                denial("a", action: index.isMultiple(of: 2) ? "GetSession" : "JoinSession", session: "s-\(index)"))
        }
        let sum = ledger.endWindow().first?.entry
        #expect(sum?.action == "*")
        #expect(sum?.sessionID == nil)
        #expect(sum?.reason == "SESSION_NOT_FOUND")
        #expect(sum?.count == Int64(20 - DenialLedger.ownRowsMax))
    }

    @Test func `identities are counted apart, by subject, role, service and address`() {
        var ledger = DenialLedger()
        for source in ["192.0.2.1", "192.0.2.2"] {
            for _ in 0..<DenialLedger.ownRowsMax { #expect(ledger.note(denial("a", source: source)) == .ownRow) }
        }
        #expect(ledger.endWindow().isEmpty)
    }

    @Test func `a flood from ever new addresses adds no more rows than the limit`() {
        var ledger = DenialLedger()
        var rows = 0
        for index in 0..<20_000 where ledger.note(denial("unauthenticated", source: "2001:db8::\(index)")) == .ownRow {
            rows += 1
        }
        #expect(rows == DenialLedger.identitiesMax)
        let sums = ledger.endWindow()
        #expect(sums.count == 1)
        #expect(sums.first?.entry.count == Int64(20_000 - rows))
        #expect(sums.first?.entry.subject == "*")
    }

    @Test func `a ledger of denials counts lookalikes apart`() {
        var ledger = DenialLedger()
        func denial(_ subject: Subject) -> AuditEntry {
            AuditEntry(
                at: Timestamp(microseconds: 1), subject: subject, role: .client, actor: nil, action: "GetSession",
                outcome: .denied)
        }
        for _ in 0..<DenialLedger.ownRowsMax { #expect(ledger.note(denial("drK")) == .ownRow) }
        #expect(ledger.note(denial("dr\u{212A}")) == .ownRow)
    }
}
