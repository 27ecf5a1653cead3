/// Calls that wait for a handler slot: every connection has its share of the queue, and connections take turns.
///
/// A connection that fills its share delays only itself. When the queue is full, a call of a connection with fewer
/// waiting calls replaces the last call of one with more.
struct WaitingCalls<Call: AnyObject> {
    enum Outcome {
        case waits
        /// Waits, in place of this call, which must be refused.
        case displaces(Call)
        /// The connection has already used its share.
        case exceedsShare
        case isFull
    }

    /// Connections examined to find one with more waiting calls, so that a full queue stays cheap.
    private static var searchMax: Int { 64 }

    private let capacity: Int
    private let share: Int
    private var byConnection: [UInt64: [Call]] = [:]
    /// Connections with waiting calls, each once, in the order of their turns.
    private var turns: [UInt64] = []
    private var firstTurn = 0
    private(set) var count = 0

    /// - Parameters:
    ///   - capacity: for all connections together.
    ///   - share: per connection.
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
            // Not stored elsewhere now, so that it is changed in place.
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

    /// Removes a call that ended while it waited.
    mutating func remove(_ call: Call, of connection: UInt64) {
        guard var calls = byConnection[connection], let place = calls.firstIndex(where: { $0 === call }) else { return }
        byConnection[connection] = nil
        calls.remove(at: place)
        count -= 1
        if !calls.isEmpty { return byConnection[connection] = calls }
        // Each connection is listed once; otherwise it would have two turns when it returns.
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
