internal import Storage
internal import TelehealthModel

/// Read-only connections that any thread borrows for one read.
///
/// Reads run where they are asked for and never suspend, so a borrowed connection comes back within
/// microseconds; when all are out, the caller waits for the next one.
final class ReaderPool: @unchecked Sendable {
    private static let damagePause: UInt64 = 60_000_000_000

    private let path: String
    private let configuration: StoreConfiguration
    private let sealer: Sealer
    // Guarded by `condition`:
    private let condition = ThreadCondition()
    private var idle: [ReaderConnection] = []
    private var openCount = 0
    private var isClosed = false
    /// When damage was last reported, by operation: as many as there are statements.
    private var damageTold: [String: UInt64] = [:]

    init(path: String, configuration: StoreConfiguration, sealer: Sealer) {
        self.path = path
        self.configuration = configuration
        self.sealer = sealer
    }

    /// Several statements on one snapshot.
    func read<Result>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        let reader = try borrow()
        defer { giveBack(reader) }
        do throws(SQLiteError) { return try reader.read(body) } catch { throw told(error) }
    }

    /// One statement: cheaper than ``read(_:)`` by a BEGIN and a COMMIT.
    func readOnce<Result>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        let reader = try borrow()
        defer { giveBack(reader) }
        do throws(SQLiteError) { return try reader.readOnce(body) } catch { throw told(error) }
    }

    /// Raises the alarm for damage; callers who try again and again raise it once a minute.
    private func told(_ error: SQLiteError) -> StoreError {
        let result = StoreError(error)
        guard case .damaged(let operation) = result else { return result }
        noteDamage(operation)
        return result
    }

    func noteDamage(_ operation: String) {
        let now = MonotonicClock.nanoseconds()
        let isDue = condition.withLock {
            if let last = damageTold[operation], now - last < Self.damagePause { return false }
            damageTold[operation] = now
            return true
        }
        if isDue { configuration.onCondition(.damagedRow(operation: operation)) }
    }

    private enum Turn {
        case reader(ReaderConnection)
        case open
        case closed
    }

    private func borrow() throws(StoreError) -> ReaderConnection {
        let turn: Turn = condition.withLock {
            while true {
                if isClosed { return .closed }
                if let reader = idle.popLast() { return .reader(reader) }
                if openCount < configuration.readersMax {
                    openCount += 1
                    return .open
                }
                condition.wait()
            }
        }
        switch turn {
        case .reader(let reader): return reader
        case .closed: throw .closed
        case .open:
            do throws(SQLiteError) {
                return try ReaderConnection(path: path, configuration: configuration, sealer: sealer)
            } catch {
                condition.withLock {
                    openCount -= 1
                    condition.wakeAll()
                }
                throw StoreError(error)
            }
        }
    }

    private func giveBack(_ reader: ReaderConnection) {
        condition.withLock {
            if isClosed {
                openCount -= 1
                condition.wakeAll()
            } else {
                idle.append(reader)
                condition.wakeOne()
            }
        }
    }

    /// Refuses new reads and returns when the last one has ended.
    func close() {
        condition.withLock {
            isClosed = true
            openCount -= idle.count
            idle.removeAll()
            condition.wakeAll()
            while openCount > 0 { condition.wait() }
        }
    }
}
