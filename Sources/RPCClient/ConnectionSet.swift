/// The connections to one address, and whether to open another: the rules of grpc/proposal A105.
///
/// | state, the first that applies | when |
/// |---|---|
/// | ready | a connection works |
/// | connecting | an attempt is under way |
/// | transientFailure | the wait after a failed attempt |
/// | idle | otherwise |
///
/// There is one attempt at a time, and the wait after its failure applies however many connections work. Surplus
/// connections are not closed: the server does that when they are idle (A9).
struct ConnectionSet<Connection: AnyObject> {
    enum State { case idle, connecting, ready, transientFailure }

    /// Connections that work, the oldest first.
    private(set) var working: [Connection] = []
    /// The connection being established.
    private(set) var attempt: Connection?
    private(set) var isBackingOff = false
    /// The last attempt failed; losing a working connection is not such a failure.
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

    /// Whether a call that found no free stream justifies another connection.
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

    /// What the end of a connection means for its address.
    enum Loss { case ofAttempt, ofWorking, ofUnknown }

    /// The connection accepts no new calls any longer, or never did.
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

    /// Removes everything.
    ///
    /// - Returns: all connections, including the one being established.
    mutating func removeAll() -> [Connection] {
        let all = working + (attempt.map { [$0] } ?? [])
        working = []
        attempt = nil
        isBackingOff = false
        return all
    }
}
