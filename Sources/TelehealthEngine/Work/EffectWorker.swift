internal import Synchronization
public import TelehealthModel
public import TelehealthRules

/// Does the work that commits asked for: claims it under a lease, calls Chime, finishes it by a transaction.
///
/// A crash at any point leaves the row: after its lease somebody claims it again, with a higher fence, and
/// every call is idempotent by its token. Effects of one lane of a session run in order. Isolation: any.
public final class EffectWorker: Sendable {
    /// Longest sleep without looking: covers what another process asked for.
    private static let idleMax: Duration = .seconds(5)
    /// Shortest sleep after a claim that gave nothing, while rows are due but leased or blocked.
    private static let pause: Duration = .milliseconds(250)

    private let store: any TelehealthStore
    /// Rung when a commit asked for work, and when a place is free again.
    private let wake = WakeSignal()
    private let runner: EffectRunner
    private let time: any TimeSource
    private let policy: Policy
    private let running = Atomic(0)

    /// - Parameters:
    ///   - credentials: where those who join look for what CreateMeeting answered.
    ///   - notify: called for every attempt's end; must not block.
    public init(
        store: any TelehealthStore, credentials: CredentialCache, gateway: any VideoProvider & RecordingStorage,
        time: any TimeSource, ids: any IDSource, policy: Policy, webhooks: (any WebhookSender)? = nil,
        notify: @escaping @Sendable (EffectNotice) -> Void = { _ in }
    ) {
        self.store = store
        self.time = time
        self.policy = policy
        runner = EffectRunner(
            store: store, credentials: credentials, gateway: gateway, time: time, ids: ids, policy: policy,
            webhooks: webhooks, notify: notify)
        store.follow { [wake] in if $0.hasPendingEffects { wake.signal() } }
    }

    /// Works until the task is cancelled; then waits for the calls that are under way.
    public func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let free = policy.effectConcurrencyMax - running.load(ordering: .relaxed)
                let claimed = await claim(free)
                for effect in claimed {
                    running.add(1, ordering: .relaxed)
                    group.addTask {
                        await self.runner.perform(effect)
                        self.running.subtract(1, ordering: .relaxed)
                        self.wake.signal()
                    }
                }
                let delay = await delay(hasClaimed: !claimed.isEmpty, isFull: claimed.count >= free)
                _ = await wake.wait(atMost: delay, time)
            }
        }
    }

    /// Claims what is due and does it, one after another.
    ///
    /// - Returns: how many were claimed; 0 = nothing is due.
    @discardableResult
    public func runDue() async -> Int {
        let claimed = await claim(policy.effectConcurrencyMax)
        for effect in claimed { await runner.perform(effect) }
        return claimed.count
    }

    private func claim(_ limit: Int) async -> [Effect] {
        guard limit > 0 else { return [] }
        do {
            return try await store.operations.claimEffects(
                limit: limit, now: time.now, lease: policy.effectLease)
        } catch { return [] }
    }

    /// - Parameter isFull: every slot is taken: only the end of one of them brings anything.
    private func delay(hasClaimed: Bool, isFull: Bool) async -> Duration {
        if isFull { return Self.idleMax }
        do {
            guard let due = try await store.operations.nextEffectDue() else { return Self.idleMax }
            return min(Self.idleMax, max(hasClaimed ? .milliseconds(20) : Self.pause, due - time.now))
        } catch { return .seconds(1) }
    }
}
