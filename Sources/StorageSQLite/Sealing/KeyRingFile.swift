internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// Why a key ring cannot be used.
public enum KeyRingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `code` is errno.
    case unreadable(path: String, code: Int32)
    /// Others than its owner may read it.
    case tooOpen(path: String)
    /// The file holds no key ring.
    case malformed(path: String)
    /// The database was sealed with keys that the ring lacks: another ring, or a key removed too early.
    case foreign(keyID: UInt32)

    public var description: String {
        switch self {
        case .unreadable(let path, ENOENT):
            "there is no key ring at \(path): 'telehealthd keys create' makes one"
        case .unreadable(let path, let code):
            "the key ring \(path) cannot be used: \(String(cString: strerror(code))) (errno \(code))"
        case .tooOpen(let path): "the key ring \(path) is readable by others: chmod 600 it"
        case .malformed(let path): "\(path) holds no key ring"
        case .foreign(0): "the key ring is not the one that this database was written with"
        case .foreign(let id): "the key ring lacks key \(id), with which rows of this database are sealed"
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
            var id: UInt32
            /// 32 bytes, base64.
            var secret: Data
            var created: Int64
            var retired: Int64?
        }
        var format = 1
        var current: UInt32
        var index: Data
        var keys: [Key]
    }

    /// - Throws: ``KeyRingError``; `unreadable` with `ENOENT` when there is no file.
    public func read() throws(KeyRingError) -> KeyRing {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(path: path, code: errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable(path: path, code: errno) }
        guard status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path) }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress! + count, $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .unreadable(path: path, code: errno) }
            if got == 0 { break }
            count += got
        }
        guard count <= Self.bytesMax,
            let document = try? JSONDecoder().decode(Document.self, from: Data(bytes.prefix(count))),
            document.format == 1,
            let ring = KeyRing(
                keys: document.keys.map {
                    .init(
                        id: $0.id, secret: SymmetricKey(data: $0.secret), createdAt: $0.created,
                        retiredAt: $0.retired)
                }, currentID: document.current, indexSecret: SymmetricKey(data: document.index))
        else { throw .malformed(path: path) }
        return ring
    }

    /// Reads the ring, and makes a fresh one first when there is none.
    public func readOrMake() throws(KeyRingError) -> KeyRing {
        do throws(KeyRingError) {
            return try read()
        } catch .unreadable(_, ENOENT) {
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

    /// When the file was last replaced, nanoseconds since 1970; nil when there is none.
    public var modifiedAt: Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    private func locked<Result>(_ body: () throws(KeyRingError) -> Result) throws(KeyRingError) -> Result {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unreadable(path: path, code: errno) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unreadable(path: path, code: errno) }
        }
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
        guard let json = try? encoder.encode(document) else { throw .malformed(path: path) }
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unreadable(path: path, code: errno) }
        let written = json.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let failure = written == json.count && fsync(file) == 0 ? 0 : max(errno, EIO)
        close(file)
        guard failure == 0, rename(draft, path) == 0 else {
            let code = failure == 0 ? errno : failure
            unlink(draft)
            throw .unreadable(path: path, code: code)
        }
        do throws(StoreOpenFailure) {
            try DurableDirectory.sync(DurableDirectory.parent(of: path))
        } catch {
            throw .unreadable(path: path, code: EIO)
        }
    }
}
