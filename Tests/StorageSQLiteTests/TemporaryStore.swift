import Foundation
import StorageSQLite
import TelehealthCore

/// Makes a directory for one test and removes it afterwards.
func withTemporaryDirectory<Result>(
    _ body: (String) async throws -> Result
) async throws -> Result {
    let parent = NSTemporaryDirectory() + "telehealth-store-" + UUID().uuidString
    // A folder deeper, so that the keys beside it go with it.
    let path = parent + "/data"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: parent) }
    return try await body(path)
}

func withTemporaryStore(
    _ configuration: StoreConfiguration = .init(), _ body: (SQLiteStore) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
