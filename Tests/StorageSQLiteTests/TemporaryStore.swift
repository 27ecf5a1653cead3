import CSQLite
import Foundation
import Storage
import StorageSQLite

extension KeyRing {
    /// For tests that open one database in two places: by default the ring lies beside each.
    static let ofTests = KeyRing.fresh(now: 0)
}

extension StoreConfiguration {
    static var withRingOfTests: StoreConfiguration {
        var configuration = StoreConfiguration()
        configuration.keyRing = .ofTests
        return configuration
    }
}

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

/// Runs SQL on a closed store's file through SQLite alone.
/// - Returns: SQLite's code.
func edit(_ directory: String, _ statements: String) -> Int32 {
    var handle: OpaquePointer?
    sqlite3_open_v2(directory + "/telehealth.db", &handle, SQLITE_OPEN_READWRITE, nil)
    defer { sqlite3_close_v2(handle) }
    return sqlite3_exec(handle, statements, nil, nil, nil)
}
