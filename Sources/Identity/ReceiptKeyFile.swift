public import AuditChain
internal import DurableFile
public import TelehealthModel
internal import TextFormats

/// The key that signs receipts, in its own file: 64 hexadecimal digits, mode 0600.
///
/// A second file with the suffix `.retired` contains the retired public keys: one line each, the 64 digits and the
/// time (seconds since 1970) at which it stopped signing.
public enum ReceiptKeyFile {
    /// About a thousand rotations.
    private static let retiredBytesMax = 128 * 1024

    /// Reads the keys; creates the first one if there is none.
    ///
    /// - Throws: ``KeySetError/file(_:)``: readable by others than its owner, or something other than keys in it.
    public static func open(_ path: String) throws(KeySetError) -> ReceiptKeys {
        let seed: [UInt8]
        do throws(FileFailure) { seed = try SecretFile.readOrMake(path, fresh: ReceiptSigner.randomSeed) } catch {
            throw .file(error)
        }
        return try keys(path, seed: seed)
    }

    /// - Throws: as ``open(_:)``; with `missing` when there is no key yet.
    public static func read(_ path: String) throws(KeySetError) -> ReceiptKeys {
        let seed: [UInt8]?
        do throws(FileFailure) { seed = try SecretFile.read(path) } catch { throw .file(error) }
        guard let seed else { throw .file(FileFailure(path, .missing)) }
        return try keys(path, seed: seed)
    }

    /// After the current key was read: a rotation records the old key before it replaces it, so none is ever missed.
    private static func keys(_ path: String, seed: [UInt8]) throws(KeySetError) -> ReceiptKeys {
        guard let signer = ReceiptSigner(seed: seed) else {
            throw KeyFile.malformed(path, "a key of 64 hexadecimal digits")
        }
        let current = signer.publicKey.bytes
        let retired = try retired(besides: path).filter { $0.key.bytes != current }
        return ReceiptKeys(signer: signer, retired: retired)
    }

    /// Replaces the key with a new one and keeps the public half of the old one. Durable on return; if interrupted,
    /// it has happened completely or not at all.
    ///
    /// - Throws: as ``read(_:)``.
    public static func rotate(_ path: String, now: Timestamp) throws(KeySetError) -> ReceiptKeys {
        let lock: FileLock?
        do throws(FileFailure) { lock = try FileLock(path + ".lock", waits: true) } catch { throw .file(error) }
        defer { withExtendedLifetime(lock) {} }
        let before = try read(path)
        let retired = before.retired + [.init(key: before.signer.publicKey, retiredAt: now)]
        let lines = retired.map {
            "\(Hex.encode($0.key.bytes)) \($0.retiredAt.microseconds / 1_000_000)\n"
        }
        try KeyFile.replace(path + ".retired", Array(lines.joined().utf8))
        do throws(FileFailure) { try SecretFile.replace(path, ReceiptSigner.randomSeed()) } catch {
            throw .file(error)
        }
        return try read(path)
    }

    private static func retired(besides path: String) throws(KeySetError) -> [ReceiptKeys.Retired] {
        let bytes: [UInt8]
        do throws(KeySetError) {
            bytes = try KeyFile.read(path + ".retired", bytesMax: retiredBytesMax, .open)
        } catch {
            guard error.isMissingFile else { throw error }
            return []
        }
        var keys: [ReceiptKeys.Retired] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let key = Hex.decode(parts[0]).flatMap({ ReceiptKey($0) }),
                let seconds = Int64(parts[1]), (0...253_402_300_799).contains(seconds)
            else { throw KeyFile.malformed(path + ".retired", "a key and its seconds on each line") }
            keys.append(.init(key: key, retiredAt: Timestamp(microseconds: seconds * 1_000_000)))
        }
        return keys
    }
}
