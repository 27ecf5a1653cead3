internal import TelehealthModel
internal import TelehealthRules

/// Rows of the size that a real visit has.
enum Visit {
    static let now = Timestamp(microseconds: 1_790_000_000_000_000)

    /// Time-ordered as the real ids are: the index in front, noise behind.
    static func uuid(_ index: Int, _ kind: Int) -> String {
        let front = String(index, radix: 16)
        let noise = String(
            UInt64(truncatingIfNeeded: (index &+ 1) &* (kind &+ 3)) &* 0x9E37_79B9_7F4A_7C15, radix: 16)
        let padded = String(repeating: "0", count: 12 - front.count) + front
        return "\(padded.prefix(8))-\(padded.suffix(4))-700\(kind % 10)-8000-"
            + (noise + "000000000000").prefix(12)
    }

    static func sessionID(_ index: Int) -> SessionID { SessionID(uuid(index, 1)) }

    static func creation(_ index: Int) -> Decision {
        let appointment = Appointment(
            id: AppointmentID(uuid(index, 2)), clientID: SubjectID("client-\(index)"),
            clinicianID: SubjectID("clinician-\(index % 300)"), startsAt: now + .seconds(index),
            endsAt: now + .seconds(index + 3000), timeZone: "America/New_York", status: .scheduled,
            sourceVersion: 1,
            version: 1, createdAt: now, updatedAt: now, createdBy: "scheduler", lastModifiedBy: "scheduler")
        var session = Session(
            id: sessionID(index), appointmentID: appointment.id, clientID: appointment.clientID,
            guardianID: nil,
            clinicianID: appointment.clinicianID, startsAt: appointment.startsAt, endsAt: appointment.endsAt,
            admissionPolicy: .onClinicianJoin,
            clinicianJoinURL: "https://visit.example.org/c/\(uuid(index, 1))",
            clientJoinURL: "https://visit.example.org/p/\(uuid(index, 1))", createdAt: now,
            createdBy: "service-1")
        session.version = 1
        var decision = Decision()
        decision.expectations = [
            .session(session.id, version: 0), .noOtherOpenSession(appointment.id, except: nil),
        ]
        decision.changes = [.appointment(appointment), .session(session)]
        for (kind, subject) in [(3, appointment.clientID), (4, appointment.clinicianID)] {
            decision.changes.append(
                .participant(
                    Participant(
                        id: ParticipantID(uuid(index, kind)), sessionID: session.id, subjectID: subject,
                        role: kind == 3 ? .client : .clinician, externalUserID: "u-\(uuid(index, kind + 2))"))
            )
        }
        decision.audit = [audit("CreateSession", session.id)]
        return decision
    }

    /// A waiting client's join: session, participant, event, audit entry, request outcome.
    static func join(_ state: SessionState, _ index: Int, call: Int) -> Decision {
        var session = state.session
        var participant = state.participants[0]
        var decision = Decision()
        decision.expectations = [.session(session.id, version: session.version)]
        session.version += 1
        session.status = .waitingRoom
        session.waitingRoomEnteredAt = now
        session.lastEventSequence += 1
        participant.state = .waiting
        participant.waitingSince = now + .microseconds(call)
        participant.preVisitCheck = PreVisitCheck(
            locationState: "GA", locationAddress: "1180 Peachtree St NE, Atlanta",
            emergencyContactName: "Ana Perez",
            emergencyContactPhone: "+1 404 555 0100", isLocationPrivate: true, hasReliableConnection: true,
            device: .mobile, checkedAt: now)
        decision.changes = [.session(session), .participant(participant)]
        decision.events = [
            SessionEvent(
                sessionID: session.id, sequence: session.lastEventSequence, at: now,
                kind: .participantWaiting,
                status: session.status, participantID: participant.id)
        ]
        decision.audit = [audit("JoinSession", session.id)]
        decision.request = RequestRecord(
            key: .init(subject: "client-\(index)", method: "JoinSession", requestID: uuid(call, 9)),
            requestHash: [UInt8](repeating: 7, count: 32), sessionID: session.id, appointmentID: nil,
            resultID: participant.id.rawValue, createdAt: now, expiresAt: now + .seconds(86_400 + call))
        return decision
    }

    private static func audit(_ action: String, _ session: SessionID) -> AuditEntry {
        AuditEntry(
            at: now, subject: "client-1", role: .client, actor: nil, action: action, outcome: .allowed,
            sessionID: session)
    }
}
