import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("People in a visit") struct PeopleTests {
    static let interpreter = Clinic.caller(SubjectID("interpreter-1"), .clinician)
    static let coClinician = Clinic.caller(SubjectID("clinician-3"), .clinician)
    static let observer = Clinic.caller(SubjectID("student-1"), .clinician)

    /// Gives a place to a member of staff.
    static func invite(_ caller: Caller, _ role: ParticipantRole, _ session: SessionID, _ clinic: Clinic)
        async throws -> ParticipantID
    {
        let outcome = try await clinic.useCases.participants.invite(
            InviteParticipant(sessionID: session, role: role, subjectID: caller.clinicianID),
            clinic.call(Clinic.clinicianCaller))
        guard case .participant(let person) = outcome.place else { throw Unexpected() }
        return person.id
    }

    static func grant(
        _ session: SessionID, _ clinic: Clinic, role: ParticipantRole = .guest, validFor: Duration? = nil
    ) async throws -> (invitation: Invitation, grant: String) {
        let outcome = try await clinic.useCases.participants.invite(
            InviteParticipant(sessionID: session, role: role, validFor: validFor),
            clinic.call(Clinic.clinicianCaller))
        guard case .invitation(let invitation, let grant) = outcome.place else { throw Unexpected() }
        return (invitation, grant)
    }

    static func redeem(_ grant: String, _ clinic: Clinic, id: String? = nil) async throws(TelehealthError)
        -> GuestAdmission
    {
        try await clinic.useCases.participants.redeemInvitation(
            grant, .init(id: id ?? clinic.ids.uuid(), hash: [1]), timeout: nil)
    }

    static func guest(_ session: SessionID, _ clinic: Clinic) async throws -> GuestAdmission {
        try await redeem(try await grant(session, clinic).grant, clinic)
    }

    static func treat(
        _ person: ParticipantID, _ command: ModerationAction, _ session: SessionID, _ clinic: Clinic,
        by caller: Caller = Clinic.clinicianCaller
    ) async throws(TelehealthError) {
        _ = try await clinic.useCases.participants.moderate(session, person, command, clinic.call(caller))
    }

    static func admit(_ person: ParticipantID, _ session: SessionID, _ clinic: Clinic) async throws {
        _ = try await clinic.useCases.participants.admit(
            session, person, clinic.call(Clinic.clinicianCaller))
    }

    private static func attendees(_ clinic: Clinic) -> Set<String> {
        Set(clinic.chime.liveMeetings.flatMap(\.attendees.keys))
    }

    struct Unexpected: Error {}

    @Test func `a grant brings one person in, once`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let (_, grant) = try await Self.grant(session, clinic)
        let request = clinic.ids.uuid()
        let first = try await Self.redeem(grant, clinic, id: request)
        let again = try await Self.redeem(grant, clinic, id: request)
        #expect(again.participant.id == first.participant.id)
        #expect(
            await refusal { () throws(TelehealthError) in try await Self.redeem(grant, clinic) }
                == .invitationUsed)
        #expect(first.participant.role == .guest)
        #expect(clinic.useCases.participants.guestKey.caller(first.pass) == first.caller)
        #expect(clinic.useCases.participants.guestKey.caller(grant) == nil)
    }

    @Test func `a grant that is forged, expired or taken back brings nobody in`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let (_, grant) = try await Self.grant(session, clinic, validFor: .seconds(60))
        let other = GuestKey()
        let forged = other.seal(
            InvitationGrant(
                sessionID: session, role: .guest, invitationID: InvitationID(clinic.ids.uuid()),
                expiresAt: Clinic.far))
        let asInterpreter = grant.replacing(".guest.", with: ".interpreter.")
        for text in [forged, asInterpreter, grant + "0", "", "thg1.grant......", String(grant.dropLast(2))] {
            #expect(
                await refusal { () throws(TelehealthError) in try await Self.redeem(text, clinic) }
                    == .invitationInvalid)
        }
        clinic.time.advance(by: .seconds(61))
        #expect(
            await refusal { () throws(TelehealthError) in try await Self.redeem(grant, clinic) }
                == .invitationExpired)
        let (invitation, second) = try await Self.grant(session, clinic)
        _ = try await clinic.useCases.participants.revokeInvitation(
            session, invitation.id, clinic.call(Clinic.clinicianCaller))
        #expect(
            await refusal { () throws(TelehealthError) in try await Self.redeem(second, clinic) }
                == .invitationRevoked)
    }

    @Test func `a guest waits for their name although the clinician is there`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let guest = try await Self.guest(session, clinic)
        let waiting = try await clinic.join(guest.caller, session)
        #expect(waiting.media == nil && waiting.participant.state == .waiting)
        #expect(try clinic.state(session).session.status == .inProgress)
        try await Self.admit(guest.participant.id, session, clinic)
        let inside = try await clinic.join(guest.caller, session)
        #expect(inside.participant.capabilities.content == .receive)
        let chime = clinic.chime.liveMeetings.first?.capabilities[guest.participant.externalUserID]
        #expect(chime == inside.participant.capabilities)
    }

    @Test func `an interpreter of the clinic comes in with the clinician, one with a link by name`()
        async throws
    {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        _ = try await Self.invite(Self.interpreter, .interpreter, session, clinic)
        #expect(try await clinic.join(Self.interpreter, session).media != nil)
        let (_, grant) = try await Self.grant(session, clinic, role: .interpreter)
        let linked = try await Self.redeem(grant, clinic)
        #expect(try await clinic.join(linked.caller, session).media == nil)
    }

    @Test func `whoever is removed loses attendee, join and watch, until let in again`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let guest = try await Self.guest(session, clinic)
        _ = try await clinic.join(guest.caller, session)
        try await Self.admit(guest.participant.id, session, clinic)
        let before = try await clinic.join(guest.caller, session)
        let watch = try await clinic.useCases.watches.watchSession(
            session, after: nil, Invocation(caller: guest.caller), wake: {})
        try await Self.treat(guest.participant.id, .remove, session, clinic)
        let items = watch.take()
        #expect(items.last == .ended(TelehealthError(.participantRemoved)))
        await clinic.work(seconds: 1)
        #expect(!Self.attendees(clinic).contains(guest.participant.externalUserID))
        for call in 0..<2 {
            #expect(
                await refusal { () throws(TelehealthError) in
                    _ =
                        call == 0
                        ? try await clinic.join(guest.caller, session).state
                        : try await clinic.useCases.sessions.get(
                            .session(session), Invocation(caller: guest.caller))
                } == .participantRemoved)
        }
        try await Self.admit(guest.participant.id, session, clinic)
        let after = try await clinic.join(guest.caller, session)
        let old = try #require(before.media?.credentials.attendeeID)
        #expect(after.media != nil && after.media?.credentials.attendeeID != old)
    }

    @Test func `whoever is put back waits, without attendee, for a person's word`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let client = try #require(clinic.state(session).participant(of: Clinic.client))
        try await Self.treat(client.id, .returnToWaitingRoom, session, clinic)
        await clinic.work(seconds: 1)
        #expect(!Self.attendees(clinic).contains(client.externalUserID))
        #expect(try await clinic.join(Clinic.clientCaller, session).media == nil)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: session), clinic.call(Clinic.clientCaller))
        // Neither the rejoin grace nor the clinician's own coming back lets them in.
        #expect(try await clinic.join(Clinic.clientCaller, session).media == nil)
        _ = try await clinic.join(Clinic.clinicianCaller, session)
        #expect(try clinic.state(session).participant(client.id)?.state == .waiting)
        try await Self.admit(client.id, session, clinic)
        #expect(try await clinic.join(Clinic.clientCaller, session).media != nil)
    }

    @Test func `whoever is denied leaves the waiting room and stays out`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let session = try await clinic.open(admission: .manual)
        let waiting = try await clinic.join(Clinic.clientCaller, session)
        try await Self.treat(waiting.participant.id, .deny, session, clinic)
        #expect(try clinic.state(session).session.status == .scheduled)
        #expect(
            await refusal { () throws(TelehealthError) in try await clinic.join(Clinic.clientCaller, session)
            }
                == .participantDenied)
        // No no-show of somebody who came.
        #expect(
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.markNoShow(session, clinic.call(Clinic.clinicianCaller))
            } == .clientWasHere)
        #expect(
            await refusal { () throws(TelehealthError) in
                try await Self.treat(waiting.participant.id, .returnToWaitingRoom, session, clinic)
            } == .participantNotAdmitted)
    }

    @Test func `nobody but the lead clinician sends people away, and nobody the clinician`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let state = try clinic.state(session)
        let clinician = try #require(state.participant(of: Clinic.clinician)?.id)
        let client = try #require(state.participant(of: Clinic.client)?.id)
        _ = try await Self.invite(Self.observer, .observer, session, clinic)
        let co = try await Self.invite(Self.coClinician, .coClinician, session, clinic)
        for (who, whom) in [
            (Clinic.clientCaller, clinician), (Self.observer, client), (Self.coClinician, clinician),
            (Self.coClinician, co), (Clinic.admin, clinician),
        ] {
            #expect(
                await refusal { () throws(TelehealthError) in
                    try await Self.treat(whom, .remove, session, clinic, by: who)
                } == .notAllowed)
        }
        try await Self.treat(client, .remove, session, clinic, by: Self.coClinician)
        #expect(try clinic.state(session).participant(client)?.state == .removed)
    }

    @Test func `what somebody may send changes live, and for the next attendee too`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let client = try #require(clinic.state(session).participant(of: Clinic.client))
        _ = try await clinic.join(Clinic.clientCaller, session)
        let muted = MediaCapabilities(audio: .receive, video: .sendReceive, content: .receive)
        try await Self.treat(client.id, .setCapabilities(muted), session, clinic)
        await clinic.work(seconds: 1)
        #expect(clinic.chime.liveMeetings.first?.capabilities[client.externalUserID] == muted)
        clinic.chime.killMeetings()
        #expect(try await clinic.join(Clinic.clientCaller, session).participant.capabilities == muted)
        #expect(clinic.chime.liveMeetings.first?.capabilities[client.externalUserID] == muted)
        let blind = MediaCapabilities(audio: .sendReceive, video: .none, content: .receive)
        #expect(
            await refusal { () throws(TelehealthError) in
                try await Self.treat(client.id, .setCapabilities(blind), session, clinic)
            } == .fieldInvalid)
    }

    @Test func `a co-clinician opens the visit and counts as the clinician`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let session = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, session)
        _ = try await Self.invite(Self.coClinician, .coClinician, session, clinic)
        #expect(try await clinic.join(Self.coClinician, session).state.session.status == .inProgress)
        #expect(try await clinic.join(Clinic.clientCaller, session).media != nil)
    }

    @Test func `with another clinician open grants end, and who was sent away stays away`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(300)), clinic.call(Clinic.scheduler))
        let session = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        let client = try await clinic.join(Clinic.clientCaller, session).participant.id
        let (invitation, grant) = try await Self.grant(session, clinic)
        try await Self.treat(client, .remove, session, clinic)
        _ = try await clinic.useCases.appointments.put(
            clinic.put(version: 2, start: .seconds(300), clinician: SubjectID("clinician-2")),
            clinic.call(Clinic.scheduler))
        let state = try clinic.state(session)
        #expect(state.invitation(invitation.id)?.state(at: clinic.time.now) == .revoked)
        #expect(state.participant(client)?.state == .removed)
        #expect(
            await refusal { () throws(TelehealthError) in try await Self.redeem(grant, clinic) }
                == .invitationRevoked)
        #expect(
            await refusal { () throws(TelehealthError) in
                try await clinic.join(Clinic.clinicianCaller, session)
            } == .sessionNotFound)
    }

    @Test func `a visit that is moved away empties its waiting room`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(300)), clinic.call(Clinic.scheduler))
        let session = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        _ = try await clinic.join(Clinic.clientCaller, session)
        _ = try await clinic.useCases.appointments.put(
            clinic.put(version: 2, start: .seconds(86_400)), clinic.call(Clinic.scheduler))
        let state = try clinic.state(session)
        #expect(state.session.status == .scheduled)
        #expect(state.participant(of: Clinic.client)?.state == .left)
    }

    @Test func `a second device takes over, and the first one's going takes nobody along`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        func join(_ device: String) async throws -> JoinOutcome {
            try await clinic.useCases.sessions.join(
                JoinSession(sessionID: session, preVisitCheck: Clinic.check, deviceID: device),
                clinic.call(Clinic.clientCaller))
        }
        let first = try await join("telephone")
        let second = try await join("desktop")
        #expect(first.media?.credentials.attendeeID == second.media?.credentials.attendeeID)
        #expect(clinic.kinds(session).filter { $0 == .deviceChanged }.count == 1)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: session, deviceID: "telephone"), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(session).participant(of: Clinic.client)?.state == .admitted)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: session, deviceID: "desktop"), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(session).participant(of: Clinic.client)?.state == .left)
    }

    @Test func `everybody in the picture must agree, and one who takes it back stops it`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        try await clinic.grantRecording()
        _ = try await Self.invite(Self.interpreter, .interpreter, session, clinic)
        _ = try await clinic.join(Self.interpreter, session)
        let start = StartRecording(sessionID: session)
        #expect(
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.recordings.start(start, clinic.call(Clinic.clinicianCaller))
            } == .recordingConsentMissing)
        let consent = try await clinic.grant(.recording, by: Self.interpreter)
        _ = try await clinic.useCases.recordings.start(start, clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 3)
        #expect(try clinic.state(session).recordings.last?.state == .recording)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Self.interpreter))
        await clinic.work(seconds: 1)
        #expect(clinic.chime.runningCaptures.isEmpty)
        #expect(try clinic.state(session).recordings.last?.stopCause == .consentRevoked)
    }

    @Test func `guests alone keep no visit open`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let guest = try await Self.guest(session, clinic)
        _ = try await clinic.join(guest.caller, session)
        try await Self.admit(guest.participant.id, session, clinic)
        for caller in [Clinic.clientCaller, Clinic.clinicianCaller] {
            _ = try await clinic.useCases.sessions.leave(LeaveSession(sessionID: session), clinic.call(caller))
        }
        for _ in 0..<41 {
            clinic.time.advance(by: .seconds(15))
            _ = try await clinic.useCases.sessions.heartbeat(session, Invocation(caller: guest.caller))
            _ = try await clinic.sweeper.sweep()
        }
        #expect(try clinic.state(session).session.status == .completed)
        #expect(try clinic.state(session).session.endReason == .allLeft)
    }

    @Test func `a roster holds no more than a meeting does`() async throws {
        let clinic = Clinic { $0.rosterMax = 3 }
        let session = try await clinic.visit(isOpen: true)
        _ = try await Self.grant(session, clinic, validFor: .seconds(60))
        #expect(
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.participants.invite(
                    InviteParticipant(
                        sessionID: session, role: .observer, subjectID: Self.observer.clinicianID),
                    clinic.call(Clinic.clinicianCaller))
            } == .rosterFull)
        clinic.time.advance(by: .seconds(61))
        _ = try await Self.invite(Self.observer, .observer, session, clinic)
        #expect(
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.participants.invite(
                    InviteParticipant(
                        sessionID: session, role: .observer, subjectID: Self.observer.clinicianID),
                    clinic.call(Clinic.clinicianCaller))
            } == .participantExists)
    }
}
