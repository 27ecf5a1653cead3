internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel

extension SessionEvent {
    var wire: Telehealth_V1_SessionEvent {
        var wire = Telehealth_V1_SessionEvent()
        wire.sequence = sequence
        wire.occurTime = at.wire
        wire.status = status.wire
        wire.kind = wireKind
        return wire
    }

    private var wireKind: Telehealth_V1_SessionEvent.OneOf_Kind {
        switch kind {
        case .created: .sessionCreated(.init())
        case .statusChanged: .statusChanged(.with { $0.reason = changeReason })
        case .participantWaiting: .participantWaiting(.with { $0.participantID = participant })
        case .participantAdmitted: .participantAdmitted(.with { $0.participantID = participant })
        case .participantLeft:
            .participantLeft(
                .with {
                    $0.participantID = participant
                    $0.reason = leftReason
                })
        case .participantRemoved:
            .participantRemoved(
                .with {
                    $0.participantID = participant
                    $0.reason = removedReason
                })
        case .meetingReady: .meetingReady(.with { $0.generation = number })
        case .meetingFailed: .meetingFailed(.with { $0.generation = number })
        case .meetingEnded: .meetingEnded(.with { $0.generation = number })
        case .screenShareStarted:
            .screenShareStarted(
                .with {
                    $0.screenShareID = screenShareID?.rawValue ?? ""
                    $0.participantID = participant
                })
        case .screenShareStopped:
            .screenShareStopped(
                .with {
                    $0.screenShareID = screenShareID?.rawValue ?? ""
                    $0.participantID = participant
                })
        case .consentRevoked: .consentRevoked(.with { $0.participantID = participant })
        case .rescheduled: .rescheduled(.init())
        case .recordingRequested, .recordingStarted, .recordingStopping, .recordingStopped,
            .recordingAvailable, .recordingFailed, .recordingInterrupted, .recordingResumed,
            .recordingDeleted:
            recordingKind
        case .participantInvited, .invitationRevoked, .participantDenied, .participantReturned,
            .capabilitiesChanged, .deviceChanged:
            rosterKind
        case .connectionQualityChanged:
            .connectionQualityChanged(
                .with {
                    $0.participantID = participant
                    $0.quality = quality
                })
        }
    }

    /// The kinds about participants.
    private var rosterKind: Telehealth_V1_SessionEvent.OneOf_Kind {
        switch kind {
        case .participantInvited:
            .participantInvited(
                .with {
                    $0.participantID = participant
                    $0.role = invitedRole
                })
        case .invitationRevoked: .invitationRevoked(.init())
        case .participantDenied: .participantDenied(.with { $0.participantID = participant })
        case .participantReturned:
            .participantReturned(
                .with {
                    $0.participantID = participant
                    $0.reason = returnedReason
                })
        case .capabilitiesChanged: .capabilitiesChanged(.with { $0.participantID = participant })
        default: .deviceChanged(.with { $0.participantID = participant })
        }
    }

    /// The nine recording kinds, separate to keep both switches short.
    private var recordingKind: Telehealth_V1_SessionEvent.OneOf_Kind {
        let recording = recordingID?.rawValue ?? ""
        switch kind {
        case .recordingRequested: return .recordingRequested(.with { $0.recordingID = recording })
        case .recordingStarted: return .recordingStarted(.with { $0.recordingID = recording })
        case .recordingStopping:
            return .recordingStopping(
                .with {
                    $0.recordingID = recording
                    $0.reason = stopReason
                })
        case .recordingStopped:
            return .recordingStopped(
                .with {
                    $0.recordingID = recording
                    $0.reason = stopReason
                })
        case .recordingAvailable: return .recordingAvailable(.with { $0.recordingID = recording })
        case .recordingInterrupted: return .recordingInterrupted(.with { $0.recordingID = recording })
        case .recordingResumed: return .recordingResumed(.with { $0.recordingID = recording })
        case .recordingDeleted: return .recordingDeleted(.with { $0.recordingID = recording })
        default:
            return .recordingFailed(
                .with {
                    $0.recordingID = recording
                    $0.reason = reason?.word ?? ""
                })
        }
    }

    private var participant: String { participantID?.rawValue ?? "" }
    private var number: Int32 { Int32(clamping: generation ?? 0) }
}
