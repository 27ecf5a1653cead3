internal import Glibc

/// A file that another program fills under a temporary name and that gets its final name when complete.
///
/// Isolation: any; every call blocks on the disk.
public enum LargeFile {
    /// Creates an empty file that only its owner may read; an existing one is replaced.
    public static func begin(_ draft: String) throws(FileFailure) {
        unlink(draft)
        _ = try Descriptor(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    }

    /// Gives a complete file its final name, if nothing has that name; durable on return.
    ///
    /// - Throws: ``FileFailure`` with `EEXIST` when the name is taken.
    public static func finish(_ draft: String, as path: String) throws(FileFailure) {
        try Descriptor(draft, O_RDONLY).sync()
        // A link and not a rename, which would replace an existing file.
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

    /// Opens a file for reading and writing; creates it (mode 0600) if missing, with its name durable.
    public static func touch(_ path: String) throws(FileFailure) {
        _ = try Descriptor(path, O_RDWR | O_CREAT, mode: 0o600)
        try Folder.sync(Folder.parent(of: path))
    }
}

extension LargeFile {
    /// Copies a file (mode 0600), durable on return, or leaves an existing target alone.
    ///
    /// - Returns: false when the target exists.
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
