import AuditChain
import Crypto
import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import TextFormats

@testable import VisitSimulation

/// An audit log in memory with a chain and proofs made leaf by leaf, so that receipts can be given without a database.
final class MemoryTrail: AuditTrail {
    private let key: AuditKey
    private let store: MemoryStore

    init(_ store: MemoryStore) throws {
        key = try #require(AuditKey(Array(repeating: 3, count: 32)))
        self.store = store
    }

    private var log: (records: [AuditRecord], chain: AuditLogEnd) {
        var chain = AuditLogEnd()
        var records: [AuditRecord] = []
        for entry in store.snapshot.audit { records.append(chain.append(entry, key: key)) }
        return (records, chain)
    }

    var auditEnd: AuditLogEnd { log.chain }

    func auditRecords(from number: Int64, limit: Int) async throws(StoreError) -> [AuditRecord] {
        Array(log.records.filter { $0.number >= number }.prefix(limit))
    }

    func auditPage(_ query: AuditQuery) async throws(StoreError) -> AuditPage {
        AuditPage(records: log.records.filter { query.chooses($0) }.reversed(), next: nil)
    }

    func auditNumber(consent id: ConsentID) async throws(StoreError) -> Int64? {
        log.records.first { $0.target == id.rawValue }?.number
    }

    func auditProof(of number: Int64, treeSize: Int64) async throws(StoreError) -> AuditProof? {
        let records = log.records
        guard let ranges = MerkleProof.inclusionRanges(of: number - 1, in: treeSize),
            treeSize <= Int64(records.count)
        else { return nil }
        func root(_ range: Range<Int64>) -> MerkleHash {
            var tree = MerkleTree()
            for index in range { tree.append(leaf: records[Int(index)].leaf) }
            return tree.root
        }
        return AuditProof(
            number: number, treeSize: treeSize, leaf: records[Int(number - 1)].leaf, path: ranges.map(root),
            root: root(0..<treeSize))
    }

    func auditConsistency(from oldSize: Int64, to newSize: Int64) async throws(StoreError) -> [MerkleHash]? {
        nil
    }

    func auditVerifier(anchor: AuditRecord?, heads: [AuditHead], headKey: AuditHeadKey?) -> AuditVerifier {
        AuditVerifier(key: key, anchor: anchor, heads: heads, headKey: headKey)
    }

    func auditNodes(in leaves: Range<Int64>) async throws(StoreError) -> [AuditNode] { [] }
}

@Suite("Receipts") struct ReceiptTests {
    private let clinic = Clinic()
    private let signer: ReceiptSigner
    private let office: ReceiptIssuer

    init() throws {
        signer = try #require(ReceiptSigner(seed: Array(repeating: 9, count: 32)))
        office = ReceiptIssuer(
            useCases: clinic.useCases, trail: try MemoryTrail(clinic.store),
            keys: ReceiptKeyStore(ReceiptKeys(signer: signer)))
    }

    private func receipt() async throws -> (text: String, record: ConsentRecord) {
        try await clinic.registerDocuments()
        let record = try await clinic.grant(.recording)
        try await clinic.grant(.hipaaTelehealth)
        return (try await office.receipt(of: record.id, clinic.call(Clinic.clientCaller)).text, record)
    }

    @Test func `a receipt is believed with nothing but the public key`() async throws {
        let (text, record) = try await receipt()
        let verified = try ConsentReceipt.verify(text, key: signer.publicKey)
        #expect(verified.consent["id"] == record.id.rawValue && verified.consent["signer"] == "client-1")
        #expect(verified.consent["textSHA256"] == Hex.encode(record.textHash))
        #expect(verified.consent["type"] == "RECORDING" && verified.consent["decision"] == "GRANTED")
        #expect(verified.logNumber < verified.logSize, "somebody else's row came behind")
    }

    @Test func `with another key in use old receipts still hold, and new ones name the new key`() async throws {
        let (old, record) = try await receipt()
        let next = try #require(ReceiptSigner(seed: Array(repeating: 8, count: 32)))
        office.keys.replace(
            with: ReceiptKeys(signer: next, retired: [.init(key: signer.publicKey, retiredAt: clinic.time.now)]))
        let fresh = try await office.receipt(of: record.id, clinic.call(Clinic.clientCaller))
        #expect(fresh.keyID == next.publicKey.id && fresh.keyID != signer.publicKey.id)
        _ = try ConsentReceipt.verify(fresh.text, key: next.publicKey)
        let retired = try #require(office.keys.current.retired.first)
        #expect(try ConsentReceipt.verify(old, key: retired.key).consent["id"] == record.id.rawValue)
    }

    @Test func `evidence stays out of a receipt`() async throws {
        try await clinic.registerDocuments()
        _ = try await clinic.open()
        let statement = Clinic.statement(.granted, .paper, attestedBy: "clinician-1")
        let record = try await clinic.useCases.consents.submit(
            SubmitConsent(subjectID: Clinic.client, type: .hipaaTelehealth, statement: statement),
            clinic.call(Clinic.clinicianCaller))
        let text = try await office.receipt(of: record.id, clinic.call(Clinic.clientCaller)).text
        let payload = try #require(Base64.url.decodeCanonical(text.split(separator: ".")[1]))
        let json = String(decoding: payload, as: UTF8.self)
        #expect(json.contains("clinician-1") && !json.contains("shelf"))
    }

    @Test func `another key, another letter or another shape is found out`() async throws {
        let (text, _) = try await receipt()
        let other = try #require(ReceiptSigner(seed: Array(repeating: 8, count: 32)))
        #expect(throws: ReceiptFault.signature) { try ConsentReceipt.verify(text, key: other.publicKey) }
        let parts = text.split(separator: ".").map(String.init)
        for (index, part) in parts.enumerated() {
            // The last letter of a part may hold unused bits, so one in the middle is changed.
            var letters = Array(part)
            let middle = letters.count / 2
            letters[middle] = letters[middle] == "A" ? "B" : "A"
            var changed = parts
            changed[index] = String(letters)
            #expect(throws: ReceiptFault.self) {
                try ConsentReceipt.verify(changed.joined(separator: "."), key: signer.publicKey)
            }
        }
        for bad in ["", "..", parts[0] + "." + parts[1], text + ".x", text + "="] {
            #expect(throws: ReceiptFault.malformed) { try ConsentReceipt.verify(bad, key: signer.publicKey) }
        }
    }

    @Test func `a well-signed statement about a row that is not in the log, or another's, is found out`()
        async throws
    {
        let (text, _) = try await receipt()
        let payload = try #require(Base64.url.decodeCanonical(text.split(separator: ".")[1]))
        let body = try JSONText(parsing: payload)
        func signed(_ change: (inout [String: JSONText]) -> Void, consent: [String: JSONText] = [:]) throws
            -> String
        {
            guard case .object(var root) = body, case .object(var log)? = root["log"],
                case .object(var statement)? = root["consent"]
            else { throw ReceiptFault.malformed }
            change(&log)
            statement.merge(consent) { _, new in new }
            root["log"] = .object(log)
            root["consent"] = .object(statement)
            let head = String(text.split(separator: ".")[0])
            let unsigned = head + "." + Base64.url.text(JSONText.object(root).bytes)
            let signature = try #require(signer.signature(of: Array(unsigned.utf8)))
            return unsigned + "." + Base64.url.text(signature)
        }
        let longer = try signed { $0["size"] = .number(1000) }
        #expect(throws: ReceiptFault.inclusion) { try ConsentReceipt.verify(longer, key: signer.publicKey) }
        let pathless = try signed { $0["path"] = .array([]) }
        #expect(throws: ReceiptFault.inclusion) { try ConsentReceipt.verify(pathless, key: signer.publicKey) }
        let others = try signed({ _ in }, consent: ["id": .string("another")])
        #expect(throws: ReceiptFault.otherConsent) {
            try ConsentReceipt.verify(others, key: signer.publicKey)
        }
    }

    @Test func `a receipt is for whoever may see the consent`() async throws {
        let (_, record) = try await receipt()
        let office = office
        let clinic = clinic
        let reason = await refusal { () throws(TelehealthError) in
            try await office.receipt(of: record.id, clinic.call(Clinic.stranger))
        }
        #expect(reason == .consentNotFound)
        #expect(clinic.store.snapshot.audit.last?.outcome == .denied)
    }

    @Test func `a receipt of a consent that was taken back says so`() async throws {
        let (_, record) = try await receipt()
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: record.id), clinic.call(Clinic.clientCaller))
        let text = try await office.receipt(of: record.id, clinic.call(Clinic.clientCaller)).text
        #expect(try ConsentReceipt.verify(text, key: signer.publicKey).consent["revokedAt"] != nil)
    }
}
