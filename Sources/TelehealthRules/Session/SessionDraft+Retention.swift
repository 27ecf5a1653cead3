// How long a recording is kept, and what keeps it longer.

package import TelehealthModel

extension SessionDraft {
    /// Longest reason of a hold or a changed retention in bytes.
    static let reasonBytesMax = 1000

    /// Changes how long a recording is kept, or the note that it belongs to.
    ///
    /// - Throws: `RECORDING_NOT_FOUND`, `INVALID_FIELD` for a reason; of a hold and a retention also
    ///   `RECORDING_DELETED` and `RECORDING_BEING_DELETED`; of a note `NOT_ALLOWED` for others than those who lead the
    ///   visit.
    package mutating func amend(
        _ id: RecordingID, _ amendment: RecordingAmendment, by standing: CallerMembership, _ principal: Principal
    ) throws(TelehealthError) {
        switch amendment {
        case .setHold(let reason): try setHold(id, reason: reason, by: principal)
        case .releaseHold(let reason): try releaseHold(id, reason: reason)
        case .setRetention(let until, let reason): try setRetention(id, until: until, reason: reason)
        case .linkNote(let note):
            guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
            try linkNote(id, note)
        }
    }

    private mutating func setHold(_ id: RecordingID, reason: String, by principal: Principal) throws(TelehealthError) {
        try Self.validate(reason: reason)
        try requireObjects(of: id)
        change(id) { [now] in
            $0.hold = $0.hold ?? LegalHold(setAt: now, setBy: principal.name, reason: reason)
        }
    }

    private mutating func releaseHold(_ id: RecordingID, reason: String) throws(TelehealthError) {
        try Self.validate(reason: reason)
        guard state.recording(id) != nil else { throw TelehealthError(.recordingNotFound) }
        change(id) { $0.hold = nil }
    }

    private mutating func setRetention(_ id: RecordingID, until: Timestamp?, reason: String) throws(TelehealthError) {
        try Self.validate(reason: reason)
        try requireObjects(of: id)
        change(id) { [now] in $0.retainUntil = until.map { max($0, now) } }
    }

    private mutating func linkNote(_ id: RecordingID, _ note: SessionNoteID?) throws(TelehealthError) {
        guard state.recording(id) != nil else { throw TelehealthError(.recordingNotFound) }
        change(id) { $0.sessionNoteID = note }
    }

    /// Its time is over and nothing keeps it: the objects go. Looks again, since a hold may have come.
    package mutating func retire(_ id: RecordingID) {
        guard let recording = state.recording(id), recording.hold == nil,
            let end = recording.retainUntil, end <= now
        else { return }
        switch recording.state {
        case .available, .failed: break
        case .requested, .starting, .recording, .stopping, .processing, .deleting, .deleted: return
        }
        change(id) { $0.state = .deleting }
        enqueue(.recording(.deleteObjects, id, generation: recording.generation))
    }

    mutating func objectsDeleted(_ id: RecordingID) {
        guard let recording = state.recording(id), recording.state == .deleting else { return }
        change(id) { [now] in
            $0.state = .deleted
            $0.deletedAt = now
        }
        emit(.recordingDeleted, recording: id, generation: recording.generation)
    }

    private func requireObjects(of id: RecordingID) throws(TelehealthError) {
        guard let recording = state.recording(id) else { throw TelehealthError(.recordingNotFound) }
        switch recording.state {
        case .deleting: throw TelehealthError(.recordingBeingDeleted)
        case .deleted: throw TelehealthError(.recordingDeleted)
        case .requested, .starting, .recording, .stopping, .processing, .available, .failed: return
        }
    }

    static func validate(reason: String) throws(TelehealthError) {
        guard reason.saysSomething, reason.utf8.count <= reasonBytesMax else {
            throw .invalid("reason", "must have 1 to \(reasonBytesMax) bytes")
        }
    }
}
