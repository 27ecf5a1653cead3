internal import Glibc

/// A file that another program fills under a name of its own and that gets its own name when it is complete.
///
/// Isolation: any; every call blocks on the disk.
public enum LargeFile {
    /// Makes an empty file that its owner alone may read; one that is there is replaced.
    public static func begin(_ draft: String) throws(FileFailure) {
        unlink(draft)
        _ = try Descriptor(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    }

    /// Gives a complete file its name, where nothing has that name; durable before it returns.
    ///
    /// - Throws: ``FileFailure`` with `EEXIST` when the name is taken.
    public static func finish(_ draft: String, as path: String) throws(FileFailure) {
        try Descriptor(draft, O_RDONLY).sync()
        // A link and not a rename, which would put it in the place of what is there.
        if link(draft, path) == 0 {
            unlink(draft)
        } else {
            // File systems without links.
            guard errno == EPERM || errno == EOPNOTSUPP, access(path, F_OK) != 0 else {
                throw .ofLastCall(path, "link")
            }
            guard rename(draft, path) == 0 else { throw .ofLastCall(path, "rename") }
        }
        try Folder.sync(Folder.parent(of: path))
    }

    /// Opens a file for reading and writing, making it (mode 0600) when it is not there, its name durable.
    public static func touch(_ path: String) throws(FileFailure) {
        _ = try Descriptor(path, O_RDWR | O_CREAT, mode: 0o600)
        try Folder.sync(Folder.parent(of: path))
    }
}

extension LargeFile {
    /// Copies a file (mode 0600), durable before it returns, or leaves what has the name alone.
    ///
    /// - Returns: false when something has the name already.
    @discardableResult
    public static func copy(_ source: String, to path: String) throws(FileFailure) -> Bool {
        guard access(path, F_OK) != 0 else { return false }
        let draft = path + ".new"
        try begin(draft)
        do throws(FileFailure) {
            let from = try Descriptor(source, O_RDONLY)
            let into = try Descriptor(draft, O_WRONLY)
            while true {
                let part = try from.readPart(bytesMax: 1024 * 1024)
                if part.isEmpty { break }
                try into.write(part)
            }
            try finish(draft, as: path)
        } catch {
            unlink(draft)
            throw error
        }
        return true
    }
}
