internal import Glibc

/// Space on the device that holds a file.
public struct DeviceSpace: Sendable, Hashable {
    /// Bytes that this process may still use.
    public let free: Int64
    public let size: Int64

    /// - Returns: nil when the operating system does not report it.
    public static func of(_ path: String) -> DeviceSpace? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        // Space reserved for root is available to root.
        let blocks = geteuid() == 0 ? status.f_bfree : status.f_bavail
        let unit = UInt(status.f_frsize)
        func bytes(_ blocks: UInt) -> Int64 { Int64(clamping: blocks.multipliedFullWidth(by: unit).low) }
        return DeviceSpace(free: bytes(UInt(blocks)), size: bytes(UInt(status.f_blocks)))
    }
}
