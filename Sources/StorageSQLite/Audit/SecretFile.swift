internal import Glibc
internal import TelehealthCore

/// A secret of 32 bytes in a file of its own: 64 hexadecimal digits and a line break, mode 0600.
enum SecretFile {
    private static let byteCount = 32

    /// - Returns: nil when there is no such file.
    static func read(_ path: String) throws(StoreOpenFailure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(code: errno, operation: "open \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system(code: errno, operation: "stat \(path)") }
        guard status.st_mode & 0o077 == 0 else { throw .keyFile(path: path, problem: .readableByOthers) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .system(code: errno, operation: "read \(path)") }
        let text = String(decoding: buffer.prefix(count), as: UTF8.self)
        guard let bytes = HexText.decode(text.prefix { $0 != "\n" }), bytes.count == byteCount else {
            throw .keyFile(path: path, problem: .malformed)
        }
        return bytes
    }

    /// Makes the file, durable before it returns, and its folder (mode 0700) when that is not there.
    ///
    /// Written beside and linked into place: nobody reads half a key, and of two creators one wins.
    /// - Returns: what the file then holds.
    static func create(_ path: String, bytes: [UInt8]) throws(StoreOpenFailure) -> [UInt8] {
        let folder = DurableDirectory.parent(of: path)
        try DurableDirectory.makeAll(folder)
        let draft = "\(path).\(getpid()).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(code: errno, operation: "create \(draft)") }
        defer { unlink(draft) }
        let text = Array((HexText.encode(bytes) + "\n").utf8)
        let written = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let failure = written == text.count && fsync(file) == 0 ? 0 : max(errno, EIO)
        close(file)
        guard failure == 0 else { throw .system(code: failure, operation: "write \(draft)") }
        if link(draft, path) != 0, errno != EEXIST {
            throw .system(code: errno, operation: "link \(path)")
        }
        try DurableDirectory.sync(folder)
        guard let stored = try read(path) else { throw .keyFile(path: path, problem: .missing) }
        return stored
    }
}
