internal import Glibc

/// Owns one file descriptor, closed when the value goes out of scope.
struct Descriptor: ~Copyable {
    let number: Int32
    let path: String

    /// - Throws: ``FileFailure`` of `open`; ``FileFailure/Problem/missing`` for `ENOENT`.
    init(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(FileFailure) {
        let opened = open(path, flags | O_CLOEXEC, mode)
        guard opened >= 0 else { throw .ofLastCall(path, "open") }
        number = opened
        self.path = path
    }

    deinit { close(number) }

    func status() throws(FileFailure) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .ofLastCall(path, "stat") }
        return status
    }

    func write(_ bytes: [UInt8]) throws(FileFailure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .ofLastCall(path, "write") }
            done += count
        }
    }

    /// Reads to the end, at most `bytesMax` bytes.
    func read(bytesMax: Int) throws(FileFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try readPart(bytesMax: min(bytesMax + 1 - bytes.count, 64 * 1_024))
            if part.isEmpty { return bytes }
            bytes += part
            guard bytes.count <= bytesMax else { throw FileFailure(path, .tooLong(limit: bytesMax)) }
        }
    }

    /// - Returns: the next bytes, 1 to `bytesMax`; none at the file's end.
    func readPart(bytesMax: Int) throws(FileFailure) -> [UInt8] {
        var part = [UInt8](repeating: 0, count: bytesMax)
        while true {
            let count = part.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .ofLastCall(path, "read") }
            part.removeLast(bytesMax - count)
            return part
        }
    }

    func sync() throws(FileFailure) {
        guard fsync(number) == 0 else { throw .ofLastCall(path, "fsync") }
    }

    /// Waits until no other process holds the lock; released when the descriptor closes.
    func lock() throws(FileFailure) {
        while flock(number, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .ofLastCall(path, "flock") }
        }
    }
}
