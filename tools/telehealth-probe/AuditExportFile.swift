internal import AuditChain
internal import Foundation
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TextFormats

/// The lines that `audit export` writes.
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
                throw ProbeFailure.usage("\(path) is no export: \(error)")
            }
            guard let record = AuditRecord(event) else {
                throw ProbeFailure.usage("\(path) is no export: row \(event.number) has no instant")
            }
            rows.append(record)
        }
        return rows.sorted { $0.number < $1.number }
    }

    /// Index of the first row with this number or a higher one, by halving.
    static func place(of number: Int64, in rows: [AuditRecord]) -> Int {
        var range = rows.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = rows[middle].number < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}

/// A row of an export from before API v1 was settled: other names of two fields, and the log's words for enums.
private enum EarlierAuditLine {
    private static let names = ["at": "occurTime", "subject": "caller"]

    /// A line of today is returned as it is; so is what is no JSON object, for the JSON reader to refuse.
    static func inTodaysNames(_ line: String) throws -> String {
        guard var row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            names.keys.contains(where: { row[$0] != nil })
        else { return line }
        for (old, new) in names { row[new] = row.removeValue(forKey: old) }
        // A word that the log never had, in an edited line, becomes none: the row then does not fit its MAC.
        row["role"] = (row["role"] as? String).flatMap { Telehealth_V1_CallerRole.byWord[$0]?.rawValue }
        row["outcome"] = (row["outcome"] as? String).flatMap { Telehealth_V1_AuditOutcome.byWord[$0]?.rawValue }
        return String(decoding: try JSONSerialization.data(withJSONObject: row), as: UTF8.self)
    }
}

extension AuditRecord {
    /// As the log keeps it. nil without an instant: an export has one in each row.
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

    /// As the log keeps it; nil for none.
    var word: String? { Self.byWord.first { $0.value == self }?.key }
}

extension Telehealth_V1_AuditOutcome {
    fileprivate static let byWord: [String: Self] = ["allowed": .allowed, "denied": .denied, "failed": .failed]

    /// As the log keeps it; nil for a word that has no value here.
    var word: String? { Self.byWord.first { $0.value == self }?.key }
}
