internal import DurableFile
internal import Glibc
internal import Storage
internal import TelehealthModel

/// A backup's file: written as `path.partial`, given its name when complete, checked and synced.
enum BackupFile {
    static func partialPath(_ path: String) -> String { path + ".partial" }

    /// Makes the empty partial file, readable by its owner only. One left over by a crash is replaced.
    static func create(_ path: String) throws(StoreError) {
        guard access(path, F_OK) != 0 else { throw .failed(code: EEXIST, operation: "backup file") }
        do throws(FileFailure) { try LargeFile.begin(partialPath(path)) } catch {
            throw .failed(code: error.code, operation: "backup file")
        }
    }

    /// Turns the copy into one self-contained file and gives it its name. Blocks on the disk.
    ///
    /// A copy that is not sound is kept all the same, as `path.damaged`: it may be the best that there is.
    static func finish(
        _ path: String, _ sealer: Sealer, progress: @escaping ProgressReport
    ) -> Result<Void, StoreError> {
        let partial = partialPath(path)
        let isSound: Bool
        do throws(SQLiteError) {
            let copy = try SQLiteConnection(path: partial, access: .createOrWrite, vfs: nil)
            // The copy says "WAL" as its source does; a lone file that needs no side files is easier to keep.
            // Being a synchronous write to the file, the change also brings the whole copy to the device.
            _ = try copy.texts("PRAGMA journal_mode = DELETE", label: "backup journal mode")
            progress(WorkProgress(.structure))
            let structure = try copy.texts("PRAGMA integrity_check(1)", label: "backup check")
            let damage = try SealedValueCheck.problems(copy, sealer, problemsMax: 1, CheckWatch(progress))
            isSound = structure == ["ok"] && damage.isEmpty
        } catch {
            return .failure(StoreError(error))
        }
        do throws(FileFailure) {
            try LargeFile.finish(partial, as: isSound ? path : path + ".damaged")
        } catch {
            return .failure(.failed(code: error.code, operation: "backup file"))
        }
        return isSound ? .success(()) : .failure(.damaged(operation: "backup check"))
    }
}
