internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient

/// The events of a watch so far, for a visit that waits for one after another.
actor WatchLog {
    private var first: Telehealth_V1_SessionSnapshot?
    private var events: [Telehealth_V1_SessionEvent] = []
    private var outcome: Result<Void, RPCError>?
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(_ watch: SessionWatch) {
        // Ends with the watch, which ends with the session or with the process.
        Task { await self.follow(watch) }
    }

    private func follow(_ watch: SessionWatch) async {
        do {
            for try await update in watch {
                switch update {
                case .snapshot(let snapshot): first = first ?? snapshot
                case .event(let event): events.append(event)
                }
                wake()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        wake()
    }

    private func wake() {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }

    private func change() async throws {
        if case .failure(let error)? = outcome { throw error }
        if outcome != nil { throw Wrong("the watch ended early") }
        await withCheckedContinuation { waiters.append($0) }
    }

    func snapshot() async throws -> Telehealth_V1_SessionSnapshot {
        while true {
            if let first { return first }
            try await change()
        }
    }

    /// The first event of a kind, even if it arrived before.
    func event(_ isWanted: (Telehealth_V1_SessionEvent.OneOf_Kind) -> Bool) async throws -> Telehealth_V1_SessionEvent {
        while true {
            if let found = events.first(where: { $0.kind.map(isWanted) ?? false }) { return found }
            try await change()
        }
    }

    /// Numbers of the events so far, in order of arrival.
    var sequences: [Int64] { events.map(\.sequence) }

    /// Waits for the end; returns the number of events, each of which must have arrived once and in order.
    func end() async throws -> Int {
        while outcome == nil { try await change() }
        try outcome?.get()
        let numbers = events.map(\.sequence)
        guard numbers == Array(Set(numbers)).sorted() else { throw Wrong("events came twice or out of order") }
        return events.count
    }
}
