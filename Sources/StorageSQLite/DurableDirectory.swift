internal import Glibc

/// Makes directory entries survive a power cut, which syncing a file does not promise.
enum DurableDirectory {
    /// Makes the directory (mode 0700) when it is not there, and its name durable.
    static func make(_ path: String) throws(StoreOpenFailure) {
        if mkdir(path, 0o700) == 0 {
            try sync(parent(of: path))
        } else if errno != EEXIST {
            throw .system(code: errno, operation: "mkdir \(path)")
        }
    }

    /// The same for a directory whose parents may be missing too.
    static func makeAll(_ path: String) throws(StoreOpenFailure) {
        let parent = parent(of: path)
        if access(path, F_OK) != 0, parent != path, parent != "." { try makeAll(parent) }
        try make(path)
    }

    /// Makes the names in a directory durable as they are now.
    static func sync(_ path: String) throws(StoreOpenFailure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(code: errno, operation: "open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(code: errno, operation: "fsync \(path)") }
    }

    static func parent(of path: String) -> String {
        var name = path[...]
        while name.count > 1, name.last == "/" { name = name.dropLast() }
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }
}
