import TelehealthModel
import Testing

@Suite("Reasons of events") struct SessionEventReasonTests {
    /// What is in databases, and what receivers of webhooks branch on.
    static let words: [(kind: SessionEvent.Kind, status: SessionStatus, words: [String])] = [
        (
            .statusChanged, .completed,
            [
                "NORMAL", "TECHNICAL_FAILURE", "CLIENT_LEFT", "CLINICIAN_LEFT", "ALL_LEFT", "TIMEOUT", "SAFETY",
                "OTHER",
            ]
        ),
        (
            .statusChanged, .cancelled,
            ["CLIENT", "CLINICIAN", "TECHNICAL", "APPOINTMENT_CANCELLED", "CLINICIAN_NO_SHOW", "OTHER"]
        ),
        (.statusChanged, .noShow, ["CLIENT", "BOTH"]),
        (.statusChanged, .scheduled, ["NO_SHOW_UNDONE"]),
        (.participantLeft, .inProgress, ["PRESENCE_LOST", "RESCHEDULED"]),
        (
            .participantRemoved, .inProgress, ["REASSIGNED", "THIRD_PARTY_CONSENT_MISSING", "GUARDIANSHIP_ENDED"]
        ),
        (.participantReturned, .inProgress, ["REASSIGNED", "THIRD_PARTY_CONSENT_MISSING"]),
        (.recordingStopping, .inProgress, stopWords), (.recordingStopped, .completed, stopWords),
        (
            .participantInvited, .scheduled,
            [
                "CLINICIAN", "CLIENT", "GUARDIAN", "CO_CLINICIAN", "SUPERVISOR", "INTERPRETER", "OBSERVER", "GUEST",
            ]
        ),
        (.connectionQualityChanged, .inProgress, ["GOOD", "FAIR", "POOR"]),
    ]
    static let stopWords = [
        "REQUESTED", "CONSENT_REVOKED", "SESSION_ENDED", "CONSENT_MISSING", "MEETING_ENDED", "FAILED",
    ]

    @Test func `each has the word that it always had, and no word is forgotten`() {
        for (kind, status, words) in Self.words {
            #expect(SessionEvent.Reason.known(of: kind, status).map(\.word) == words)
        }
        let listed = Set(Self.words.map(\.kind))
        for kind in SessionEvent.Kind.allCases where !listed.contains(kind) {
            #expect(SessionEvent.Reason.known(of: kind, .inProgress).isEmpty)
        }
    }

    @Test(arguments: SessionEvent.Kind.allCases, SessionStatus.allCases)
    func `each is read from its word, and a word without meaning is kept`(
        kind: SessionEvent.Kind, status: SessionStatus
    ) {
        for reason in SessionEvent.Reason.known(of: kind, status) {
            #expect(SessionEvent.Reason(reason.word, of: kind, status) == reason)
        }
        for word in ["", "lost", "normal", "OF_ANOTHER_VERSION"] {
            #expect(SessionEvent.Reason(word, of: kind, status) == .text(word))
        }
    }

    @Test func `one word means another thing in another event`() {
        #expect(SessionEvent.Reason("OTHER", of: .statusChanged, .completed) == .end(.other))
        #expect(SessionEvent.Reason("OTHER", of: .statusChanged, .cancelled) == .cancel(.other))
        #expect(SessionEvent.Reason("CLIENT", of: .statusChanged, .cancelled) == .cancel(.client))
        #expect(SessionEvent.Reason("CLIENT", of: .statusChanged, .noShow) == .noShow(.client))
        #expect(SessionEvent.Reason("CLIENT", of: .participantInvited, .scheduled) == .role(.client))
    }
}
