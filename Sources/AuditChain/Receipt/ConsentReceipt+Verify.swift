internal import TextFormats

/// Why a receipt is not to be believed.
public enum ReceiptFault: Error, Sendable, Hashable, CaseIterable {
    /// Not three parts of base64url with JSON in them, or of a version that is not known here.
    case malformed
    /// Not signed with the key given.
    case signature
    /// Its row is not in the log that its root stands for.
    case inclusion
    /// Its row is not about this consent.
    case otherConsent
}

/// What a receipt says, once it was believed.
public struct VerifiedReceipt: Sendable, Hashable {
    /// The members of the payload's `consent`, for showing: text members only.
    public let consent: [String: String]
    public let issuedAt: String
    /// The row's number, and the log's length and root in hexadecimal digits, to be held against an exported head.
    public let logNumber: Int64
    public let logSize: Int64
    public let logRoot: String
}

extension ConsentReceipt {
    /// Checks a receipt with nothing but the public key.
    ///
    /// - Throws: ``ReceiptFault``: the receipt's fault, or the key is another one.
    public static func verify(_ receipt: String, key: ReceiptKey) throws(ReceiptFault) -> VerifiedReceipt {
        guard receipt.utf8.count <= bytesMax else { throw .malformed }
        let parts = receipt.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64.url.decodeCanonical(parts[0]),
            let payload = Base64.url.decodeCanonical(parts[1]), let signature = Base64.url.decodeCanonical(parts[2]),
            let head = try? JSONText(parsing: header), let body = try? JSONText(parsing: payload)
        else { throw .malformed }
        guard head["alg"]?.stringValue == "EdDSA", head["typ"]?.stringValue == contentType else {
            throw .malformed
        }
        guard key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) else { throw .signature }
        guard body["version"]?.numberValue == version, let consent = body["consent"], let log = body["log"],
            let issuedAt = body["issuedAt"]?.stringValue
        else { throw .malformed }
        return try verified(consent, log, issuedAt: issuedAt)
    }

    private static func verified(_ consent: JSONText, _ log: JSONText, issuedAt: String)
        throws(ReceiptFault) -> VerifiedReceipt
    {
        guard let entry = log["entry"]?.stringValue.flatMap({ Hex.decode($0) }),
            let number = log["number"]?.numberValue, let size = log["size"]?.numberValue,
            let rootText = log["root"]?.stringValue, let root = MerkleHash(hexadecimal: rootText),
            let id = consent["id"]?.stringValue
        else { throw .malformed }
        var path: [MerkleHash] = []
        for item in log["path"]?.arrayValue ?? [] {
            guard let hash = item.stringValue.flatMap({ MerkleHash(hexadecimal: $0) }) else {
                throw .malformed
            }
            path.append(hash)
        }
        guard
            MerkleProof.isIncluded(
                leaf: .leaf(entry), at: number - 1, in: size, root: root, path: path)
        else { throw .inclusion }
        guard let row = AuditRowText(entry), row.number == number, row.target == id,
            row.action == "SubmitConsent" || row.action == "UpdateConsent"
        else { throw .otherConsent }
        guard case .object(let members) = consent else { throw .malformed }
        return VerifiedReceipt(
            consent: members.compactMapValues(\.stringValue), issuedAt: issuedAt, logNumber: number,
            logSize: size, logRoot: rootText)
    }
}

extension MerkleHash {
    fileprivate init?(hexadecimal text: String) {
        guard let bytes = Hex.decode(text) else { return nil }
        self.init(bytes)
    }
}

/// What a receipt's check reads of an audit row's bytes (``AuditRecord/encoding`` with the MAC after it).
private struct AuditRowText {
    let number: Int64
    let action: String
    let target: String?

    /// - Returns: nil unless the bytes are exactly one such row.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        guard rest.popFirst() == 0x01, let number = Self.integer(8, &rest), Self.integer(16, &rest) != nil
        else {
            return nil
        }
        var texts: [String?] = []
        for _ in 0..<10 {
            switch rest.popFirst() {
            case 0x00?: texts.append(nil)
            case 0x01?:
                guard let count = Self.integer(4, &rest), count <= rest.count,
                    let text = String(validating: rest.prefix(Int(count)), as: UTF8.self)
                else { return nil }
                rest = rest.dropFirst(Int(count))
                texts.append(text)
            default: return nil
            }
        }
        // subject, role, actor, source, action, outcome, person, session, target, reason
        guard rest.count == AuditKey.byteCount, let action = texts[4] else { return nil }
        self.number = number
        self.action = action
        target = texts[8]
    }

    /// Big endian; only the last 8 bytes count.
    private static func integer(_ byteCount: Int, _ bytes: inout ArraySlice<UInt8>) -> Int64? {
        guard bytes.count >= byteCount else { return nil }
        let value = bytes.prefix(byteCount).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(byteCount)
        return Int64(bitPattern: value)
    }
}
