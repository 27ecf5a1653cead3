extension SessionEvent {
    /// Why an event came about.
    ///
    /// Stores and webhooks keep its ``word``. What that means depends on the kind of event and on the status: "OTHER"
    /// is one reason to end a visit and another one to cancel it.
    public enum Reason: Sendable, Hashable {
        case end(EndReason), cancel(CancelReason), noShow(NoShowParty), noShowUndone
        case left(DepartureReason), removed(RemovalReason), returned(ReturnReason)
        case recordingStop(Recording.StopCause)
        case role(ParticipantRole)
        case connection(ConnectionClass)
        /// A provider's word, the type of a consent, or what another version of this service wrote.
        case text(String)
    }
}

/// Why somebody is gone who did not say so.
public enum DepartureReason: String, Sendable, Hashable, CaseIterable { case presenceLost, rescheduled }

/// Why somebody was sent away without anybody's word.
public enum RemovalReason: String, Sendable, Hashable, CaseIterable {
    case reassigned, thirdPartyConsentMissing, guardianshipEnded
}

/// Why somebody waits again without anybody's word.
public enum ReturnReason: String, Sendable, Hashable, CaseIterable { case reassigned, thirdPartyConsentMissing }

extension SessionEvent.Reason {
    /// Stable: databases store it, and receivers of webhooks branch on it.
    public var word: String {
        switch self {
        case .end(let reason): wireName(reason)
        case .cancel(let reason): wireName(reason)
        case .noShow(let party): wireName(party)
        case .noShowUndone: "NO_SHOW_UNDONE"
        case .left(let reason): wireName(reason)
        case .removed(let reason): wireName(reason)
        case .returned(let reason): wireName(reason)
        case .recordingStop(let cause): wireName(cause)
        case .role(let role): wireName(role)
        case .connection(let quality): wireName(quality)
        case .text(let text): text
        }
    }

    /// The meaning of a stored word, of an event of a kind that left the session with a status. A word that means
    /// nothing there stays text.
    public init(_ word: String, of kind: SessionEvent.Kind, _ status: SessionStatus) {
        self = Self.known(of: kind, status).first { $0.word == word } ?? .text(word)
    }

    /// Every reason that an event of a kind may have which leaves the session with a status; none where words are not
    /// ours to choose.
    public static func known(of kind: SessionEvent.Kind, _ status: SessionStatus) -> [Self] {
        switch kind {
        case .statusChanged:
            switch status {
            case .completed: EndReason.allCases.map(Self.end)
            case .cancelled: CancelReason.allCases.map(Self.cancel)
            case .noShow: NoShowParty.allCases.map(Self.noShow)
            case .scheduled, .waitingRoom, .inProgress: [.noShowUndone]
            }
        case .participantLeft: DepartureReason.allCases.map(Self.left)
        case .participantRemoved: RemovalReason.allCases.map(Self.removed)
        case .participantReturned: ReturnReason.allCases.map(Self.returned)
        case .recordingStopping, .recordingStopped: Recording.StopCause.allCases.map(Self.recordingStop)
        case .participantInvited: ParticipantRole.allCases.map(Self.role)
        case .connectionQualityChanged: ConnectionClass.allCases.map(Self.connection)
        case .created, .participantWaiting, .participantAdmitted, .participantDenied, .meetingReady, .meetingFailed,
            .meetingEnded, .recordingRequested, .recordingStarted, .recordingAvailable, .recordingFailed,
            .recordingInterrupted, .recordingResumed, .recordingDeleted, .screenShareStarted, .screenShareStopped,
            .consentRevoked, .rescheduled, .invitationRevoked, .capabilitiesChanged, .deviceChanged:
            []
        }
    }

    /// Whether a rule may give this reason: nobody else than who wrote it knows a text again.
    package func fits(_ kind: SessionEvent.Kind, _ status: SessionStatus) -> Bool {
        guard case .text = self else { return Self.known(of: kind, status).contains(self) }
        switch kind {
        case .meetingFailed, .meetingEnded, .recordingFailed, .consentRevoked: return true
        default: return false
        }
    }
}
