import TelehealthAPI
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthHandlers

@Suite("Reasons of events on the wire") struct SessionEventReasonTests {
    private static func kind(
        _ kind: SessionEvent.Kind, _ status: SessionStatus, _ reason: SessionEvent.Reason?
    ) -> Telehealth_V1_SessionEvent.OneOf_Kind? {
        SessionEvent(
            sessionID: SessionID("s"), sequence: 1, at: Timestamp(microseconds: 0), kind: kind, status: status,
            reason: reason
        ).wire.kind
    }

    /// The value that tells why, as its number and its type; nil for an event that tells no reason.
    private static func told(_ kind: Telehealth_V1_SessionEvent.OneOf_Kind?) -> (String, Int32)? {
        switch kind {
        case .statusChanged(let event):
            switch event.reason {
            case .endReason(let reason)?: ("end", reason.rawValue)
            case .cancelReason(let reason)?: ("cancel", reason.rawValue)
            case .noShowParty(let party)?: ("no-show", party.rawValue)
            case .noShowUndone?: ("undone", 1)
            case nil: ("none", 0)
            }
        case .participantLeft(let event): ("left", event.reason.rawValue)
        case .participantRemoved(let event): ("removed", event.reason.rawValue)
        case .participantReturned(let event): ("returned", event.reason.rawValue)
        case .recordingStopping(let event): ("stop", event.reason.rawValue)
        case .recordingStopped(let event): ("stop", event.reason.rawValue)
        case .participantInvited(let event): ("role", event.role.rawValue)
        case .connectionQualityChanged(let event): ("quality", event.quality.rawValue)
        default: nil
        }
    }

    @Test(arguments: SessionEvent.Kind.allCases, SessionStatus.allCases)
    func `each has a value of its own`(kind: SessionEvent.Kind, status: SessionStatus) throws {
        let reasons = SessionEvent.Reason.known(of: kind, status)
        var values: Set<Int32> = []
        for reason in reasons {
            let told = try #require(Self.told(Self.kind(kind, status, reason)))
            #expect(told.1 != 0, "\(reason) is told as UNSPECIFIED")
            values.insert(told.1)
        }
        #expect(values.count == reasons.count)
    }

    @Test(arguments: SessionEvent.Kind.allCases, SessionStatus.allCases)
    func `one that another version stored is UNSPECIFIED`(kind: SessionEvent.Kind, status: SessionStatus) {
        guard let told = Self.told(Self.kind(kind, status, .text("OF_ANOTHER_VERSION"))) else { return }
        #expect(told.1 == 0)
        // A status that is an end tells at least of which kind its reason is.
        if kind == .statusChanged { #expect((told.0 == "none") == !status.isTerminal) }
    }

    @Test func `somebody's own word is a reason, too`() {
        for kind in [SessionEvent.Kind.participantLeft, .participantRemoved, .participantReturned] {
            #expect(Self.told(Self.kind(kind, .inProgress, nil))?.1 == 1)
        }
        #expect(Telehealth_V1_ParticipantLeftReason.requested.rawValue == 1)
        #expect(Telehealth_V1_ParticipantRemovedReason.requested.rawValue == 1)
        #expect(Telehealth_V1_ParticipantReturnedReason.requested.rawValue == 1)
    }

    @Test func `a failure's reason stays the provider's word`() {
        guard case .recordingFailed(let event)? = Self.kind(.recordingFailed, .inProgress, .text("CAPTURE_GONE")) else {
            return #expect(Bool(false), "another kind of event")
        }
        #expect(event.reason == "CAPTURE_GONE")
    }

    @Test func `each reason of a meeting's event, and each source of presence, has a value of its own`() {
        let ignored = EventIntakeReport.IgnoredReason.allCases
        let malformed = EventIntakeReport.MalformedReason.allCases
        let sources = RecordingManifest.PresenceSource.allCases
        #expect(Set(ignored.map(\.wire.rawValue)).subtracting([0]).count == ignored.count)
        #expect(Set(malformed.map(\.wire.rawValue)).subtracting([0]).count == malformed.count)
        #expect(Set(sources.map(\.wire.rawValue)).subtracting([0]).count == sources.count)
    }
}
