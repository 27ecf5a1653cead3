import AuditChain
import Foundation
import TelehealthModel
import Testing
import TextFormats

/// What the programs of commit 02d4151 wrote and answered: Tests/Fixtures/written-by-02d4151.
private struct WrittenBefore {
    struct Answers: Decodable {
        struct Keys: Decodable { let chain: String }
        struct Consent: Decodable {
            let person: String
            let receipt: String
        }
        let keys: Keys
        let heads: [String]
        let consents: [String: Consent]
        let receiptKey: String
    }

    /// One row of the export, in protobuf's JSON of then.
    private struct Row: Decodable {
        let number: String
        let at: String
        let subject: String
        let role: String?
        let actor: String?
        let source: String?
        let action: String
        let outcome: String
        let personId: String?
        let sessionId: String?
        let target: String?
        let reason: String?
        let count: String
        let previousMac: Data
        let mac: Data
    }

    let answers: Answers
    let audit: [AuditRecord]

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/written-by-02d4151")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        answers = try decoder.decode(Answers.self, from: Data(contentsOf: folder.appending(path: "answers.json")))
        let lines = try String(contentsOf: folder.appending(path: "audit.jsonl"), encoding: .utf8).split(separator: "\n")
        // The last line is the head that covers them.
        audit = try lines.dropLast().map { line in
            try Self.record(JSONDecoder().decode(Row.self, from: Data(line.utf8)))
        }
    }

    private static func record(_ row: Row) throws -> AuditRecord {
        let parts = row.at.dropLast().split(separator: ".")
        let seconds = try Date("\(parts[0])Z", strategy: .iso8601).timeIntervalSince1970
        let fraction = parts.count > 1 ? parts[1].padding(toLength: 6, withPad: "0", startingAt: 0) : "0"
        let microseconds = try #require(Int64(fraction))
        return AuditRecord(
            number: try #require(Int64(row.number)),
            at: Timestamp(microseconds: Int64(seconds) * 1_000_000 + microseconds), subject: Subject(row.subject),
            role: row.role, actor: row.actor.map { Subject($0) }, source: row.source, action: row.action,
            outcome: row.outcome, person: row.personId, sessionID: row.sessionId, target: row.target, reason: row.reason,
            count: try #require(Int64(row.count)), previous: Array(row.previousMac), mac: Array(row.mac))
    }
}

@Suite("An audit log of 02d4151") struct WrittenBeforeTests {
    private let before: WrittenBefore
    private let key: AuditKey

    init() throws {
        before = try WrittenBefore()
        let bytes = try #require(Hex.decode(before.answers.keys.chain))
        key = try #require(AuditKey(bytes))
    }

    private func findings(_ records: [AuditRecord]) throws -> AuditVerifier {
        let heads = before.answers.heads.compactMap { AuditHead(line: $0) }.filter { $0.size <= Int64(records.count) }
        var verifier = AuditVerifier(key: key, heads: heads, headKey: nil)
        for record in records { verifier.check(record) }
        return verifier
    }

    @Test func `audit rows verify under their key and against their heads`() throws {
        let verifier = try findings(before.audit)
        #expect(verifier.findings.isEmpty)
        #expect(verifier.rowsChecked > 200 && verifier.headsChecked > 3)
        #expect(Set(before.audit.map(\.outcome)) == ["allowed", "denied"])
        #expect(before.audit.contains { $0.actor != nil })
    }

    @Test(arguments: ["role", "outcome", "action", "source"])
    func `one other word in an audit row is found`(field: String) throws {
        var records = before.audit
        let place = try #require(records.firstIndex { $0.role != nil && $0.source != nil })
        switch field {
        case "role": records[place].role = records[place].role?.uppercased()
        case "outcome": records[place].outcome = records[place].outcome.uppercased()
        case "action": records[place].action += "s"
        default: records[place].source = nil
        }
        let found = try findings(records).findings
        #expect(found == [AuditFinding(number: Int64(place + 1), fault: .changed)])
    }

    @Test func `a head's line is read and written to the byte`() {
        for line in before.answers.heads { #expect(AuditHead(line: line)?.line == line) }
        #expect(before.answers.heads.count > 3)
    }

    @Test func `receipts are believed, and not with one letter changed`() throws {
        let bytes = try #require(Hex.decode(before.answers.receiptKey))
        let key = try #require(ReceiptKey(bytes))
        #expect(before.answers.consents.count > 15)
        for (id, consent) in before.answers.consents {
            let said = try ConsentReceipt.verify(consent.receipt, key: key).consent
            #expect(said["id"] == id && said["subject"] == consent.person)
            let parts = consent.receipt.split(separator: ".").map(String.init)
            let payload = try #require(Base64.url.decodeCanonical(parts[1]))
            let other = String(decoding: payload, as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
            #expect(throws: ReceiptFault.signature) {
                try ConsentReceipt.verify("\(parts[0]).\(Base64.url.text(Array(other.utf8))).\(parts[2])", key: key)
            }
        }
    }
}
