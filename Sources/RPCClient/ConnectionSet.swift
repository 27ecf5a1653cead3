/// The connections of one address, and whether another is made: the rules of grpc/proposal A105.
///
/// | state, the first that holds | when |
/// |---|---|
/// | ready | a connection works |
/// | connecting | an attempt is under way |
/// | transientFailure | the wait after a failed attempt |
/// | idle | otherwise |
///
/// There is one attempt at a time, and its wait after a failure is kept however many connections work. Connections
/// are not closed because they are many: the server does that to those it finds idle (A9).
struct ConnectionSet<Connection: AnyObject> {
    enum State { case idle, connecting, ready, transientFailure }

    /// Connections that work, the oldest first.
    private(set) var working: [Connection] = []
    /// The connection that is being made.
    private(set) var attempt: Connection?
    private(set) var isBackingOff = false
    /// The last attempt failed; a connection that worked and was lost is no such failure.
    private(set) var hasFailed = false
    private let countMax: Int

    /// - Parameter countMax: at least 1.
    init(countMax: Int) {
        precondition(countMax >= 1, "an address needs at least one connection")
        self.countMax = countMax
    }

    var state: State {
        if !working.isEmpty { return .ready }
        if attempt != nil { return .connecting }
        return isBackingOff ? .transientFailure : .idle
    }

    /// Whether a call that found no free stream is a reason for one more connection.
    ///
    /// - Parameter isFull: as many streams are open on the connection as the server allows.
    func wantsAnother(isFull: (Connection) -> Bool) -> Bool {
        !working.isEmpty && working.count < countMax && attempt == nil && !isBackingOff && working.allSatisfy(isFull)
    }

    /// - Parameter connection: becomes ready or is removed later.
    mutating func attemptStarted(_ connection: Connection) {
        precondition(attempt == nil && !isBackingOff, "one attempt at a time")
        attempt = connection
    }

    /// - Returns: `false` for a connection that is no longer wanted.
    mutating func becameReady(_ connection: Connection) -> Bool {
        guard attempt === connection else { return false }
        attempt = nil
        hasFailed = false
        working.append(connection)
        return true
    }

    /// What a connection's end was to its address.
    enum Loss { case ofAttempt, ofWorking, ofUnknown }

    /// The connection takes no new calls any more, or never did.
    mutating func remove(_ connection: Connection) -> Loss {
        if attempt === connection {
            attempt = nil
            hasFailed = true
            isBackingOff = true
            return .ofAttempt
        }
        guard let index = working.firstIndex(where: { $0 === connection }) else { return .ofUnknown }
        working.remove(at: index)
        return .ofWorking
    }

    mutating func backoffEnded() { isBackingOff = false }

    /// Forgets everything.
    ///
    /// - Returns: the connections there were, and the one that was being made.
    mutating func removeAll() -> [Connection] {
        let all = working + (attempt.map { [$0] } ?? [])
        working = []
        attempt = nil
        isBackingOff = false
        return all
    }
}
