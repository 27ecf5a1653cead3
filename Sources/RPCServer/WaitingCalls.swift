/// Calls that wait for a handler's turn: every connection has its share of the places, and one call of each
/// connection is taken in turn.
///
/// A connection that fills the queue waits for itself: the others' calls go past it. When no place is left, a call
/// of a connection that holds less takes the place of the last call of one that holds more.
struct WaitingCalls<Call: AnyObject> {
    enum Outcome {
        case waits
        /// Waits, in the place of this call, which is to be refused.
        case displaces(Call)
        /// The connection has its share already.
        case exceedsShare
        case isFull
    }

    /// Connections looked at for the one that holds more, so that a full queue costs no more than a call does.
    private static var searchMax: Int { 64 }

    private let capacity: Int
    private let share: Int
    private var byConnection: [UInt64: [Call]] = [:]
    /// Connections with waiting calls, each once, in the order of their turns.
    private var turns: [UInt64] = []
    private var firstTurn = 0
    private(set) var count = 0

    /// - Parameters:
    ///   - capacity: of all connections together.
    ///   - share: of one connection.
    init(capacity: Int, share: Int) {
        self.capacity = capacity
        self.share = share
    }

    mutating func append(_ call: Call, of connection: UInt64) -> Outcome {
        let held = byConnection[connection]?.count ?? 0
        guard held < share else { return .exceedsShare }
        var displaced: Call?
        if count >= capacity {
            displaced = takeLast(ofMoreThan: held + 1)
            guard displaced != nil else { return .isFull }
        }
        if held == 0 { turns.append(connection) }
        byConnection[connection, default: []].append(call)
        count += 1
        return displaced.map { .displaces($0) } ?? .waits
    }

    /// The next call whose turn it is.
    mutating func next() -> Call? {
        while firstTurn < turns.count {
            let connection = turns[firstTurn]
            firstTurn += 1
            guard var calls = byConnection[connection] else { continue }
            // Held by the variable alone: it is changed in place.
            byConnection[connection] = nil
            let call = calls.removeFirst()
            count -= 1
            if !calls.isEmpty {
                byConnection[connection] = calls
                turns.append(connection)
            }
            forgetTurns()
            return call
        }
        forgetTurns()
        return nil
    }

    /// Forgets a call that ended while it waited.
    mutating func remove(_ call: Call, of connection: UInt64) {
        guard var calls = byConnection[connection], let place = calls.firstIndex(where: { $0 === call }) else { return }
        byConnection[connection] = nil
        calls.remove(at: place)
        count -= 1
        if !calls.isEmpty { return byConnection[connection] = calls }
        // Each connection stands once among the turns to come, or it would have two of them when it comes back.
        if let turn = turns[firstTurn...].firstIndex(of: connection) { turns.remove(at: turn) }
        forgetTurns()
    }

    private mutating func takeLast(ofMoreThan held: Int) -> Call? {
        let heaviest = turns[firstTurn...].prefix(Self.searchMax).max {
            byConnection[$0]?.count ?? 0 < byConnection[$1]?.count ?? 0
        }
        guard let heaviest, byConnection[heaviest]?.count ?? 0 > held else { return nil }
        count -= 1
        return byConnection[heaviest]?.removeLast()
    }

    private mutating func forgetTurns() {
        guard firstTurn == turns.count || firstTurn > 1024 else { return }
        turns.removeFirst(firstTurn)
        firstTurn = 0
    }
}
