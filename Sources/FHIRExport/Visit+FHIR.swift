internal import TelehealthModel
internal import TelehealthRules
internal import TextFormats

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
            "participant": .array(rostered.filter { $0.role != .client }.map(\.encounterParticipant)),
            "appointment": .array([
                FHIR.reference("Appointment", "appointment", session.appointmentID.rawValue)
            ]),
            "period": session.fhirPeriod,
            "length": session.visitDuration.map { duration in
                .object([
                    "value": .number(duration.wholeMicroseconds / 1_000_000), "unit": .string("s"),
                    "system": .string("http://unitsofmeasure.org"), "code": .string("s"),
                ])
            },
            "extension": .array(
                [FHIR.extension("session-status", ["valueCode": .string(wireName(session.status))])]
                    + session.fhirPlan + session.fhirReason
                    + recordings.map { recording in
                        FHIR.extension("recording", ["valueId": .string(recording.id.rawValue)])
                    }),
        ])
    }
}

extension Session {
    /// When it took place; a visit that did not has only a scheduled time.
    fileprivate var fhirPeriod: JSONText? {
        if status.isTerminal && startedAt == nil { return nil }
        return FHIR.period(startedAt ?? clinicianArrivedAt, endedAt)
    }

    /// R5 has elements for the scheduled time; in R4 they are extensions with the same names.
    ///
    /// - Spec: hl7.org/fhir/R4/versions.html#extensions.
    fileprivate var fhirPlan: [JSONText] {
        [("plannedStartDate", startsAt), ("plannedEndDate", endsAt)].map { name, instant in
            .object([
                "url": .string("http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.\(name)"),
                "valueDateTime": FHIR.time(instant),
            ])
        }
    }

    /// Why it did not take place, and for a no-show who did not arrive.
    ///
    /// - Spec: hl7.org/fhir/R4/extension-encounter-reasoncancelled.html.
    fileprivate var fhirReason: [JSONText] {
        let reason: JSONText
        switch (status, cancelReason, noShowParty) {
        case (.cancelled, let cause?, _): reason = FHIR.own("cancel-reason", wireName(cause))
        case (.noShow, _, let party?): reason = FHIR.own("no-show-party", wireName(party))
        default: return []
        }
        return [
            .object([
                "url": .string("http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled"),
                "valueCodeableConcept": .object([
                    "coding": .array([reason]), "text": .string(status == .noShow ? "no-show" : "cancelled"),
                ]),
            ])
        ]
    }

    /// - Spec: hl7.org/fhir/R4/valueset-encounter-status.html. A no-show is cancelled there; the extension
    ///   `session-status` preserves the difference.
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
