internal import Crypto
public import DurableFile
internal import FoundationEssentials
internal import Glibc

/// Why a key ring cannot be used.
public enum KeyRingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Its file is not there, not private, or holds no ring.
    case file(FileFailure)
    /// The database was sealed with keys that the ring lacks: another ring, or a key removed too early.
    case foreign(keyID: UInt32)

    public var description: String {
        switch self {
        case .file(let failure) where failure.problem == .missing:
            "there is no key ring at \(failure.path): put it there, or let 'telehealthd keys create' make one"
        case .file(let failure): "the key ring: \(failure)"
        case .foreign(0): "the key ring does not belong to this database"
        case .foreign(let id): "the key ring lacks key \(id), which seals rows of this database"
        }
    }
}

/// The file of a key ring: JSON, mode 0600, replaced as a whole.
///
/// Two programs may change it, the daemon (which retires keys) and an operator's command (which adds them), so a change
/// is made under a lock on a file beside it.
public struct KeyRingFile: Sendable, Hashable {
    private static let bytesMax = 64 * 1024

    public let path: String

    public init(path: String) { self.path = path }

    /// Beside a data directory, so that a copy of that directory is of no use without it.
    public init(besideDirectory directory: String) {
        var name = directory[...]
        while name.count > 1, name.last == "/" { name = name.dropLast() }
        path = name + ".keys"
    }

    private struct Document: Codable {
        struct Key: Codable {
            package var id: UInt32
            /// 32 bytes, base64.
            package var secret: Data
            package var created: Int64
            package var retired: Int64?
        }
        var format = 1
        var current: UInt32
        var index: Data
        var keys: [Key]
    }

    /// - Throws: ``KeyRingError/file(_:)``, with `missing` when there is no file.
    public func read() throws(KeyRingError) -> KeyRing {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try SmallFile.read(path, bytesMax: Self.bytesMax, .secret)
        } catch {
            throw .file(error)
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
            document.format == 1,
            let ring = KeyRing(
                keys: document.keys.map {
                    .init(
                        id: $0.id, secret: SymmetricKey(data: $0.secret), createdAt: $0.created,
                        retiredAt: $0.retired)
                }, currentID: document.current, indexSecret: SymmetricKey(data: document.index))
        else { throw .file(malformed) }
        return ring
    }

    private var malformed: FileFailure { FileFailure(path, .malformed("a key ring")) }

    /// Reads the ring, and makes a fresh one first when there is none.
    public func readOrMake() throws(KeyRingError) -> KeyRing {
        do throws(KeyRingError) {
            return try read()
        } catch {
            guard case .file(let failure) = error, failure.problem == .missing else { throw error }
            return try make()
        }
    }

    /// Makes a fresh ring; of two that try at once one makes it, and both read that one.
    public func make() throws(KeyRingError) -> KeyRing {
        try locked { () throws(KeyRingError) in
            if access(path, F_OK) != 0 { try replace(with: .fresh(now: Int64(time(nil)))) }
            return try read()
        }
    }

    /// Changes the ring. Durable when it returns.
    @discardableResult
    public func update<Result>(
        _ change: (inout KeyRing, _ now: Int64) -> Result
    ) throws(KeyRingError) -> Result {
        try locked { () throws(KeyRingError) in
            var ring = try read()
            let result = change(&ring, Int64(time(nil)))
            try replace(with: ring)
            return result
        }
    }

    private func locked<Result>(_ body: () throws(KeyRingError) -> Result) throws(KeyRingError) -> Result {
        let lock: FileLock?
        do throws(FileFailure) { lock = try FileLock(path + ".lock", waits: true) } catch { throw .file(error) }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private func replace(with ring: KeyRing) throws(KeyRingError) {
        let document = Document(
            current: ring.currentID, index: ring.indexSecret.withUnsafeBytes { Data($0) },
            keys: ring.keys.map { key in
                .init(
                    id: key.id, secret: key.secret.withUnsafeBytes { Data($0) }, created: key.createdAt,
                    retired: key.retiredAt)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let json = try? encoder.encode(document) else { throw .file(malformed) }
        do throws(FileFailure) { try SmallFile.replace(path, Array(json), .secret) } catch { throw .file(error) }
    }
}
