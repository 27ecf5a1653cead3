internal import CLinux
internal import Glibc

/// A system call that failed: its name and the `errno` it left.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name as in its manual page, also the label for metrics.
    public let call: String
    /// The value of `errno`, for example EADDRINUSE.
    public let code: Int32

    public init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// Takes `errno` as the last call left it.
    init(_ call: String) { self.init(call, code: errno) }

    /// Somebody else listens there.
    public var isAddressInUse: Bool { code == EADDRINUSE }

    /// The peer's machine or the way to it is gone: what was sent was not acknowledged in time.
    public static func isTimeout(_ code: Int32) -> Bool { code == ETIMEDOUT }

    public var description: String { "\(call): \(String(cString: strerror(code))) (errno \(code))" }
}
