internal import AuditChain
internal import TelehealthModel

/// Holds back the denials that are to be summed, with those who wait for the sum's commit.
///
/// A window begins with its first denial and lasts ``StoreConfiguration/denialWindow``. Whoever floods is
/// answered at its end at the latest: waiting does them no harm. Isolation: the writer's thread.
package struct DenialWindow {
    private let heldMax: Int
    private let nanoseconds: UInt64
    private var ledger = DenialLedger()
    private var waiting: [DenialLedger.Identity: [RecordAnswer]] = [:]
    private var heldCount = 0
    private var endsAt: UInt64?

    package init(_ configuration: StoreConfiguration) {
        heldMax = configuration.heldDenialsMax
        nanoseconds = UInt64(max(configuration.denialWindow.wholeMicroseconds, 0)) * 1_000
    }

    package var isHolding: Bool { heldCount > 0 }

    /// Nanoseconds until the window ends; nil when none is open.
    package var wait: UInt64? {
        guard let endsAt else { return nil }
        let now = MonotonicClock.nanoseconds()
        return endsAt > now ? endsAt - now : 0
    }

    package var isDue: Bool { wait == 0 }

    /// Takes out of a batch the denials that are to be summed; those over the limit fail.
    package mutating func sift(_ batch: inout [WriterJob]) {
        // Without a denial nothing is moved.
        guard batch.contains(where: \.isDenial) else { return }
        batch.removeAll { job in
            // A row for several denials was summed by its sender.
            guard job.isDenial, case .record(let entry, let answer) = job else { return false }
            if endsAt == nil { endsAt = MonotonicClock.nanoseconds() + nanoseconds }
            guard heldCount < heldMax else {
                job.fail(.overloaded)
                return true
            }
            switch ledger.note(entry) {
            case .ownRow: return false
            case .summed(let identity):
                waiting[identity, default: []].append(answer)
                heldCount += 1
                return true
            }
        }
    }

    /// Ends the window: the sums to be written.
    package mutating func end() -> [WriterJob] {
        defer {
            waiting.removeAll(keepingCapacity: true)
            heldCount = 0
            endsAt = nil
        }
        return ledger.endWindow().map { .recordSum($0.entry, waiting[$0.identity] ?? []) }
    }
}
