internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension History {
    // AWS

    /// Some of what happened is told: late, twice, and in any order.
    func tell() async {
        let told = clinic.chime.told
        guard !told.isEmpty else { return }
        var entries: [String] = []
        for _ in 0..<(1 + pick(6)) {
            let index = pick(told.count)
            let fact = told[index]
            var script = EventScript(meetingID: fact.meetingID, token: fact.token)
            entries.append(
                script.add(
                    fact.type,
                    at: Double(fact.at.microseconds - VirtualTime.nine.microseconds) / 1_000_000,
                    user: fact.user, pipeline: fact.pipeline, id: "told-\(index)"))
        }
        let report = await attempt("tell \(entries.count)") { () throws(TelehealthError) in
            try await life.useCases.quality.ingest(
                entries, Invocation(caller: Clinic.caller(SubjectID("forwarder"), .service)))
        }
        if let report, !report.malformed.isEmpty { fail("an event of ours was not read") }
    }

    /// An administrator holds a recording, releases it, or ends its time.
    func keep() async {
        let all = clinic.store.snapshot.sessions.values.flatMap(\.recordings)
            .sorted { $0.id.rawValue < $1.id.rawValue }
        guard !all.isEmpty else { return }
        let id = all[pick(all.count)].id
        let way = pick(3)
        await attempt("keep \(way)") { () throws(TelehealthError) in
            switch way {
            case 0: try await life.useCases.recordings.setHold(on: id, reason: "case", invocation(Clinic.admin))
            case 1: try await life.useCases.recordings.releaseHold(on: id, reason: "over", invocation(Clinic.admin))
            default:
                try await life.useCases.recordings.setRetention(
                    of: id, until: clinic.time.now, reason: "asked", invocation(Clinic.admin))
            }
        }
    }
}
