public import TelehealthRules

/// The daemon's own key for guests' grants and tokens: 32 random bytes as hex in a file that only the owner may read.
///
/// It is kept outside the database, so a copy of the database gives nobody access. A new key invalidates all existing
/// grants and tokens.
public enum GuestKeyFile {
    /// File name within the data directory, unless another is configured.
    public static let fileName = "guest-key"

    /// Reads the key; creates it at the first start.
    ///
    /// - Throws: ``KeySetError/file(_:)``: readable by others than its owner, or without a key.
    public static func key(path: String) throws(KeySetError) -> GuestKey {
        do throws(KeySetError) {
            return try stored(path)
        } catch {
            guard error.isMissingFile else { throw error }
            // The first start.
            var generator = SystemRandomNumberGenerator()
            let words = (0..<GuestKey.byteCount / 8).map { _ in generator.next() as UInt64 }
            let hex = words.map { word in
                let digits = String(word, radix: 16)
                return String(repeating: "0", count: 16 - digits.utf8.count) + digits
            }
            try KeyFile.create(path, Array((hex.joined() + "\n").utf8))
        }
        return try stored(path)
    }

    private static func stored(_ path: String) throws(KeySetError) -> GuestKey {
        let text = String(decoding: try KeyFile.read(path, bytesMax: 128), as: UTF8.self)
        let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
        guard digits.count == 2 * GuestKey.byteCount, let key = GuestKey(bytes: bytes) else {
            throw KeyFile.malformed(path, "a key of 64 hexadecimal digits")
        }
        return key
    }
}
