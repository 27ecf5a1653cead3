internal import Glibc
internal import TelehealthCore

/// The text file that heads are kept in.
enum HeadLines {
    /// - Returns: every line that is a head, in the file's order; nil without a file. Lines that are none were cut by
    ///   a power failure or written by somebody else: neither says anything.
    static func read(_ path: String) throws(StoreOpenFailure) -> [AuditHead]? {
        try text(path).map(heads)
    }

    static func heads(_ text: String) -> [AuditHead] {
        text.split(separator: "\n").compactMap { AuditHead(line: $0) }
    }

    static func text(_ path: String) throws(StoreOpenFailure) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(code: errno, operation: "open \(path)")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(code: errno, operation: "read \(path)")
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer.prefix(count))
        }
    }

    /// Adds text at the file's end, making the file when it is not there; durable when this returns.
    static func append(_ text: String, to path: String, startingNewLine: Bool) throws(StoreOpenFailure) {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system(code: errno, operation: "open \(path)") }
        defer { close(file) }
        let bytes = Array(((startingNewLine ? "\n" : "") + text).utf8)
        // One write: O_APPEND puts it behind whatever is there.
        let written = bytes.isEmpty ? 0 : bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(file) == 0 else {
            throw .system(code: max(errno, EIO), operation: "write \(path)")
        }
    }

    /// Writes a whole small file under its name at once.
    static func replace(_ path: String, _ text: String) throws(StoreOpenFailure) {
        let draft = path + ".new"
        unlink(draft)
        try append(text, to: draft, startingNewLine: false)
        guard rename(draft, path) == 0 else { throw .system(code: errno, operation: "rename \(path)") }
    }
}
