internal import Glibc

/// Folders whose entries survive a power cut, which syncing a file alone does not guarantee.
public enum Folder {
    /// Creates the folder (mode 0700) if missing, and makes its name durable.
    public static func make(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o700) == 0 {
            try sync(parent(of: path))
        } else if errno != EEXIST {
            throw .ofLastCall(path, "mkdir")
        }
    }

    /// The same for a folder whose parents may be missing too.
    public static func makeAll(_ path: String) throws(FileFailure) {
        let parent = parent(of: path)
        if access(path, F_OK) != 0, parent != path, parent != "." { try makeAll(parent) }
        try make(path)
    }

    /// Makes the current names in a folder durable.
    public static func sync(_ path: String) throws(FileFailure) {
        try Descriptor(path, O_RDONLY | O_DIRECTORY).sync()
    }

    public static func parent(of path: String) -> String {
        var name = path[...]
        while name.count > 1, name.last == "/" { name = name.dropLast() }
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }
}
