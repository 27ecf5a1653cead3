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

    /// Uses `errno` of the last call.
    init(_ call: String) { self.init(call, code: errno) }

    /// Another process listens there.
    public var isAddressInUse: Bool { code == EADDRINUSE }

    /// The peer's machine or the path to it is gone: sent data was not acknowledged in time.
    public static func isTimeout(_ code: Int32) -> Bool { code == ETIMEDOUT }

    public var description: String { "\(call): \(String(cString: strerror(code))) (errno \(code))" }
}
