internal import AuditChain
internal import Synchronization
public import TelehealthModel

/// Keeps the calls that a limit refused: summed in memory by identity, and written to the audit log each second.
///
/// The one exception to "the row before the answer": a limit is there so that a refusal costs less than what it
/// refuses, and waiting for a commit costs more. What was noted since the last write is lost with a crash; what the
/// log cannot take is kept for the next write.
///
/// Isolation: any; a look-up under a lock.
public final class LimitedCalls: Sendable {
    /// How often the sums are written.
    public static let interval = Duration.seconds(1)

    private let store: any TelehealthStore
    private let time: any TimeSource
    private let ledger = Mutex(DenialLedger(ownRows: 0))

    public init(store: any TelehealthStore, time: any TimeSource) {
        self.store = store
        self.time = time
    }

    /// - Parameters:
    ///   - action: the RPC's name.
    ///   - source: the peer's address.
    public func note(action: String, caller: Caller?, source: String?, reason: String) {
        let entry = AuditEntry(
            at: time.now, subject: caller?.subject ?? "unauthenticated", role: caller?.role, actor: caller?.actor,
            source: source, action: action, outcome: .denied, reason: reason)
        ledger.withLock { _ = $0.note(entry) }
    }

    /// Writes until cancelled, and what is left then.
    public func run() async {
        var isCancelled = false
        while !isCancelled {
            do { try await time.sleep(for: Self.interval) } catch { isCancelled = true }
            await write()
        }
    }

    /// Writes the sums, all in one commit where the store batches; those that it refuses count on.
    public func write() async {
        let sums = ledger.withLock { $0.endWindow() }
        await withTaskGroup(of: Void.self) { group in
            for (_, entry) in sums {
                group.addTask { [self] in
                    do { try await store.record(entry) } catch {
                        ledger.withLock { _ = $0.note(entry) }
                    }
                }
            }
        }
    }
}
