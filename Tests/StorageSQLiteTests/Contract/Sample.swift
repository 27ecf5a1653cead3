import TelehealthModel
import TelehealthRules

/// Rows for tests; every optional is filled in the "full" ones.
enum Sample {
    static func at(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: 1_790_000_000_000_000 + seconds * 1_000_000)
    }

    static func appointment(
        _ name: String, client: String = "client-1", clinician: String = "doc-1", start: Int64 = 0
    )
        -> Appointment
    {
        Appointment(
            id: AppointmentID("appt-\(name)"), clientID: SubjectID(client),
            guardianID: SubjectID("guardian-\(client)"), guardsAdult: true,
            clinicianID: SubjectID(clinician), startsAt: at(start), endsAt: at(start + 3600),
            timeZone: "America/New_York", status: .scheduled, sourceVersion: 7, version: 1,
            createdAt: at(-100),
            updatedAt: at(-90), createdBy: "scheduler", lastModifiedBy: "scheduler-2")
    }

    static func session(
        _ name: String, appointment: Appointment? = nil, created: Int64 = -50,
        status: SessionStatus = .scheduled
    ) -> Session {
        let appointment = appointment ?? self.appointment(name)
        var session = Session(
            id: SessionID("session-\(name)"), appointmentID: appointment.id, clientID: appointment.clientID,
            guardianID: appointment.guardianID, clinicianID: appointment.clinicianID,
            startsAt: appointment.startsAt, endsAt: appointment.endsAt, admissionPolicy: .onClinicianJoin,
            clinicianJoinURL: "https://visit.example/c/\(name)",
            clientJoinURL: "https://visit.example/p/\(name)",
            createdAt: at(created), createdBy: "service-1")
        session.status = status
        session.version = 1
        return session
    }

    /// An appointment with its session, in one decision.
    static func creation(
        _ name: String, client: String = "client-1", clinician: String = "doc-1", start: Int64 = 0,
        created: Int64 = -50, status: SessionStatus = .scheduled
    ) -> Decision {
        let appointment = appointment(name, client: client, clinician: clinician, start: start)
        let session = session(name, appointment: appointment, created: created, status: status)
        var decision = Decision()
        decision.expectations = [.session(session.id, version: 0)]
        // The session before the appointment it refers to: the order is the store's business.
        decision.changes = [.session(session), .appointment(appointment)]
        return decision
    }

    static func fullSession(_ name: String) -> Session {
        var session = session(name)
        session.guardsAdult = true
        session.status = .noShow
        session.statusUpdatedAt = at(1)
        session.admissionPolicy = .manual
        session.waitingRoomEnteredAt = at(2)
        session.clinicianArrivedAt = at(3)
        session.startedAt = at(4)
        session.endedAt = at(5)
        session.endReason = .technicalFailure
        session.endNote = "Zoë’s line dropped"
        session.cancelReason = .clinicianNoShow
        session.noShowParty = .both
        session.currentGeneration = 3
        session.lastEventSequence = 41
        session.lastEffectSequence = 12
        session.version = 9
        session.updatedAt = at(6)
        session.lastModifiedBy = "doc-1"
        return session
    }

    static func participant(_ id: String, session: String, role: ParticipantRole = .client) -> Participant {
        Participant(
            id: ParticipantID(id), sessionID: SessionID("session-\(session)"),
            subjectID: SubjectID("subject-\(id)"),
            role: role, externalUserID: "u-\(id)")
    }

    static func fullParticipant(_ id: String, session: String) -> Participant {
        var row = participant(id, session: session)
        row.state = .admitted
        row.preVisitCheck = PreVisitCheck(
            locationState: "GA", locationAddress: "1 Peachtree St", emergencyContactName: "Ana",
            emergencyContactPhone: "+1 404 555 0100", isLocationPrivate: true, hasReliableConnection: false,
            device: .tablet, checkedAt: at(10))
        row.firstWaitingAt = at(11)
        row.waitingSince = at(12)
        row.admittedAt = at(13)
        row.firstJoinedAt = at(14)
        row.leftAt = at(15)
        row.attendeeID = "attendee-1"
        row.attendeeGeneration = 2
        row.isHeld = true
        row.capabilities = MediaCapabilities(audio: .send, video: .none, content: .receive)
        row.deviceID = "tablet-1"
        return row
    }

    /// One that came by a grant.
    static func guest(_ id: String, session: String) -> Participant {
        Participant(
            id: ParticipantID(id), sessionID: SessionID("session-\(session)"),
            subjectID: SubjectID("guest-\(id)"), role: .guest, externalUserID: "x-\(id)", state: .denied,
            invitationID: InvitationID("inv-1"))
    }

    static func invitation(_ id: String, session: String) -> Invitation {
        Invitation(
            id: InvitationID(id), sessionID: SessionID("session-\(session)"), role: .guest, createdAt: at(1),
            createdBy: "user", expiresAt: at(2))
    }

    static func fullInvitation(_ id: String, session: String) -> Invitation {
        var row = invitation(id, session: session)
        row.redeemedAt = at(3)
        row.participantID = "p-3"
        row.revokedAt = at(4)
        return row
    }

    static func fullMeeting(_ generation: Int, session: String) -> MeetingGeneration {
        var row = MeetingGeneration(
            sessionID: SessionID("session-\(session)"), generation: generation,
            clientRequestToken: "token-\(generation)",
            controlRegion: "us-east-1", mediaRegion: "us-east-2", createdAt: at(20))
        row.state = .active
        row.meetingID = "meeting-\(generation)"
        row.meetingARN = "arn:aws:chime:meeting-\(generation)"
        row.failure = .quotaExceeded
        var placement = MediaPlacement()
        placement.audioHostURL = "a"
        placement.audioFallbackURL = "b"
        placement.signalingURL = "c"
        placement.turnControlURL = "d"
        placement.screenDataURL = "e"
        placement.screenViewingURL = "f"
        placement.screenSharingURL = "g"
        placement.eventIngestionURL = "h"
        row.placement = placement
        row.activeAt = at(21)
        row.endedAt = at(22)
        return row
    }

    static func recording(_ id: String, session: String, segment: Int = 1) -> Recording {
        Recording(
            id: RecordingID(id), sessionID: SessionID("session-\(session)"), segment: segment, generation: 1,
            purpose: .clinical, requestedBy: "doc-1", requestedAt: at(30), consentIDs: [],
            controlRegion: "us-east-1",
            bucket: "bucket", prefix: "p/\(id)")
    }

    static func fullRecording(_ id: String, session: String) -> Recording {
        var row = recording(id, session: session, segment: 2)
        row.purpose = .qualityAssurance
        row.state = .available
        row.startedAt = at(31)
        row.stoppedAt = at(32)
        row.stopCause = .consentRevoked
        row.stoppedBy = "client-1"
        row.consentIDs = [ConsentID("consent-1"), ConsentID("consent-2")]
        row.capturePipelineID = "pipeline"
        row.capturePipelineARN = "arn:pipeline"
        row.concatenationPipelineID = "concatenation"
        row.objectKey = "p/key.mp4"
        row.objectBytes = 5_000_000_000
        row.objectETag = "\"etag\""
        row.failure = "none"
        row.consentRevokedAt = at(33)
        row.availableAt = at(34)
        row.degradedSince = at(35)
        row.retainUntil = at(36)
        row.hold = LegalHold(setAt: at(37), setBy: "admin-1", reason: "case 17")
        row.sessionNoteID = SessionNoteID("note-1")
        row.deletedAt = at(38)
        row.objectChecksum = "sha256:abc="
        row.waitReason = .objectMissing
        row.failedConcatenations = 2
        return row
    }

    static func consent(_ id: String, subject: String = "client-1", recorded: Int64 = 40) -> ConsentRecord {
        ConsentRecord(
            id: ConsentID(id), subjectID: SubjectID(subject), subjectRole: .client, type: .hipaaTelehealth,
            decision: .granted, method: .electronic, documentVersion: "1.0", documentLanguage: "en-US",
            textHash: [UInt8](repeating: 0, count: 32),
            acknowledgements: .init(patientRights: true, emergencyProtocols: false, privacyRisks: true),
            recordingPurposes: [], signerID: SubjectID(subject), attestedBy: nil, evidence: nil,
            sessionID: nil,
            grantedAt: at(recorded), expiresAt: nil, supersedes: nil, recordedBy: "client-1",
            recordedAt: at(recorded))
    }

    static func fullConsent(_ id: String) -> ConsentRecord {
        var row = ConsentRecord(
            id: ConsentID(id), subjectID: SubjectID("client-1"), subjectRole: .guardian, type: .recording,
            decision: .declined, method: .paper, documentVersion: "2.0", documentLanguage: "es-US",
            textHash: [UInt8](0..<32),
            acknowledgements: .init(patientRights: false, emergencyProtocols: true, privacyRisks: false),
            recordingPurposes: [.clinical, .training], signerID: SubjectID("guardian-1"), attestedBy: "doc-1",
            evidence: "scan 17", sessionID: SessionID("session-a"), grantedAt: at(41), expiresAt: at(42),
            supersedes: ConsentID("consent-0"), recordedBy: "doc-1", recordedAt: at(43))
        row.supersededBy = ConsentID("consent-9")
        row.revokedAt = at(44)
        row.revokedBy = "client-1"
        row.revocationReason = "changed my mind"
        return row
    }

    static func event(
        _ sequence: Int64, session: String, seconds: Int64? = nil, status: SessionStatus = .waitingRoom
    )
        -> SessionEvent
    {
        SessionEvent(
            sessionID: SessionID("session-\(session)"), sequence: sequence, at: at(seconds ?? sequence),
            kind: .participantWaiting, status: status, participantID: ParticipantID("p"))
    }

    static func effect(_ id: String, session: String, sequence: Int64, due: Int64 = 0) -> Effect {
        Effect(
            id: EffectID(id), sessionID: SessionID("session-\(session)"), sequence: sequence,
            kind: .meeting(.create, generation: 1), createdAt: at(due))
    }

    /// One of each.
    static let effectKinds: [Effect.Kind] =
        Effect.MeetingCall.allCases.map { .meeting($0, generation: 2) }
        + Effect.RecordingCall.allCases.map { .recording($0, "r-1", generation: 2) }
        + Effect.AttendeeCall.allCases.map { .attendee($0, "p-1", generation: 2) }
        + [.webhook(target: "status", eventSequence: 7)]

    static func audit(_ action: String) -> AuditEntry {
        AuditEntry(
            at: at(0), subject: "doc-1", role: .clinician, actor: nil, action: action, outcome: .allowed)
    }

    static func request(_ id: String, created: Int64 = 0, hash: UInt8 = 1) -> RequestRecord {
        RequestRecord(
            key: .init(subject: "client-1", method: "JoinSession", requestID: id), requestHash: [hash, 2, 3],
            sessionID: SessionID("session-a"), appointmentID: AppointmentID("appt-a"), resultID: "p-1",
            createdAt: at(created), expiresAt: at(created + 86_400))
    }
}

extension Decision {
    init(_ changes: [Change]) {
        self.init()
        self.changes = changes
    }
}
