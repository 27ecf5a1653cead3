internal import DurableFile

/// Holds a data directory for one process by an exclusive lock on the file `lock` inside.
package final class DirectoryLock: Sendable {
    private let lock: FileLock

    /// Makes the directory (mode 0700) when it is not there.
    package init(directory: String) throws(StoreOpenFailure) {
        do throws(FileFailure) {
            try Folder.make(directory)
            if let lock = try FileLock("\(directory)/lock", waits: false) {
                self.lock = lock
                return
            }
        } catch {
            throw .file(error)
        }
        throw .inUse(directory: directory)
    }
}
