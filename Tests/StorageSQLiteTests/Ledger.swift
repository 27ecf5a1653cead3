import AuditChain
import DurableFile
import Foundation
import Storage
import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

/// A workload whose every step leaves the same mark in several tables, so that a lost or halved one shows.
///
/// Step k of session i sets its version to k and adds event k, participant k, effect k and request k.
struct Ledger: Sendable {
    var sessions = 6
    var steps = 4
    var writers = 3

    /// Per session, the last step answered as committed and the last one asked for.
    struct Record: Sendable, Hashable {
        var acknowledged: Int64 = 0
        var attempted: Int64 = 0
    }

    static func decision(_ index: Int, step: Int64) -> Decision {
        let name = "\(index)"
        var decision = Decision()
        var session = Sample.session(name)
        session.version = step
        session.lastEventSequence = step
        decision.expectations = [.session(session.id, version: step - 1)]
        if step == 1 { decision.changes.append(.appointment(Sample.appointment(name))) }
        decision.changes += [
            .session(session), .participant(Sample.participant("p-\(index)-\(step)", session: name)),
            .effect(Sample.effect("e-\(index)-\(step)", session: name, sequence: step)),
        ]
        decision.events = [Sample.event(step, session: name)]
        decision.audit = [Sample.audit("step")]
        decision.request = request(index, step)
        return decision
    }

    private static func request(_ index: Int, _ step: Int64) -> RequestRecord {
        Sample.request("r-\(index)-\(step)")
    }

    /// Several writers at once, each with its own sessions; one gives a session up at its first error.
    func run(_ store: SQLiteStore) async -> [Record] {
        await withTaskGroup(of: [(Int, Record)].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var records: [(Int, Record)] = []
                    for index in stride(from: writer, to: sessions, by: writers) {
                        records.append((index, await Self.write(store, index, steps: steps)))
                    }
                    return records
                }
            }
            var all = [Record](repeating: Record(), count: sessions)
            for await records in group {
                for (index, record) in records { all[index] = record }
            }
            return all
        }
    }

    private static func write(_ store: SQLiteStore, _ index: Int, steps: Int) async -> Record {
        var record = Record()
        for step in 1...Int64(steps) {
            record.attempted = step
            guard (try? await store.apply(decision(index, step: step))) == .committed else { break }
            record.acknowledged = step
        }
        return record
    }

    /// What is wrong with a store that was opened after a failure: acknowledged steps that are missing, steps
    /// that nobody asked for, steps that are there in part, damage to the file.
    static func problems(_ records: [Record], in store: SQLiteStore) async throws -> [String] {
        var problems = try await store.maintenance.integrityCheck()
        for (index, record) in records.enumerated() {
            let state = try await store.session(SessionID("session-\(index)"))
            let step = state?.session.version ?? 0
            if step < record.acknowledged {
                problems.append("session \(index): \(step) of \(record.acknowledged) steps")
            }
            if step > record.attempted {
                problems.append("session \(index): step \(step) was never asked for")
            }
            let events = try await store.events(of: SessionID("session-\(index)"), after: 0, limit: 100)
            if events?.count != Int(step) {
                problems.append("session \(index): step \(step), events \(events?.count ?? -1)")
            }
            let participants = state?.participants.count ?? 0
            if participants != Int(step) {
                problems.append("session \(index): \(step) steps, \(participants) participants")
            }
            for number in 1...max(record.attempted, 1) {
                let isThere = try await store.request(request(index, number).key) != nil
                if isThere != (number <= step) {
                    problems.append("session \(index): step \(step), request \(number)")
                }
            }
        }
        let effects = try await store.operations.claimEffects(limit: 1_000, now: Sample.at(1), lease: .zero)
        let sessions = try await store.openSessions(
            startingBefore: Sample.at(9_999), untouchedEndingBefore: Sample.at(99_999), after: nil, limit: 1_000)
        // The first effect of every session is due; the later ones wait behind it.
        if effects.count != sessions.count {
            problems.append("\(effects.count) first effects, \(sessions.count) sessions")
        }
        return problems
    }

    /// The mark is written around the faulty layer: what it says last was on the device, which is the hardest case.
    static func takeMark(from live: String, to found: String) throws {
        let name = "telehealth.db.mark"
        guard FileManager.default.fileExists(atPath: "\(live)/\(name)") else { return }
        try FileManager.default.copyItem(atPath: "\(live)/\(name)", toPath: "\(found)/\(name)")
    }

    /// Opens what a failure left with the plain layer and looks.
    static func problems(_ records: [Record], inDirectory directory: String) async throws -> [String] {
        var configuration = StoreConfiguration.withRingOfTests
        configuration.auditKeyFile = Folder.parent(of: directory) + "/live.audit/chain.key"
        // A power cut loses nothing that was acknowledged: whoever calls it damage raises a false alarm.
        let log = ConditionLog()
        configuration.onCondition = { log.note($0) }
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        var problems = log.conditions.map { "reported \($0)" }
        problems += try await Self.problems(records, in: store)
        problems += try await store.auditTrail.auditDoubts().map(\.description)
        // Whatever was lost, the audit log that is left is whole, and as long as the steps that are left.
        let report = try await store.auditReport()
        problems += report.findings.map(\.description)
        var steps: Int64 = 0
        for index in records.indices {
            steps += try await store.session(SessionID("session-\(index)"))?.session.version ?? 0
        }
        if report.rowsChecked != steps { problems.append("\(steps) steps, \(report.rowsChecked) audit rows") }
        await store.close()
        return problems
    }
}

/// The conditions a store reported.
final class ConditionLog: Sendable {
    private let log = Mutex<[StoreCondition]>([])
    func note(_ condition: StoreCondition) { log.withLock { $0.append(condition) } }
    var conditions: [StoreCondition] { log.withLock { $0 } }
    var isReadOnly: Bool {
        conditions.contains { if case .readOnly = $0 { true } else { false } }
    }
}

extension StoreConfiguration {
    /// Small thresholds, so that a short workload checkpoints and begins its WAL anew several times.
    static func faulty(_ vfs: FaultVFS, log: ConditionLog? = nil) -> StoreConfiguration {
        var configuration = StoreConfiguration.withRingOfTests
        configuration.vfs = vfs.name
        configuration.markInterval = .zero
        configuration.checkpointPages = 40
        configuration.idleCheckpointPages = 20
        if let log { configuration.onCondition = { log.note($0) } }
        return configuration
    }
}
