internal import AuditChain
internal import TelehealthModel
internal import TextFormats

extension AuditRecord {
    /// An access as an `AuditEvent`.
    ///
    /// - Spec: hl7.org/fhir/R4/auditevent.html; types from DICOM's and FHIR's own code systems.
    var auditEvent: JSONText {
        var entities: [JSONText] = []
        if let person { entities.append(entity("Patient", "person", person)) }
        if let sessionID { entities.append(entity("Encounter", "session", sessionID)) }
        if let target, target != person, target != sessionID {
            entities.append(entity(nil, "target", target))
        }
        return .object(present: [
            "resourceType": .string("AuditEvent"), "id": .string("audit-\(number)"),
            "type": FHIR.coding(
                "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "RESTful Operation"),
            "subtype": .array([FHIR.own("rpc", action)]), "action": .string(fhirAction),
            "recorded": FHIR.time(at), "outcome": .string(fhirOutcome),
            "outcomeDesc": reason.map(JSONText.string), "agent": .array(agents),
            "source": .object(["observer": .object(["display": .string("telehealth.v1")])]),
            "entity": entities.isEmpty ? nil : .array(entities),
        ])
    }

    private var agents: [JSONText] {
        let requestor = JSONText.object(present: [
            "requestor": .bool(true), "who": .object(["identifier": FHIR.identifier("account", subject.rawValue)]),
            "role": role.map { .array([FHIR.concept(FHIR.own("role", $0))]) },
        ])
        guard let actor else { return [requestor] }
        let service = JSONText.object([
            "requestor": .bool(false), "who": .object(["identifier": FHIR.identifier("account", actor.rawValue)]),
        ])
        return [requestor, service]
    }

    private func entity(_ type: String?, _ kind: String, _ value: String) -> JSONText {
        .object([
            "what": .object(present: [
                "type": type.map(JSONText.string), "identifier": FHIR.identifier(kind, value),
            ])
        ])
    }

    /// Create, read, update or execute; calls that only read are named so.
    private var fhirAction: String {
        for prefix in ["Get", "List", "Watch", "Evaluate", "Export", "Verify"] where action.hasPrefix(prefix)
        {
            return "R"
        }
        for prefix in ["Submit", "Create", "Put"] where action.hasPrefix(prefix) { return "C" }
        for prefix in ["Update", "Revoke"] where action.hasPrefix(prefix) { return "U" }
        return "E"
    }

    /// 0 success, 4 refused, 8 failed for another reason.
    private var fhirOutcome: String {
        switch AuditEntry.Outcome(rawValue: outcome) {
        case .allowed: "0"
        case .denied: "4"
        case .failed, nil: "8"
        }
    }
}
