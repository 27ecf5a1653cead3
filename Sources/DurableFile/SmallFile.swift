internal import Glibc

/// Files that fit in memory: keys, rings, heads, settings. Read with checks; written so that after a power cut the old
/// content is there or the new, whole, under its name.
///
/// A new content is written beside the file as `NAME.new`, synced, given its name, and the folder is synced: syncing a
/// file alone does not promise that its name survives (`man 2 fsync`). Writers of one folder take turns by a lock on
/// it, so a draft that a crash left behind belongs to nobody and is replaced.
///
/// Isolation: any; every call blocks on the disk.
public enum SmallFile {
    /// Who may read the file.
    public enum Secrecy: Sendable, Hashable {
        /// Anybody: public keys, settings.
        case open
        /// Its owner alone, who must be this process's user or root: keys and other secrets.
        case secret

        var mode: UInt32 { self == .secret ? 0o600 : 0o644 }
    }

    /// - Parameter bytesMax: the longest content that makes sense, bytes.
    /// - Throws: ``FileFailure``; `missing` when there is no such file.
    public static func read(_ path: String, bytesMax: Int, _ secrecy: Secrecy) throws(FileFailure) -> [UInt8] {
        // Not blocking: opening a pipe would otherwise wait for its writer.
        let file = try Descriptor(path, O_RDONLY | O_NONBLOCK)
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure(path, .notRegular) }
        if secrecy == .secret {
            let mode = status.st_mode & 0o777
            guard mode & 0o077 == 0 else { throw FileFailure(path, .openToOthers(mode: mode)) }
            guard status.st_uid == geteuid() || status.st_uid == 0 else {
                throw FileFailure(path, .foreignOwner(user: status.st_uid))
            }
        }
        return try file.read(bytesMax: bytesMax)
    }

    /// - Returns: nil when there is no such file.
    public static func readIfThere(
        _ path: String, bytesMax: Int, _ secrecy: Secrecy
    ) throws(FileFailure) -> [UInt8]? {
        do throws(FileFailure) {
            return try read(path, bytesMax: bytesMax, secrecy)
        } catch {
            if error.problem == .missing { return nil }
            throw error
        }
    }

    /// Makes a file, durable before it returns, or leaves an existing one alone; of two creators one wins.
    ///
    /// - Returns: false when it was there already.
    @discardableResult
    public static func create(_ path: String, _ bytes: [UInt8], _ secrecy: Secrecy) throws(FileFailure) -> Bool {
        let folder = try LockedFolder(Folder.parent(of: path))
        let draft = try draft(path, bytes, mode: secrecy.mode)
        defer { unlink(draft) }
        if link(draft, path) != 0 {
            guard errno == EEXIST else { throw .ofLastCall(path, "link") }
            return false
        }
        try folder.sync()
        return true
    }

    /// Puts a whole new content in the place of what may be there, durable before it returns. A file that is there
    /// keeps its owner, so that an operator's command run by root does not lock the service out.
    public static func replace(_ path: String, _ bytes: [UInt8], _ secrecy: Secrecy) throws(FileFailure) {
        let folder = try LockedFolder(Folder.parent(of: path))
        var old = stat()
        let isThere = stat(path, &old) == 0
        let draft = try draft(path, bytes, mode: secrecy.mode, owner: isThere ? (old.st_uid, old.st_gid) : nil)
        guard rename(draft, path) == 0 else {
            let failure = FileFailure.ofLastCall(path, "rename")
            unlink(draft)
            throw failure
        }
        try folder.sync()
    }

    /// Adds a line at the end of a file that is there, durable before it returns, or leaves the file as it was.
    ///
    /// One writer at a time: a line that was written in part is taken back.
    public static func append(line: String, to path: String) throws(FileFailure) {
        let file = try Descriptor(path, O_WRONLY | O_APPEND)
        let length = try file.status().st_size
        do throws(FileFailure) {
            try file.write(Array((line + "\n").utf8))
            try file.sync()
        } catch {
            ftruncate(file.number, length)
            throw error
        }
    }

    /// Takes a last line without its end away: one that a power cut left in part.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public static func dropTornLine(of path: String, bytesMax: Int) throws(FileFailure) -> Bool {
        let bytes = try read(path, bytesMax: bytesMax, .open)
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard whole < bytes.count else { return false }
        let file = try Descriptor(path, O_WRONLY)
        guard ftruncate(file.number, off_t(whole)) == 0 else { throw .ofLastCall(path, "truncate") }
        try file.sync()
        return true
    }

    /// Writes and syncs the draft of a file.
    ///
    /// - Returns: its path. When it throws there is no draft.
    private static func draft(
        _ path: String, _ bytes: [UInt8], mode: UInt32, owner: (uid_t, gid_t)? = nil
    ) throws(FileFailure) -> String {
        let draft = path + ".new"
        unlink(draft)
        let file = try Descriptor(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do throws(FileFailure) {
            if let (user, group) = owner, user != geteuid(), fchown(file.number, user, group) != 0 {
                throw .ofLastCall(path, "chown")
            }
            try file.write(bytes)
            try file.sync()
        } catch {
            unlink(draft)
            throw error
        }
        return draft
    }
}

/// A folder held against other writers of its files.
private struct LockedFolder: ~Copyable {
    private let descriptor: Descriptor

    init(_ path: String) throws(FileFailure) {
        descriptor = try Descriptor(path, O_RDONLY | O_DIRECTORY)
        // Some network file systems lock no folders; there two creators must not meet.
        do throws(FileFailure) { try descriptor.lock() } catch {}
    }

    func sync() throws(FileFailure) { try descriptor.sync() }
}
