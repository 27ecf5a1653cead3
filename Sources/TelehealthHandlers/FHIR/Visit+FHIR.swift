internal import TelehealthCore

extension SessionState {
    /// The visit as a virtual `Encounter`.
    ///
    /// - Spec: hl7.org/fhir/R4/encounter.html.
    var encounter: JSONText {
        .object(present: [
            "resourceType": .string("Encounter"), "id": .string(session.id.rawValue),
            "identifier": .array([FHIR.identifier("session", session.id.rawValue)]),
            "status": .string(session.fhirStatus),
            "class": FHIR.coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "VR", "virtual"),
            "subject": FHIR.person(session.clientID, isPatient: true),
            "participant": .array(participants.filter { $0.role != .client }.map(\.encounterParticipant)),
            "appointment": .array([
                FHIR.reference("Appointment", "appointment", session.appointmentID.rawValue)
            ]),
            "period": FHIR.period(session.startedAt ?? session.clinicianArrivedAt, session.endedAt),
            "length": session.visitDuration.map { duration in
                .object([
                    "value": .number(duration.wholeMicroseconds / 1_000_000), "unit": .string("s"),
                    "system": .string("http://unitsofmeasure.org"), "code": .string("s"),
                ])
            },
            "extension": .array(
                [FHIR.extension("session-status", ["valueCode": .string(wireName(session.status))])]
                    + recordings.map { recording in
                        FHIR.extension("recording", ["valueId": .string(recording.id.rawValue)])
                    }),
        ])
    }
}

extension Session {
    /// - Spec: hl7.org/fhir/R4/valueset-encounter-status.html. A no-show is cancelled there; the extension
    ///   `session-status` keeps the difference.
    fileprivate var fhirStatus: String {
        switch status {
        case .scheduled: "planned"
        case .waitingRoom: "arrived"
        case .inProgress: "in-progress"
        case .completed: "finished"
        case .cancelled, .noShow: "cancelled"
        }
    }
}

extension Participant {
    fileprivate var encounterParticipant: JSONText {
        .object(present: [
            "type": .array([FHIR.concept(FHIR.own("participant-role", wireName(role)))]),
            "individual": FHIR.reference(
                role == .clinician ? "Practitioner" : "RelatedPerson", "person", subjectID.rawValue),
            "period": FHIR.period(firstJoinedAt, leftAt),
        ])
    }
}
