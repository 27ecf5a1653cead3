internal import TelehealthAPI
internal import TelehealthModel

// Domain to wire by exhaustive switches; wire to domain by searching the domain cases for the wire value, so that
// each pair is written once. An enum value without a domain case (unspecified, unrecognized) becomes nil.

extension CaseIterable {
    static func from<Wire: Equatable>(_ wire: Wire, _ form: (Self) -> Wire) -> Self? {
        allCases.first { form($0) == wire }
    }
}

extension Role {
    var wire: Telehealth_V1_CallerRole {
        switch self {
        case .service: .service
        case .scheduler: .scheduler
        case .clinician: .clinician
        case .client: .client
        case .admin: .admin
        case .guest: .guest
        }
    }
}

extension SessionStatus {
    init?(_ wire: Telehealth_V1_SessionStatus) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_SessionStatus {
        switch self {
        case .scheduled: .scheduled
        case .waitingRoom: .waitingRoom
        case .inProgress: .inProgress
        case .completed: .completed
        case .cancelled: .cancelled
        case .noShow: .noShow
        }
    }
}

extension AdmissionPolicy {
    init?(_ wire: Telehealth_V1_AdmissionPolicy) {
        switch wire {
        case .onClinicianJoin: self = .onClinicianJoin
        case .manual: self = .manual
        case .unspecified, .unrecognized: return nil
        }
    }

    var wire: Telehealth_V1_AdmissionPolicy {
        switch self {
        case .onClinicianJoin: .onClinicianJoin
        case .manual: .manual
        }
    }
}

extension EndReason {
    /// Only what a caller may use: the service's own reasons become nil.
    init?(requested wire: Telehealth_V1_EndReason) {
        guard let value = Self.from(wire, \.wire), value != .allLeft, value != .timeout else { return nil }
        self = value
    }

    var wire: Telehealth_V1_EndReason {
        switch self {
        case .normal: .normal
        case .technicalFailure: .technicalFailure
        case .clientLeft: .clientLeft
        case .clinicianLeft: .clinicianLeft
        case .allLeft: .allLeft
        case .timeout: .timeout
        case .safety: .safety
        case .other: .other
        }
    }
}

extension CancelReason {
    /// Only what a caller may use: the service's own reasons become nil.
    init?(requested wire: Telehealth_V1_CancelReason) {
        guard let value = Self.from(wire, \.wire), value != .appointmentCancelled, value != .clinicianNoShow
        else {
            return nil
        }
        self = value
    }

    var wire: Telehealth_V1_CancelReason {
        switch self {
        case .client: .client
        case .clinician: .clinician
        case .technical: .technical
        case .appointmentCancelled: .appointmentCancelled
        case .clinicianNoShow: .clinicianNoShow
        case .other: .other
        }
    }
}

extension NoShowParty {
    init?(_ wire: Telehealth_V1_NoShowParty) {
        switch wire {
        case .client: self = .client
        case .both: self = .both
        case .unspecified, .unrecognized: return nil
        }
    }

    var wire: Telehealth_V1_NoShowParty {
        switch self {
        case .client: .client
        case .both: .both
        }
    }
}

extension ParticipantRole {
    init?(_ wire: Telehealth_V1_ParticipantRole) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_ParticipantRole {
        switch self {
        case .clinician: .clinician
        case .client: .client
        case .guardian: .guardian
        case .coClinician: .coClinician
        case .supervisor: .supervisor
        case .interpreter: .interpreter
        case .observer: .observer
        case .guest: .guest
        }
    }
}

extension Invitation.State {
    var wire: Telehealth_V1_InvitationState {
        switch self {
        case .open: .open
        case .used: .used
        case .revoked: .revoked
        case .expired: .expired
        }
    }
}

extension ParticipantState {
    var wire: Telehealth_V1_ParticipantState {
        switch self {
        case .expected: .expected
        case .waiting: .waiting
        case .admitted: .admitted
        case .left: .left
        case .removed: .removed
        case .denied: .denied
        }
    }
}

extension DeviceType {
    init?(_ wire: Telehealth_V1_DeviceType) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_DeviceType {
        switch self {
        case .desktop: .desktop
        case .tablet: .tablet
        case .mobile: .mobile
        }
    }
}

extension MeetingGeneration.State {
    var wire: Telehealth_V1_MeetingState {
        switch self {
        case .intent: .intent
        case .active: .active
        case .ending: .ending
        case .ended: .ended
        case .failed: .failed
        }
    }
}

extension Recording.State {
    var wire: Telehealth_V1_RecordingState {
        switch self {
        case .requested: .requested
        case .starting: .starting
        case .recording: .recording
        case .stopping: .stopping
        case .processing: .processing
        case .available: .available
        case .failed: .failed
        case .deleting: .deleting
        case .deleted: .deleted
        }
    }
}

extension Recording.Purpose {
    init?(_ wire: Telehealth_V1_RecordingPurpose) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_RecordingPurpose {
        switch self {
        case .clinical: .clinical
        case .training: .training
        case .qualityAssurance: .qualityAssurance
        }
    }
}

extension Recording.StopCause {
    var wire: Telehealth_V1_RecordingStopReason {
        switch self {
        case .requested: .requested
        case .consentRevoked: .consentRevoked
        case .sessionEnded: .sessionEnded
        case .consentMissing: .consentMissing
        case .meetingEnded: .meetingEnded
        case .failed: .failed
        }
    }
}

extension MediaCapabilities.Direction {
    init?(_ wire: Telehealth_V1_MediaCapability) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_MediaCapability {
        switch self {
        case .sendReceive: .sendReceive
        case .send: .send
        case .receive: .receive
        case .none: .none
        }
    }
}
