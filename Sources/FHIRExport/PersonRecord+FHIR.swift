internal import AuditChain
public import TelehealthEngine
internal import TelehealthModel
public import TextFormats

extension PersonRecord {
    /// A `Bundle` of type collection: the `Patient`, then `Consent`, `Encounter` and `AuditEvent` resources.
    ///
    /// Contains the resources of one person: ids are the service's own, references to people are by identifier, and
    /// none contains a name, address or telephone number.
    /// - Spec: hl7.org/fhir/R4/bundle.html.
    public var fhirBundle: JSONText {
        var entries = [entry("urn:telehealth:v1:person:\(subjectID.rawValue)", patient)]
        entries += consents.map { entry("urn:uuid:\($0.id.rawValue)", fhir($0)) }
        entries += visits.map { entry("urn:uuid:\($0.session.id.rawValue)", $0.encounter) }
        entries += accesses.map { entry("urn:telehealth:v1:audit:\($0.number)", $0.auditEvent) }
        return .object([
            "resourceType": .string("Bundle"), "type": .string("collection"), "timestamp": FHIR.time(takenAt),
            "entry": .array(entries),
        ])
    }

    private func entry(_ url: String, _ resource: JSONText) -> JSONText {
        .object(["fullUrl": .string(url), "resource": resource])
    }

    private var patient: JSONText {
        .object(present: [
            "resourceType": .string("Patient"),
            "identifier": .array([FHIR.identifier("person", subjectID.rawValue)]),
            "birthDate": bornOn.map { .string($0.text) },
        ])
    }

    /// - Spec: hl7.org/fhir/R4/consent.html.
    private func fhir(_ record: ConsentRecord) -> JSONText {
        let document = documents.first {
            $0.type == record.type && $0.version == record.documentVersion
                && $0.language == LanguageTag.canonical(record.documentLanguage) && $0.textHash == record.textHash
        }
        var extensions = [
            FHIR.extension("text-sha256", ["valueString": .string(Hex.encode(record.textHash))])
        ]
        if let by = record.supersededBy {
            extensions.append(FHIR.extension("superseded-by", ["valueId": .string(by.rawValue)]))
        }
        return .object(present: [
            "resourceType": .string("Consent"), "id": .string(record.id.rawValue),
            "extension": .array(extensions), "status": .string(record.fhirStatus(at: takenAt, hasEnded: ended.contains(record.id))),
            "scope": FHIR.concept(record.type.fhirScope),
            "category": .array([
                FHIR.concept(
                    FHIR.coding("http://loinc.org", "59284-0", "Consent Document"),
                    FHIR.own("consent-type", wireName(record.type)))
            ]),
            "patient": FHIR.person(record.subjectID, isPatient: true),
            "dateTime": FHIR.time(record.grantedAt),
            "performer": .array([
                FHIR.person(record.signerID, isPatient: record.signerID == record.subjectID)
            ]),
            "sourceAttachment": .object(present: [
                "contentType": .string("text/plain; charset=utf-8"),
                "language": .string(record.documentLanguage),
                "title": .string("\(wireName(record.type)) \(record.documentVersion)"),
                "data": document.map { .string(Base64.standard.text(Array($0.text.utf8))) },
            ]),
            "policyRule": FHIR.concept(FHIR.own("consent-method", wireName(record.method))),
            "verification": record.attestedBy.map { attester in
                .array([
                    .object([
                        "verified": .bool(true),
                        "verifiedWith": FHIR.reference("Practitioner", "account", attester),
                        "verificationDate": FHIR.time(record.recordedAt),
                    ])
                ])
            },
            "provision": .object(present: [
                "type": .string(record.decision == .granted ? "permit" : "deny"),
                "period": FHIR.period(record.grantedAt, record.revokedAt ?? record.expiresAt),
                "purpose": record.recordingPurposes.isEmpty
                    ? nil
                    : .array(record.recordingPurposes.map { FHIR.own("recording-purpose", wireName($0)) }),
                "data": record.sessionID.map { session in
                    .array([
                        .object([
                            "meaning": .string("related"),
                            "reference": FHIR.reference("Encounter", "session", session.rawValue),
                        ])
                    ])
                },
            ]),
        ])
    }
}

extension ConsentRecord {
    /// active, inactive (expired, replaced or revoked) or rejected.
    fileprivate func fhirStatus(at now: Timestamp, hasEnded: Bool) -> String {
        if decision == .declined { return supersededBy == nil ? "rejected" : "inactive" }
        let isOver = hasEnded || revokedAt != nil || supersededBy != nil || expiresAt.map { $0 <= now } ?? false
        return isOver ? "inactive" : "active"
    }
}

extension ConsentType {
    /// - Spec: hl7.org/fhir/R4/valueset-consent-scope.html.
    fileprivate var fhirScope: JSONText {
        let system = "http://terminology.hl7.org/CodeSystem/consentscope"
        switch self {
        case .hipaaTelehealth, .recording: return FHIR.coding(system, "patient-privacy")
        // A consent type defined by a policy is required for visits.
        default: return FHIR.coding(system, "treatment")
        }
    }
}
