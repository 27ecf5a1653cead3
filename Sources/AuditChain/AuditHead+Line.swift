internal import TelehealthModel
internal import TextFormats

extension AuditHead {
    /// One line of JSON without its line break; hashes, key id and signature in hexadecimal, the time in
    /// microseconds since 1970.
    public var line: String {
        """
        {"size":\(size),"mac":"\(Hex.encode(mac))","root":"\(Hex.encode(root.bytes))",\
        "at":\(at.microseconds),"key":"\(Hex.encode(keyID))","signature":"\(Hex.encode(signature))"}
        """
    }

    /// Reads what ``line`` writes, and nothing else: a line that was touched, if only in its spaces, is none.
    public init?(line: some StringProtocol) {
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        // {"size":N,"mac":"…","root":"…","at":N,"key":"…","signature":"…"} cut at its 20 quotation marks.
        guard parts.count == 21, let size = Self.number(parts[2]), let at = Self.number(parts[12]),
            let mac = Hex.decode(parts[5]), mac.count == AuditKey.byteCount,
            let root = Hex.decode(parts[9]).flatMap(MerkleHash.init),
            let keyID = Hex.decode(parts[15]), let signature = Hex.decode(parts[19])
        else { return nil }
        self.init(
            size: size, mac: mac, root: root, at: Timestamp(microseconds: at), keyID: keyID,
            signature: signature)
        guard self.line == line else { return nil }
    }

    /// The number in ":N,".
    private static func number(_ part: some StringProtocol) -> Int64? {
        guard part.count > 2 else { return nil }
        return Int64(part.dropFirst().dropLast())
    }
}
