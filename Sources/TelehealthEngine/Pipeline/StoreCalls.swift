internal import TelehealthModel
internal import TelehealthRules

/// A call of the store whose failure is answered as a refusal of the domain.
func reading<Value>(_ call: @autoclosure () async throws(StoreError) -> Value) async throws(TelehealthError) -> Value {
    do { return try await call() } catch { throw TelehealthError(error) }
}

extension TelehealthStore {
    /// ``apply(_:)``, whose failure is answered as a refusal of the domain.
    func applying(_ decision: Decision) async throws(TelehealthError) -> ApplyResult {
        do { return try await apply(decision) } catch { throw TelehealthError(error) }
    }
}
