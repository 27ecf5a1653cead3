package import TelehealthModel

/// One thing that an outbound operation established about its session. The worker finds it out without touching the
/// session; ``SessionDraft/apply(_:_:)`` is the only place that says what it changes.
package enum OutboundResult: Sendable, Hashable {
    case meetingCreated(generation: Int, ChimeMeeting, attendees: [AttendeeCredentials])
    /// Chime refused, or was never asked; `reason` is AWS's own word.
    case meetingFailed(generation: Int, MeetingGeneration.Failure, reason: String)
    /// Chime refuses for now and is asked again.
    case meetingRefused(generation: Int, MeetingGeneration.Failure)
    /// The meeting ended without our asking.
    case meetingGone(generation: Int)
    case meetingDeleted(generation: Int)

    case attendeeDeleted(ParticipantID, attendeeID: String)

    /// Chime has a capture for this recording.
    case captureFound(RecordingID, MediaPipeline)
    case captureRuns(RecordingID)
    /// No capture runs or ran.
    case captureNeverRan(RecordingID, reason: String)
    /// AWS refused the start, and nothing runs.
    case captureStartRefused(RecordingID, Recording.WaitReason)
    /// The capture failed or no longer exists, before it was known to run.
    case captureFailed(RecordingID, reason: String)
    /// The capture does not start in time, or died: what may be left of it must be stopped.
    case captureBroken(RecordingID)
    case captureStopped(RecordingID)
    case concatenationStarted(RecordingID, MediaPipeline)
    case concatenationFailed(RecordingID, pipelineID: String)
    case fileFound(RecordingID, key: String, StoredObject)
    case objectsDeleted(RecordingID)
    /// Calls for the recording do not succeed, for this reason; nil = they do again.
    case recordingWaits(RecordingID, Recording.WaitReason?)
}

extension SessionDraft {
    /// - Parameter ledger: the consents of everybody in the session who was not removed.
    package mutating func apply(_ result: OutboundResult, _ ledger: ConsentLedger) {
        switch result {
        case .meetingCreated(let generation, let meeting, let attendees):
            meetingCreated(generation, meeting, attendees: attendees)
        case .meetingFailed(let generation, let failure, let reason):
            meetingFailed(generation, failure, reason: reason)
        case .meetingRefused(let generation, let failure): meetingRefused(generation, failure)
        case .meetingGone(let generation): meetingGone(generation)
        case .meetingDeleted(let generation): meetingDeleted(generation)
        case .attendeeDeleted(let id, let attendeeID): attendeeDeleted(id, attendeeID)
        case .captureFound(let id, let pipeline): captureAnswered(id, pipeline, ledger: ledger)
        case .captureRuns(let id): captureRuns(id)
        case .captureNeverRan(let id, let reason): captureNeverRan(id, reason: reason, ledger: ledger)
        case .captureStartRefused(let id, let reason): captureStartRefused(id, reason)
        case .captureFailed(let id, let reason): captureFailed(id, reason: reason, ledger: ledger)
        case .captureBroken(let id): stopCapture(of: id, cause: .failed, by: Principal.system.name)
        case .captureStopped(let id): captureStopped(id, ledger: ledger)
        case .concatenationStarted(let id, let pipeline): concatenationStarted(id, pipeline)
        case .concatenationFailed(let id, let pipelineID): concatenationFailed(id, pipelineID)
        case .fileFound(let id, let key, let object): objectSeen(id, key: key, object)
        case .objectsDeleted(let id): objectsDeleted(id)
        case .recordingWaits(let id, let reason): recordingWaits(id, reason)
        }
    }
}
