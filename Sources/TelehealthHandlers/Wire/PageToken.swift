internal import Crypto
internal import RPCModel
internal import TelehealthAPI
internal import TextFormats

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
        guard text.utf8.count <= 256, let bytes = Base64.url.decodeCanonical(text), bytes.count > 16,
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
        return Base64.url.text(Self.mark(filters) + big + Array(id.utf8))
    }

    private static func mark(_ filters: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(filters.utf8)).prefix(8))
    }
}
