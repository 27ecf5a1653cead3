internal import Glibc

/// Why a file could not be used: its path, the problem, and what to do. Safe for logs; contains nothing of the file.
public struct FileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Problem: Sendable, Hashable {
        case missing
        /// A folder, a pipe or a device.
        case notRegular
        /// Users other than its owner may read or write it; its permission bits.
        case openToOthers(mode: UInt32)
        /// It belongs neither to this process's user nor to root, so someone else controls its content.
        case foreignOwner(user: UInt32)
        /// Longer than allowed; the limit in bytes.
        case tooLong(limit: Int)
        /// It does not contain what it should; the expected content.
        case malformed(String)
        /// The operating system refused; `code` is its errno, `operation` the system call.
        case system(code: Int32, operation: String)
    }

    public let path: String
    public let problem: Problem

    public init(_ path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// Uses `errno` of the last call.
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
