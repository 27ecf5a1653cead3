import Testing

@testable import VisitSimulation

/// The store in memory keeps what simulations need of the port. What it reports of commits must be what the database
/// tells.
@Suite("The store in memory keeps the port's promises about commits") struct MemoryStoreContractTests {
    @Test(arguments: StoreContract.commitPromises + StoreContract.feedPromises + StoreContract.concurrencyPromises)
    func promise(_ promise: StorePromise) async throws { try await promise.check(MemoryStore()) }
}
