internal import AuditChain
internal import DurableFile
internal import Storage

/// The audit log's high-water mark beside the database, and the marks that a later opening found contradicted.
///
/// A mark names rows whose commit has returned: it is written after that, at every checkpoint and once a second while
/// rows are written. So it never claims too much after a power cut, and it does not cover the last second.
/// `DATABASE.mark` holds it; `DATABASE.lost` has a line for each mark that the database no longer bore out, so that the
/// loss is still reported when new rows have taken the numbers of the lost ones.
///
/// Isolation: the writer's thread, but for the static functions.
final class AuditMarks {
    /// A line for each damage there ever was.
    private static let lostBytesMax = 1024 * 1024

    private let key: AuditKey
    private let interval: UInt64
    private var file: SlotFile
    private var newest: Int64
    private var writtenAt: UInt64 = 0

    static func markPath(_ database: String) -> String { database + ".mark" }
    static func lostPath(_ database: String) -> String { database + ".lost" }

    /// - Parameters:
    ///   - newest: rows that are marked already.
    ///   - interval: nanoseconds between two marks.
    private init(key: AuditKey, interval: UInt64, newest: Int64, file: consuming SlotFile) {
        self.key = key
        self.interval = interval
        self.newest = newest
        self.file = file
    }

    /// Holds the database against its mark, and notes a contradiction for later checks.
    static func open(
        database: String, key: AuditKey, end: Int64, interval: UInt64, _ connection: SQLiteConnection,
        onDamage: (StoreDamage) -> Void
    ) throws(StoreOpenFailure) -> AuditMarks {
        do throws(FileFailure) {
            var newest: Int64 = 0
            switch try newestMark(database, key) {
            case .nothing: break
            case .damaged: onDamage(.markDamaged(path: markPath(database)))
            case .mark(let mark):
                // A log that cannot be read is found by whoever reads it next.
                if let damage = (try? damage(mark, end, connection)) ?? nil {
                    onDamage(damage)
                    try noteLost(mark, database, key)
                } else {
                    newest = mark.size
                }
            }
            return AuditMarks(
                key: key, interval: interval, newest: newest, file: try SlotFile(markPath(database)))
        } catch {
            throw .file(error)
        }
    }

    private static func noteLost(_ mark: AuditMark, _ database: String, _ key: AuditKey) throws(FileFailure) {
        guard try !lost(database, key).marks.contains(mark) else { return }
        try SmallFile.create(lostPath(database), [], .secret)
        try SmallFile.dropTornLine(of: lostPath(database), bytesMax: lostBytesMax)
        try SmallFile.append(line: mark.line(key), to: lostPath(database))
    }

    /// Nanoseconds until a mark is due of a log that ends at `end`; nil while there is nothing to mark.
    func wait(_ end: Int64) -> UInt64? {
        guard end > newest else { return nil }
        let passed = MonotonicClock.nanoseconds() - writtenAt
        return passed >= interval ? 0 : interval - passed
    }

    /// Marks the log's end where that is due. Only after a commit of this process, which synced all before it.
    ///
    /// A mark that cannot be written says less than it could, and nothing wrong: the next one is tried in its turn.
    func keep(_ log: AuditLog, isCheckpoint: Bool) {
        guard let wait = wait(log.endNumber), isCheckpoint || wait == 0 else { return }
        let end = log.end
        writtenAt = MonotonicClock.nanoseconds()
        let line = AuditMark(size: end.number, mac: end.mac).line(key)
        guard (try? file.write(Array(line.utf8))) != nil else { return }
        newest = end.number
    }

    // MARK: Reading

    private enum Found {
        case nothing, damaged
        case mark(AuditMark)
    }

    private static func newestMark(_ database: String, _ key: AuditKey) throws(FileFailure) -> Found {
        guard let places = try SlotFile.contents(markPath(database)) else { return .nothing }
        let marks = places.compactMap { AuditMark(line: String(decoding: $0, as: UTF8.self), key) }
        if let newest = marks.max(by: { $0.size < $1.size }) { return .mark(newest) }
        return places.allSatisfy(\.isEmpty) ? .nothing : .damaged
    }

    private static func lost(
        _ database: String, _ key: AuditKey
    ) throws(FileFailure) -> (marks: [AuditMark], damagedLines: [Int]) {
        guard let bytes = try SmallFile.readIfThere(lostPath(database), bytesMax: lostBytesMax, .secret) else {
            return ([], [])
        }
        var (marks, damaged): ([AuditMark], [Int]) = ([], [])
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        // After the last line break comes nothing, or part of a line that a power failure cut off.
        for (index, line) in lines.dropLast().enumerated() {
            if let mark = AuditMark(line: line, key) { marks.append(mark) } else { damaged.append(index + 1) }
        }
        return (marks, damaged)
    }

    private static func damage(
        _ mark: AuditMark, _ end: Int64, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> StoreDamage? {
        guard mark.size <= end else { return .rowsLost(from: end + 1, through: mark.size) }
        let row = try connection.first(AuditRow.macOf, bind: { $0.add(mark.size) }, read: { $0.bytes() })
        return row == mark.mac ? nil : .rowReplaced(number: mark.size)
    }

    /// What is known to be lost, for a check of the log: every mark, including earlier ones, compared with the rows as
    /// they are now.
    ///
    /// - Parameter end: the log's last row's number.
    static func findings(
        database: String, key: AuditKey, end: Int64, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> [AuditFinding] {
        guard let newest = try? newestMark(database, key), let lost = try? lost(database, key) else {
            return [AuditFinding(number: 0, fault: .markDamaged)]
        }
        var marks = lost.marks
        var findings = lost.damagedLines.map { _ in AuditFinding(number: 0, fault: .markDamaged) }
        switch newest {
        case .nothing: break
        case .damaged: findings.append(AuditFinding(number: 0, fault: .markDamaged))
        case .mark(let mark): if !marks.contains(mark) { marks.append(mark) }
        }
        if WALFile.isKept(ofDatabase: database) { findings.append(AuditFinding(number: 0, fault: .writeAheadLogCut)) }
        for mark in marks {
            let row = try connection.first(AuditRow.macOf, bind: { $0.add(mark.size) }, read: { $0.bytes() })
            guard row != mark.mac else { continue }
            findings.append(AuditFinding(number: min(end + 1, mark.size), fault: .rowsLost(through: mark.size)))
        }
        return findings
    }
}
