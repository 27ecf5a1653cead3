// How long a recording is kept, and what keeps it longer.

package import TelehealthModel

extension SessionDraft {
    /// Longest reason of a hold or a changed retention in bytes.
    static let reasonBytesMax = 1000

    /// - Throws: `RECORDING_NOT_FOUND`, `RECORDING_DELETED`, `RECORDING_BEING_DELETED`, `INVALID_FIELD`. A
    ///   second hold changes nothing.
    package mutating func setHold(_ id: RecordingID, reason: String, by principal: Principal) throws(TelehealthError)
    {
        try Self.validate(reason: reason)
        try requireObjects(of: id)
        change(id) { [now] in
            $0.hold = $0.hold ?? LegalHold(setAt: now, setBy: principal.name, reason: reason)
        }
    }

    /// What kept it is gone: its retention counts again. A recording without a hold stays as it is.
    ///
    /// - Throws: `RECORDING_NOT_FOUND`, `INVALID_FIELD`.
    package mutating func releaseHold(_ id: RecordingID, reason: String) throws(TelehealthError) {
        try Self.validate(reason: reason)
        guard state.recording(id) != nil else { throw TelehealthError(.recordingNotFound) }
        change(id) { $0.hold = nil }
    }

    /// - Parameter until: nil = until somebody sets it again. An instant that has passed means now.
    /// - Throws: `RECORDING_NOT_FOUND`, `RECORDING_DELETED`, `RECORDING_BEING_DELETED`, `INVALID_FIELD`.
    package mutating func setRetention(_ id: RecordingID, until: Timestamp?, reason: String) throws(TelehealthError) {
        try Self.validate(reason: reason)
        try requireObjects(of: id)
        change(id) { [now] in $0.retainUntil = until.map { max($0, now) } }
    }

    /// - Throws: `RECORDING_NOT_FOUND`.
    package mutating func linkNote(_ id: RecordingID, _ note: SessionNoteID?) throws(TelehealthError) {
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
