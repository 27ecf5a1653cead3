public import TelehealthCore

/// The key that receipts are signed with, in a file of its own: its 64 hexadecimal digits, mode 0600.
public enum ReceiptKeyFile {
    /// Reads the key, and makes it first where there is none.
    ///
    /// - Throws: ``KeySetError``: unreadable with `errno` (`EACCES` when others than the owner may read the file),
    ///   malformed when the file holds no key.
    public static func open(_ path: String) throws(KeySetError) -> ReceiptSigner {
        do throws(KeySetError) {
            return try stored(path)
        } catch .unreadable(2) {
            // ENOENT: the first run.
            let text = HexText.encode(ReceiptSigner.randomSeed()) + "\n"
            _ = try SmallFile.create(path, bytes: Array(text.utf8))
        }
        return try stored(path)
    }

    private static func stored(_ path: String) throws(KeySetError) -> ReceiptSigner {
        let bytes = try SmallFile.read(path, bytesMax: 256, isPrivate: true)
        let text = String(decoding: bytes, as: UTF8.self)
        guard let seed = HexText.decode(text.prefix { $0 != "\n" }), let signer = ReceiptSigner(seed: seed)
        else {
            throw .malformed
        }
        return signer
    }
}
