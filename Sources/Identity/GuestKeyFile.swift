public import TelehealthRules

/// The daemon's own key for guests' grants and passes: 32 random bytes as hex in a file that only the owner may
/// read.
///
/// It lies outside the database, so a copy of the database lets nobody in. A new key ends every grant and pass that
/// is out.
public enum GuestKeyFile {
    /// File name within the data directory, where no other is configured.
    public static let fileName = "guest-key"

    /// Reads the key, made at the first run.
    ///
    /// - Throws: ``KeySetError/file(_:)``: readable by others than its owner, or no key in it.
    public static func key(path: String) throws(KeySetError) -> GuestKey {
        do throws(KeySetError) {
            return try stored(path)
        } catch {
            guard error.isMissingFile else { throw error }
            // The first run.
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
            throw KeyFile.malformed(path, "a key: 64 hexadecimal digits")
        }
        return key
    }
}
