public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// Copies the database once per request id; the name holds the time. A repeat says nothing of progress.
    ///
    /// Not to be run in a task that may be cancelled: the copy goes on to its end, and its row follows.
    ///
    /// The copy is made before its audit row is committed: a crash between leaves a file that was not reported,
    /// never a report of a missing file.
    /// - Throws: `STORE_OVERLOADED` while another backup runs, `STORE_UNAVAILABLE`, `REQUEST_ID_REUSED`.
    public func backUpDatabase(
        _ care: any DatabaseMaintenance, progress: @escaping ProgressReport = { _ in }, _ invocation: Invocation
    ) async throws(TelehealthError) -> BackupOutcome {
        try await change("BackupDatabase", hasEffect: true, invocation) { _, name throws(TelehealthError) in
            BackupOutcome(fileName: name.text, byteCount: care.backupSize(fileName: name.text) ?? 0)
        } decide: { () throws(TelehealthError) in
            let name = Self.backupName(at: time.now) { care.backupSize(fileName: $0) != nil }
            let size = try await reading { () async throws(StoreError) in
                try await care.backUp(fileName: name, progress: progress)
            }
            var decision = Decision()
            decision.audit = [
                Principal.caller(invocation.caller).audit("BackupDatabase", at: time.now, target: name)
            ]
            return CommandResult(
                decision: decision, outcome: BackupOutcome(fileName: name, byteCount: size), made: BackupName(name))
        }
    }

    /// One check at a time, with a pause after each (``InspectionTurn``).
    ///
    /// - Returns: what is wrong with the database, one sentence each; empty = sound.
    /// - Throws: `STORE_OVERLOADED` while another check runs or waits, `STORE_UNAVAILABLE`, `CALL_CANCELLED`.
    public func checkDatabase(
        _ care: any DatabaseMaintenance, progress: @escaping ProgressReport = { _ in }
    ) async throws(TelehealthError) -> [String] {
        let busy = TelehealthError(.storeOverloaded, retryAfter: .seconds(5))
        return try await checkTurn.run(time, busy: busy, waits: { progress(WorkProgress(.waiting)) }) {
            () async throws(TelehealthError) in
            do throws(StoreError) {
                return try await care.integrityCheck(progress: progress)
            } catch {
                throw Task.isCancelled ? TelehealthError(.callCancelled) : TelehealthError(error)
            }
        }
    }

    /// "telehealth-20261122T195512.123456Z.db": sorts by time, and two in one second differ. Where the clock went back
    /// to a name that is taken, a number follows.
    static func backupName(at now: Timestamp, isTaken: (String) -> Bool) -> String {
        let stamp = now.rfc3339Microseconds.filter { $0 != "-" && $0 != ":" }
        var name = "telehealth-\(stamp).db"
        var number = 2
        while isTaken(name) {
            name = "telehealth-\(stamp)-\(number).db"
            number += 1
        }
        return name
    }

    /// Effects that were given up, oldest first.
    public func failedEffects(after: EffectID?, limit: Int) async throws(TelehealthError) -> [Effect] {
        try await reading { () async throws(StoreError) in
            try await store.deadEffects(after: after, limit: limit)
        }
    }

    public func effectCounts() async throws(TelehealthError) -> EffectCounts {
        try await reading { () async throws(StoreError) in try await store.effectCounts() }
    }

    /// Puts an effect that was given up back into its lane.
    ///
    /// - Throws: `OPERATION_NOT_FOUND`, `OPERATION_NOT_FAILED`, `REQUEST_ID_REUSED`.
    public func retryEffect(_ id: EffectID, _ invocation: Invocation) async throws(TelehealthError) {
        try await change("RetryOperation", invocation) { _, _ throws(TelehealthError) in
        } decide: { () throws(TelehealthError) in
            let effect = try await reading { () async throws(StoreError) in try await store.effect(id) }
            guard let effect else { throw TelehealthError(.effectNotFound) }
            guard effect.state == .dead else { throw TelehealthError(.effectNotFailed) }
            var revived = effect
            revived.state = .pending
            revived.attempts = 0
            revived.refusal = nil
            revived.notBefore = time.now
            revived.leasedUntil = nil
            var decision = Decision()
            decision.expectations = [.deadEffect(id)]
            decision.changes = [.effect(revived)]
            decision.audit = [
                Principal.caller(invocation.caller).audit(
                    "RetryOperation", at: time.now, session: effect.sessionID, target: id.rawValue)
            ]
            return CommandResult(decision: decision, outcome: (), sessionID: effect.sessionID, made: NothingMade())
        }
    }

    /// A recording with the meeting that was recorded, as a support case at AWS needs them. Audited.
    ///
    /// - Throws: `RECORDING_NOT_FOUND`.
    public func recordingWithMeeting(_ id: RecordingID, _ invocation: Invocation) async throws(TelehealthError)
        -> (recording: Recording, meeting: MeetingGeneration?)
    {
        let action = "GetRecordingProviderDetails"
        let state: SessionState
        let recording: Recording
        do {
            (state, _, recording) = try await visible(id, invocation.caller)
        } catch {
            try await auditDenial(error, action, nil, invocation)
            throw error
        }
        try await auditRead(action, session: recording.sessionID, target: id.rawValue, invocation)
        return (recording, state.meeting(recording.generation))
    }
}

/// A finished copy of the database.
public struct BackupOutcome: Sendable, Hashable {
    public let fileName: String
    /// 0 when the file was moved away before a repeated request.
    public let byteCount: Int64
}
