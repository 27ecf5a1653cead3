internal import AuditChain
internal import FoundationEssentials
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TextFormats

/// The lines of an `audit export`.
enum AuditExportFile {
    static func rows(_ path: String) throws -> [AuditRecord] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ProbeFailure.usage("cannot read \(path)")
        }
        let messages = try JSONText.own()
        var rows: [AuditRecord] = []
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("{\"number\"") {
            let event: Telehealth_V1_AuditEvent
            do { event = try messages.message(EarlierAuditLine.inTodaysNames(String(line))) } catch {
                throw ProbeFailure.usage("\(path) is not an audit export: \(error)")
            }
            guard let record = AuditRecord(event) else {
                throw ProbeFailure.usage("\(path) is not an audit export: row \(event.number) has no time")
            }
            rows.append(record)
        }
        return rows.sorted { $0.number < $1.number }
    }

    /// Index of the first row with this number or a higher one, by binary search.
    static func place(of number: Int64, in rows: [AuditRecord]) -> Int {
        var range = rows.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = rows[middle].number < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}

/// A row of an export from before API v1 was settled, with other names of two fields and the log's words for enums.
private enum EarlierAuditLine {
    private static let names = ["at": "occurTime", "subject": "caller"]

    /// A line in today's format is returned as it is; so is anything but a JSON object, which the JSON parser then
    /// refuses.
    static func inTodaysNames(_ line: String) -> String {
        guard case .object(var row)? = try? TextFormats.JSONText(parsing: Array(line.utf8)),
            names.keys.contains(where: { row[$0] != nil })
        else { return line }
        for (old, new) in names { row[new] = row.removeValue(forKey: old) }
        // An unknown word in an edited line becomes unset: the row then does not match its MAC.
        row["role"] = row["role"]?.stringValue.flatMap { Telehealth_V1_CallerRole.byWord[$0] }
            .map { .number(Int64($0.rawValue)) }
        row["outcome"] = row["outcome"]?.stringValue.flatMap { Telehealth_V1_AuditOutcome.byWord[$0] }
            .map { .number(Int64($0.rawValue)) }
        return TextFormats.JSONText.object(row).text
    }
}

extension AuditRecord {
    /// The row as stored in the log; nil without a time, which every exported row has.
    fileprivate init?(_ event: Telehealth_V1_AuditEvent) {
        guard let at = event.occurTime?.microseconds else { return nil }
        self.init(
            number: event.number,
            at: Timestamp(microseconds: at),
            subject: Subject(event.caller), role: event.role.word, actor: event.actor.map { Subject($0) },
            source: event.source,
            action: event.action, outcome: event.outcome.word ?? "", person: event.personID,
            sessionID: event.sessionID, target: event.target, reason: event.reason, count: event.count,
            previous: event.previousMac, mac: event.mac)
    }
}

extension Telehealth_V1_CallerRole {
    fileprivate static let byWord: [String: Self] = [
        "service": .service, "scheduler": .scheduler, "clinician": .clinician, "client": .client, "admin": .admin,
        "guest": .guest,
    ]

    /// The word as stored in the log; nil if unset.
    var word: String? { Self.byWord.first { $0.value == self }?.key }
}

extension Telehealth_V1_AuditOutcome {
    fileprivate static let byWord: [String: Self] = ["allowed": .allowed, "denied": .denied, "failed": .failed]

    /// The word as stored in the log; nil for a value without one.
    var word: String? { Self.byWord.first { $0.value == self }?.key }
}
