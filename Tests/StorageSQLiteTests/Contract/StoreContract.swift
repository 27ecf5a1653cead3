import TelehealthEngine

/// One promise of the `TelehealthStore` port, checked on an empty store of any kind.
struct StorePromise: Sendable, CustomStringConvertible {
    let description: String
    let check: @Sendable (any TelehealthStore) async throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (any TelehealthStore) async throws -> Void) {
        self.description = description
        self.check = check
    }
}

/// Everything the port promises; a store passes when it keeps every one of these.
enum StoreContract {
    static let promises =
        rowPromises + decisionPromises + queryPromises + eventPromises + effectPromises + concurrencyPromises
        + meetingPromises + feedPromises + commitPromises
}
