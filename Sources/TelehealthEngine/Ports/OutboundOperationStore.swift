public import TelehealthModel

/// Port: the outbound operations that decisions asked for, as workers lease them and operators look at them.
///
/// Isolation: any.
public protocol OutboundOperationStore: Sendable {
    /// Leases due effects: pending, `notBefore` passed, no live lease, and the first that is not done (in
    /// ``Effect/sequence`` order) of their session and ``Effect/lane``. Each claim adds one to the fence,
    /// from 0.
    func claimEffects(limit: Int, now: Timestamp, lease: Duration) async throws(StoreError) -> [Effect]
    /// The next instant at which an effect falls due; nil = none pending.
    func nextEffectDue() async throws(StoreError) -> Timestamp?
    /// Effects that were given up, oldest first by id, after the given one.
    func deadEffects(after: EffectID?, limit: Int) async throws(StoreError) -> [Effect]
    /// Any effect that is kept, whatever its state.
    func effect(_ id: EffectID) async throws(StoreError) -> Effect?
    func effectCounts() async throws(StoreError) -> EffectCounts
}
