internal import Glibc

/// Files that fit in memory: keys, key rings, heads, settings. Reads are checked; writes guarantee that after a power
/// cut the file has the complete old or new content under its name.
///
/// New content is written beside the file as `NAME.new`, synced and renamed, and the folder is synced: syncing a file
/// alone does not guarantee that its name survives (`man 2 fsync`). Writers of one folder take turns with a lock on
/// it, so a draft left by a crash belongs to nobody and is replaced.
///
/// Isolation: any; every call blocks on the disk.
public enum SmallFile {
    /// Who may read the file.
    public enum Secrecy: Sendable, Hashable {
        /// Anyone: public keys, settings.
        case open
        /// Only its owner, who must be this process's user or root: keys and other secrets.
        case secret

        var mode: UInt32 { self == .secret ? 0o600 : 0o644 }
    }

    /// - Parameter bytesMax: maximum plausible size in bytes.
    /// - Throws: ``FileFailure``; `missing` when the file does not exist.
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

    /// - Returns: nil when the file does not exist.
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

    /// Creates a file, durable on return, or leaves an existing one alone; of two concurrent creators one wins.
    ///
    /// - Returns: false when it already existed.
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

    /// Replaces the file with new content, durable on return. An existing file keeps its owner, so that an operator's
    /// command run by root does not lock the service out.
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

    /// Appends a line to an existing file, durable on return, or leaves the file as it was.
    ///
    /// One writer at a time: a partially written line is removed.
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

    /// Removes an unterminated last line, left by a power cut.
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
    /// - Returns: its path. If it throws, there is no draft.
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

/// A folder locked against other writers of its files.
private struct LockedFolder: ~Copyable {
    private let descriptor: Descriptor

    init(_ path: String) throws(FileFailure) {
        descriptor = try Descriptor(path, O_RDONLY | O_DIRECTORY)
        // Some network file systems cannot lock folders; there, concurrent writers must be avoided.
        do throws(FileFailure) { try descriptor.lock() } catch {}
    }

    func sync() throws(FileFailure) { try descriptor.sync() }
}
