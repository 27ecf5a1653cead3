internal import TelehealthAPI
internal import TelehealthModel

// The reasons of events. A missing reason, where one is possible, means that a caller requested it; a reason stored
// by another version of this service is UNSPECIFIED.

extension SessionEvent {
    /// The reason of a changed status. The status itself determines the kind of reason.
    var changeReason: Telehealth_V1_StatusChanged.OneOf_Reason? {
        switch reason {
        case nil: nil
        case .end(let reason)?: .endReason(reason.wire)
        case .cancel(let reason)?: .cancelReason(reason.wire)
        case .noShow(let party)?: .noShowParty(party.wire)
        case .noShowUndone?: .noShowUndone(.init())
        default:
            switch status {
            case .completed: .endReason(.unspecified)
            case .cancelled: .cancelReason(.unspecified)
            case .noShow: .noShowParty(.unspecified)
            case .scheduled, .waitingRoom, .inProgress: nil
            }
        }
    }

    var leftReason: Telehealth_V1_ParticipantLeftReason {
        switch reason {
        case nil: .requested
        case .left(let reason)?: reason.wire
        default: .unspecified
        }
    }

    var removedReason: Telehealth_V1_ParticipantRemovedReason {
        switch reason {
        case nil: .requested
        case .removed(let reason)?: reason.wire
        default: .unspecified
        }
    }

    var returnedReason: Telehealth_V1_ParticipantReturnedReason {
        switch reason {
        case nil: .requested
        case .returned(let reason)?: reason.wire
        default: .unspecified
        }
    }

    var stopReason: Telehealth_V1_RecordingStopReason {
        if case .recordingStop(let cause) = reason { cause.wire } else { .unspecified }
    }

    var invitedRole: Telehealth_V1_ParticipantRole {
        if case .role(let role) = reason { role.wire } else { .unspecified }
    }

    var quality: Telehealth_V1_ConnectionQuality {
        if case .connection(let quality) = reason { quality.wire } else { .unspecified }
    }
}

extension DepartureReason {
    var wire: Telehealth_V1_ParticipantLeftReason {
        switch self {
        case .presenceLost: .presenceLost
        case .rescheduled: .rescheduled
        }
    }
}

extension RemovalReason {
    var wire: Telehealth_V1_ParticipantRemovedReason {
        switch self {
        case .reassigned: .reassigned
        case .thirdPartyConsentMissing: .thirdPartyConsentMissing
        case .guardianshipEnded: .guardianshipEnded
        }
    }
}

extension ReturnReason {
    var wire: Telehealth_V1_ParticipantReturnedReason {
        switch self {
        case .reassigned: .reassigned
        case .thirdPartyConsentMissing: .thirdPartyConsentMissing
        }
    }
}

extension ConnectionClass {
    var wire: Telehealth_V1_ConnectionQuality {
        switch self {
        case .good: .good
        case .fair: .fair
        case .poor: .poor
        }
    }
}
