import AuditChain
import TelehealthModel
import Testing

@testable import VisitSimulation

/// A log of random entries under a key of its own, with heads on the way.
struct SampleLog {
    let key: AuditKey
    let signer: AuditHeadSigner
    var records: [AuditRecord] = []
    var heads: [AuditHead] = []

    init(rows: Int, seed: UInt64, headEvery: Int = 8) throws {
        var random = SeededRandom(seed: seed)
        key = try #require(AuditKey((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }))
        signer = try #require(AuditHeadSigner(AuditHeadSigner.randomBytes()))
        var chain = AuditLogEnd()
        for index in 0..<rows {
            records.append(chain.append(Self.entry(index, &random), key: key))
            if (index + 1) % headEvery == 0 || index + 1 == rows {
                heads.append(try #require(signer.sign(chain, at: Timestamp(microseconds: Int64(index)))))
            }
        }
    }

    static func entry(_ index: Int, _ random: inout SeededRandom) -> AuditEntry {
        func sometimes(_ text: String) -> String? { Bool.random(using: &random) ? text : nil }
        return AuditEntry(
            at: Timestamp(microseconds: 1_790_000_000_000_000 + Int64(index)),
            subject: "user-\(Int.random(in: 0..<5, using: &random))", role: Role.allCases.randomElement(using: &random),
            actor: sometimes("front-desk").map { Subject($0) }, source: sometimes("192.0.2.1"),
            action: ["GetSession", "JoinSession"].randomElement(using: &random) ?? "",
            outcome: AuditEntry.Outcome.allCases.randomElement(using: &random) ?? .allowed,
            person: sometimes("client-1").map { SubjectID($0) }, sessionID: sometimes("session-1").map { SessionID($0) },
            target: sometimes(""), reason: sometimes("NOT_ALLOWED"),
            count: Int64.random(in: 1...3, using: &random))
    }

    func check(_ records: [AuditRecord], from: Int = 1, isWhole: Bool = true, heads: [AuditHead]? = nil)
        -> AuditVerifier
    {
        var verifier = AuditVerifier(
            key: key, anchor: from > 1 ? self.records[from - 2] : nil, heads: heads ?? self.heads,
            headKey: signer.publicKey)
        for record in records where record.number >= from { verifier.check(record) }
        if isWhole { verifier.finish() }
        return verifier
    }
}

@Suite("Audit verifier") struct AuditVerifierTests {
    static let seeds: [UInt64] = Array(1...6)

    @Test(arguments: seeds)
    func `an untouched log is whole, from its beginning and from anywhere`(seed: UInt64) throws {
        let log = try SampleLog(rows: 40, seed: seed)
        let whole = log.check(log.records)
        #expect(whole.findings == [])
        #expect(whole.headsChecked == 5)
        #expect(whole.root == log.heads.last?.root)
        for from in [2, 17, 40] {
            let part = log.check(log.records, from: from)
            #expect(part.findings == [])
            #expect(part.rowsChecked == Int64(41 - from))
        }
    }

    /// Every way to change one field of a row.
    static let changes: [@Sendable (inout AuditRecord) -> Void] = [
        { $0.at = $0.at + .microseconds(1) }, { $0.subject = "\($0.subject) " }, { $0.role = "owner" },
        { $0.actor = $0.actor == nil ? "" : nil }, { $0.source = ($0.source ?? "") + "1" },
        { $0.action = "EndSession" }, { $0.outcome = $0.outcome == "failed" ? "denied" : "failed" },
        { $0.person = ($0.person ?? "") + "2" }, { $0.sessionID = $0.sessionID == nil ? "" : nil },
        { $0.target = $0.target == nil ? "" : nil }, { $0.reason = "x" }, { $0.count += 1 },
        { $0.mac[31] ^= 1 }, { $0.previous[0] ^= 1 }, { $0.mac = [] }, { $0.previous.append(0) },
        // What belongs to one field moved into its neighbor.
        { record in
            record.action = record.subject.rawValue + record.action
            record.subject = ""
        },
    ]

    @Test(arguments: seeds)
    func `any single change of any row is found at that row`(seed: UInt64) throws {
        let log = try SampleLog(rows: 24, seed: seed)
        var random = SeededRandom(seed: seed)
        for change in Self.changes {
            let index = Int.random(in: 0..<24, using: &random)
            var records = log.records
            change(&records[index])
            try #require(records != log.records)
            let found = log.check(records)
            #expect(found.findings.first?.number == Int64(index + 1))
            #expect(found.findings.first?.fault == .changed)
        }
    }

    @Test(arguments: seeds)
    func `rows taken out, put in, swapped or written twice are found`(seed: UInt64) throws {
        let log = try SampleLog(rows: 24, seed: seed)
        var random = SeededRandom(seed: seed)
        let index = Int.random(in: 1..<22, using: &random)

        var gap = log.records
        gap.remove(at: index)
        #expect(log.check(gap).findings.first == .init(number: Int64(index + 1), fault: .missing(through: Int64(index + 1))))

        // The rows behind it moved up, so that no number is missing.
        var closed = gap
        for place in index..<closed.count { closed[place].number = Int64(place + 1) }
        #expect(log.check(closed).findings.first == .init(number: Int64(index + 1), fault: .moved(from: Int64(index + 2))))

        var swapped = log.records
        swapped.swapAt(index, index + 1)
        swapped[index].number = Int64(index + 1)
        swapped[index + 1].number = Int64(index + 2)
        #expect(log.check(swapped).findings.first == .init(number: Int64(index + 1), fault: .moved(from: Int64(index + 2))))

        var doubled = log.records
        var copy = doubled[index]
        copy.number += 1
        doubled.insert(copy, at: index + 1)
        for place in index + 2..<doubled.count { doubled[place].number = Int64(place + 1) }
        #expect(log.check(doubled).findings.first?.number == Int64(index + 2))
    }

    @Test(arguments: seeds)
    func `a cut tail is found by the newest head, and only with one`(seed: UInt64) throws {
        let log = try SampleLog(rows: 24, seed: seed)
        for left in [0, 1, 8, 23] {
            let found = log.check(Array(log.records.prefix(left)))
            #expect(found.findings == [.init(number: Int64(left + 1), fault: .cutShort(size: 24))])
            #expect(log.check(Array(log.records.prefix(left)), heads: []).findings == [])
        }
    }

    @Test(arguments: seeds)
    func `a log rewritten with its own key contradicts the heads`(seed: UInt64) throws {
        let log = try SampleLog(rows: 24, seed: seed)
        var random = SeededRandom(seed: seed &+ 1_000)
        let from = Int.random(in: 0..<24, using: &random)
        var chain = AuditLogEnd()
        var forged: [AuditRecord] = []
        var again = SeededRandom(seed: seed)
        for _ in 0..<32 { _ = UInt8.random(in: .min ... .max, using: &again) }
        for index in 0..<24 {
            var entry = SampleLog.entry(index, &again)
            if index == from { entry.count += 1 }
            forged.append(chain.append(entry, key: log.key))
        }
        #expect(forged.prefix(from) == log.records.prefix(from))
        #expect(log.check(forged, heads: []).findings == [])
        let found = log.check(forged)
        #expect(found.findings.first?.fault == .contradictsHead(size: Int64(from / 8 * 8 + 8)))
        // A part of the log shows it too.
        #expect(!log.check(forged, from: from + 2, heads: log.heads).findings.isEmpty || from + 2 > 24)
    }

    @Test func `a head signed by somebody else is a finding and convinces of nothing`() throws {
        let log = try SampleLog(rows: 8, seed: 1)
        let other = try SampleLog(rows: 8, seed: 1)
        let found = log.check(log.records, heads: other.heads)
        #expect(found.findings.map(\.fault) == [.headForged(size: 8)])
        let head = try #require(log.heads.first)
        let later = AuditHead(
            size: head.size, mac: head.mac, root: head.root, at: head.at + .seconds(1), keyID: head.keyID,
            signature: head.signature)
        #expect(log.signer.publicKey.verifies(head))
        #expect(!log.signer.publicKey.verifies(later))
    }

    @Test func `a stored node that is not the hash of its rows is found`() throws {
        let log = try SampleLog(rows: 600, seed: 3, headEvery: 600)
        var verifier = AuditVerifier(key: log.key, heads: [], headKey: nil)
        for record in log.records { verifier.check(record) }
        let plain = PlainTree(leaves: log.records.map(\.leaf))
        verifier.check(stored: [
            AuditNode(level: 8, index: 0, hash: plain.root(0..<256)), AuditNode(level: 8, index: 1, hash: .empty),
        ])
        #expect(verifier.findings == [.init(number: 257, fault: .nodeChanged)])
    }

    @Test func `findings are counted beyond those that are kept`() throws {
        let log = try SampleLog(rows: 300, seed: 4, headEvery: 300)
        let records = log.records.map { record in
            var changed = record
            changed.subject = "\(changed.subject)x"
            return changed
        }
        let found = log.check(records, heads: [])
        #expect(found.findings.count == 100)
        #expect(found.findingCount == 300)
    }

    @Test(arguments: seeds)
    func `a head is read from its line and from nothing else`(seed: UInt64) throws {
        let head = try #require(try SampleLog(rows: 3, seed: seed).heads.last)
        #expect(AuditHead(line: head.line) == head)
        var random = SeededRandom(seed: seed)
        let bytes = Array(head.line.utf8)
        for _ in 0..<200 {
            var changed = bytes
            let place = Int.random(in: 0..<changed.count, using: &random)
            changed[place] = UInt8.random(in: 32...126, using: &random)
            guard changed != bytes else { continue }
            let read = AuditHead(line: String(decoding: changed, as: UTF8.self))
            #expect(read != head)
        }
        #expect(AuditHead(line: head.line + " ") == nil)
        #expect(AuditHead(line: "") == nil)
    }

    @Test func `a key says nothing of itself`() throws {
        let bytes = AuditKey.randomBytes()
        let key = try #require(AuditKey(bytes))
        var text = ""
        dump(key, to: &text)
        #expect(text == "- <audit key>\n")
        #expect("\(key)" == "<audit key>")
        #expect(AuditKey(Array(bytes.dropLast())) == nil)
    }
}
