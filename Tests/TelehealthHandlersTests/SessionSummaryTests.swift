import ProtobufWire
import TelehealthAPI
import TelehealthEngine
import TelehealthModel
import Testing

@testable import TelehealthHandlers
@testable import TelehealthRules

@Suite("What a visit in short shows") struct SessionSummaryTests {
    private static let gap = ConsentGap(
        subjectID: SubjectID("client-1"), subjectRole: .client, type: .hipaaTelehealth, cause: .absent)

    private func summary(
        _ role: Role, clinician: String? = nil, gaps: [ConsentGap]? = [gap],
        _ change: (inout SessionState) -> Void = { _ in }
    ) -> Telehealth_V1_SessionSummary {
        var state = SessionViewTests.state()
        change(&state)
        let caller = Caller(
            subject: "x", role: role, clinicianID: clinician.map(SubjectID.init(rawValue:)),
            expiresAt: SessionViewTests.now)
        return VisitBrief(state: state, joinGaps: gaps).wire(for: caller)
    }

    @Test func `who treats and administrators see the check and the consents, a scheduler neither`() {
        for shown in [summary(.clinician, clinician: "clin-1"), summary(.admin)] {
            #expect(shown.reliableConnection == true && shown.deviceType == .mobile)
            #expect(shown.consentsComplete == false && shown.missingConsents.map(\.type) == ["hipaa_telehealth"])
        }
        let shown = summary(.scheduler)
        #expect(shown.reliableConnection == nil && shown.deviceType == .unspecified)
        #expect(shown.consentsComplete == nil && shown.missingConsents.isEmpty)
        #expect(shown.preVisitCheckComplete && shown.clientID == "client-1" && shown.clinicianID == "clin-1")
    }

    @Test func `an interpreter of the clinic is not told what the check says`() {
        let shown = summary(.clinician, clinician: "interpreter-1") { state in
            state.participants.append(
                Participant(
                    id: ParticipantID("p3"), sessionID: state.session.id, subjectID: SubjectID("interpreter-1"),
                    role: .interpreter, externalUserID: "x3"))
        }
        #expect(shown.reliableConnection == nil && shown.deviceType == .unspecified && shown.preVisitCheckComplete)
    }

    @Test func `those who wait come in the order in which they came, and stand apart from those who are in`() {
        let now = SessionViewTests.now
        let shown = summary(.admin) { state in
            state.participants[0].state = .waiting
            state.participants[0].waitingSince = now + .seconds(9)
            state.participants[1].state = .waiting
            state.participants[1].waitingSince = now + .seconds(5)
        }
        #expect(shown.waiting.map(\.participantID) == ["p1", "p2"] && shown.admitted.isEmpty)
        #expect(shown.waiting.map(\.role) == [.client, .clinician])
        #expect(shown.waiting.first?.waitStartTime?.seconds == (now.microseconds / 1_000_000) + 5)
        #expect(summary(.admin).admitted.map(\.participantID).sorted() == ["p1", "p2"])
    }

    @Test func `nothing is said of consents when the visit is over, and of the check before it is stated`() {
        let over = summary(.admin, gaps: nil)
        #expect(over.consentsComplete == nil && over.missingConsents.isEmpty)
        #expect(summary(.admin, gaps: []).consentsComplete == true)
        let unchecked = summary(.admin) { $0.participants[1].preVisitCheck = nil }
        #expect(!unchecked.preVisitCheckComplete && unchecked.reliableConnection == nil)
    }
}
