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
        case .statusChanged: .statusChanged(filled { $0.reason = changeReason })
        case .participantWaiting: .participantWaiting(filled { $0.participantID = participant })
        case .participantAdmitted: .participantAdmitted(filled { $0.participantID = participant })
        case .participantLeft:
            .participantLeft(
                filled {
                    $0.participantID = participant
                    $0.reason = leftReason
                })
        case .participantRemoved:
            .participantRemoved(
                filled {
                    $0.participantID = participant
                    $0.reason = removedReason
                })
        case .meetingReady: .meetingReady(filled { $0.generation = number })
        case .meetingFailed: .meetingFailed(filled { $0.generation = number })
        case .meetingEnded: .meetingEnded(filled { $0.generation = number })
        case .screenShareStarted:
            .screenShareStarted(
                filled {
                    $0.screenShareID = screenShareID?.rawValue ?? ""
                    $0.participantID = participant
                })
        case .screenShareStopped:
            .screenShareStopped(
                filled {
                    $0.screenShareID = screenShareID?.rawValue ?? ""
                    $0.participantID = participant
                })
        case .consentRevoked: .consentRevoked(filled { $0.participantID = participant })
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
                filled {
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
                filled {
                    $0.participantID = participant
                    $0.role = invitedRole
                })
        case .invitationRevoked: .invitationRevoked(.init())
        case .participantDenied: .participantDenied(filled { $0.participantID = participant })
        case .participantReturned:
            .participantReturned(
                filled {
                    $0.participantID = participant
                    $0.reason = returnedReason
                })
        case .capabilitiesChanged: .capabilitiesChanged(filled { $0.participantID = participant })
        default: .deviceChanged(filled { $0.participantID = participant })
        }
    }

    /// The nine recording kinds, separate to keep both switches short.
    private var recordingKind: Telehealth_V1_SessionEvent.OneOf_Kind {
        let recording = recordingID?.rawValue ?? ""
        switch kind {
        case .recordingRequested: return .recordingRequested(filled { $0.recordingID = recording })
        case .recordingStarted: return .recordingStarted(filled { $0.recordingID = recording })
        case .recordingStopping:
            return .recordingStopping(
                filled {
                    $0.recordingID = recording
                    $0.reason = stopReason
                })
        case .recordingStopped:
            return .recordingStopped(
                filled {
                    $0.recordingID = recording
                    $0.reason = stopReason
                })
        case .recordingAvailable: return .recordingAvailable(filled { $0.recordingID = recording })
        case .recordingInterrupted: return .recordingInterrupted(filled { $0.recordingID = recording })
        case .recordingResumed: return .recordingResumed(filled { $0.recordingID = recording })
        case .recordingDeleted: return .recordingDeleted(filled { $0.recordingID = recording })
        default:
            return .recordingFailed(
                filled {
                    $0.recordingID = recording
                    $0.reason = reason?.word ?? ""
                })
        }
    }

    private var participant: String { participantID?.rawValue ?? "" }
    private var number: Int32 { Int32(clamping: generation ?? 0) }
}
