internal import Glibc

/// Why a file could not be used: which one, what is wrong with it, and what to do. Safe for logs, no content in it.
public struct FileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Problem: Sendable, Hashable {
        case missing
        /// A folder, a pipe or a device.
        case notRegular
        /// Others than its owner may read or write it; its permission bits.
        case openToOthers(mode: UInt32)
        /// It belongs neither to this process's user nor to root, so somebody else decides what it holds.
        case foreignOwner(user: UInt32)
        /// Longer than what it may hold; the limit in bytes.
        case tooLong(limit: Int)
        /// It does not hold what it should: what that is.
        case malformed(String)
        /// The operating system refused; `code` is its errno, `operation` the call.
        case system(code: Int32, operation: String)
    }

    public let path: String
    public let problem: Problem

    public init(_ path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// Takes `errno` as the last call left it.
    static func ofLastCall(_ path: String, _ operation: String) -> FileFailure {
        let code = errno
        return FileFailure(path, code == ENOENT ? .missing : .system(code: code, operation: operation))
    }

    /// The nearest errno.
    public var code: Int32 {
        switch problem {
        case .missing: ENOENT
        case .notRegular, .malformed: EINVAL
        case .openToOthers, .foreignOwner: EACCES
        case .tooLong: EFBIG
        case .system(let code, _): code
        }
    }

    public var description: String {
        switch problem {
        case .missing: "\(path) does not exist"
        case .notRegular: "\(path) is not a regular file"
        case .openToOthers(let mode):
            "\(path) is readable by others (mode \(String(mode, radix: 8))): chmod 600 it"
        case .foreignOwner(let user):
            "\(path) belongs to user \(user), not to this process's user \(geteuid()): chown it"
        case .tooLong(let limit): "\(path) is longer than \(limit) bytes"
        case .malformed(let expected): "\(path) does not contain \(expected)"
        case .system(let code, let operation):
            "\(path): \(operation) failed: \(String(cString: strerror(code))) (errno \(code))"
        }
    }
}
