internal import Crypto
internal import RPCModel
internal import TelehealthAPI

/// Where a listing continues: the last row's sort key and a hash of the filters it belongs to, in base64url.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 8 | first 8 bytes of SHA-256 over method and filters |
/// | 8 | 8 | the row's time or number, big endian |
/// | 16 | rest | the row's id |
///
/// Neither secret nor signed: a forged token reveals nothing that the same caller could not list anyway.
struct PageToken {
    let number: Int64
    let id: String

    init(number: Int64, id: String) {
        self.number = number
        self.id = id
    }

    /// - Parameter filters: every field of the request that selects rows, without the page size.
    /// - Throws: `PAGE_TOKEN_INVALID` when the text is not a token of such a listing.
    init?(_ text: String, filters: String) throws(RPCError) {
        if text.isEmpty { return nil }
        guard text.utf8.count <= 256, let bytes = Base64URLText.decode(text), bytes.count > 16,
            bytes.prefix(8).elementsEqual(Self.mark(filters)),
            let id = String(validating: bytes[16...], as: UTF8.self)
        else { throw Self.invalid }
        number = bytes[8..<16].reduce(0) { $0 << 8 | Int64($1) }
        self.id = id
    }

    /// Rows per page, for a request whose contract allows 0 for the default.
    static func pageSize(_ asked: Int32) -> Int { asked == 0 ? 50 : Int(asked) }

    static var invalid: RPCError {
        StatusDetails(.pageTokenInvalid)
            .error("page_token does not belong to this list call with these filters")
    }

    func text(filters: String) -> String {
        let big = withUnsafeBytes(of: number.bigEndian) { Array($0) }
        return Base64URLText.encode(Self.mark(filters) + big + Array(id.utf8))
    }

    private static func mark(_ filters: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(filters.utf8)).prefix(8))
    }
}

/// Base64 in the URL alphabet without padding (RFC 4648 §5).
enum Base64URLText {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let chunk = bytes[start..<min(start + 3, bytes.count)]
            let bits = chunk.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - chunk.count))
            for index in 0...chunk.count { text.append(alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // `encode` never leaves a single character, or leftover bits that are set.
        return count >= 6 || bits & (1 << UInt32(count) - 1) != 0 ? nil : bytes
    }
}
