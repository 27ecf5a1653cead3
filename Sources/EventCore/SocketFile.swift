internal import CLinux
internal import Glibc

/// The file of a Unix socket, identified by its inode and not only its name, so that no other file is removed.
public struct SocketFile: Hashable, Sendable {
    private let path: String
    private let device: UInt64
    private let inode: UInt64
    /// An inode's number may be reused at once by a replacement; this changes.
    private let changedAt: Int64

    /// - Returns: nil when there is no socket with that name: nothing, another kind of file, a symbolic link, or an
    ///   address without a file.
    public init?(of address: SocketAddress) {
        guard case .unix(let path) = address, !address.isAbstract else { return nil }
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFSOCK else { return nil }
        self.path = path
        device = UInt64(found.st_dev)
        inode = UInt64(found.st_ino)
        changedAt = Int64(found.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(found.st_ctim.tv_nsec)
    }

    /// Whether no process listens on it: the leftover of a process that was killed.
    public var isAbandoned: Bool {
        do throws(SystemCallError) {
            _ = try SocketDescriptor.connecting(to: .unix(path: path))
            return false
        } catch {
            return error.code == ECONNREFUSED
        }
    }

    /// Removes the file of a listener that is still open, which keeps its inode from being reused.
    ///
    /// - Returns: false when something else has its name by now; that is kept.
    @discardableResult
    public func removeOwn() -> Bool { remove { $0.device == device && $0.inode == inode } }

    /// Removes the file of a process that is gone.
    ///
    /// - Returns: false when another server has replaced it meanwhile, or when it may not be removed.
    public func removeAbandoned() -> Bool { remove { $0 == self } }

    private func remove(_ isStill: (SocketFile) -> Bool) -> Bool {
        guard let now = SocketFile(of: .unix(path: path)), isStill(now) else { return false }
        return unlink(path) == 0
    }
}
