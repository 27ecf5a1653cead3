internal import Glibc
public import TelehealthCore

/// The key that receipts are signed with, in a file of its own: its 64 hexadecimal digits, mode 0600.
///
/// Beside it, with `.retired` behind its name, stand the public keys of before: a line each, the 64 digits and the
/// second (since 1970) from which it signed no more.
public enum ReceiptKeyFile {
    private static let seedBytesMax = 256
    /// Some thousand rotations.
    private static let retiredBytesMax = 128 * 1024

    /// Reads the keys, and makes the first where there is none.
    ///
    /// - Throws: ``KeySetError``: unreadable with `errno` (`EACCES` when others than the owner may read the file),
    ///   malformed when a file holds something else.
    public static func open(_ path: String) throws(KeySetError) -> ReceiptKeys {
        do throws(KeySetError) {
            return try read(path)
        } catch .unreadable(ENOENT) {
            // The first run.
            _ = try SmallFile.create(path, bytes: seedText(ReceiptSigner.randomSeed()))
        }
        return try read(path)
    }

    /// - Throws: as ``open(_:)``; unreadable with `ENOENT` where there is no key yet.
    public static func read(_ path: String) throws(KeySetError) -> ReceiptKeys {
        // In this order: a rotation notes the old key before it replaces it, so none is ever missed.
        let bytes = try SmallFile.read(path, bytesMax: seedBytesMax, isPrivate: true)
        let text = String(decoding: bytes, as: UTF8.self)
        guard let seed = HexText.decode(text.prefix { $0 != "\n" }), let signer = ReceiptSigner(seed: seed)
        else { throw .malformed }
        let current = signer.publicKey.bytes
        let retired = try retired(besides: path).filter { $0.key.bytes != current }
        return ReceiptKeys(signer: signer, retired: retired)
    }

    /// Takes a fresh key into use and keeps the public half of the one before. Durable when it returns; cut short, it
    /// has happened or it has not.
    ///
    /// - Throws: as ``read(_:)``.
    public static func rotate(_ path: String, now: Timestamp) throws(KeySetError) -> ReceiptKeys {
        let lock = Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unreadable(errno) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unreadable(errno) }
        }
        let before = try read(path)
        let retired = before.retired + [.init(key: before.signer.publicKey, retiredAt: now)]
        let lines = retired.map {
            "\(HexText.encode($0.key.bytes)) \($0.retiredAt.microseconds / 1_000_000)\n"
        }
        try SmallFile.replace(path + ".retired", bytes: Array(lines.joined().utf8))
        try SmallFile.replace(path, bytes: seedText(ReceiptSigner.randomSeed()))
        return try read(path)
    }

    private static func seedText(_ seed: [UInt8]) -> [UInt8] { Array((HexText.encode(seed) + "\n").utf8) }

    private static func retired(besides path: String) throws(KeySetError) -> [ReceiptKeys.Retired] {
        let bytes: [UInt8]
        do throws(KeySetError) {
            bytes = try SmallFile.read(path + ".retired", bytesMax: retiredBytesMax)
        } catch .unreadable(ENOENT) {
            return []
        }
        var keys: [ReceiptKeys.Retired] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let key = HexText.decode(parts[0]).flatMap({ ReceiptKey($0) }),
                let seconds = Int64(parts[1]), (0...253_402_300_799).contains(seconds)
            else { throw .malformed }
            keys.append(.init(key: key, retiredAt: Timestamp(microseconds: seconds * 1_000_000)))
        }
        return keys
    }
}
