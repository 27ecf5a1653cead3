import Storage
import StorageSQLite
import Testing

@Suite("The store on SQLite keeps the port's promises") struct SQLiteStoreContractTests {
    @Test(arguments: StoreContract.promises)
    func promise(_ promise: StorePromise) async throws {
        try await withTemporaryStore { store in try await promise.check(store) }
    }

    @Test("the promises hold when the cache holds almost nothing", arguments: StoreContract.promises)
    func promiseWithTinyCaches(_ promise: StorePromise) async throws {
        var configuration = StoreConfiguration()
        configuration.cachedSessionsMax = 1
        configuration.cachedAppointmentsMax = 1
        configuration.cachedConsentHistoriesMax = 1
        configuration.readersMax = 1
        try await withTemporaryStore(configuration) { store in try await promise.check(store) }
    }
}
