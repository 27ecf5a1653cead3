internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `ConsentService`.
struct ConsentHandler: Telehealth_V1_ConsentServiceHandler {
    let useCases: UseCases
    let receipts: ReceiptIssuer
    let time: any TimeSource

    func submitConsent(_ request: Telehealth_V1_SubmitConsentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_SubmitConsentResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let type = fields.consentType("type", request.type, in: useCases.policy.places)
        let role: ConsentSubjectRole? =
            request.personRole.rawValue == 0
            ? nil
            : fields.choice(
                "person_role", request.personRole, ConsentSubjectRole(request.personRole), default: .client
            )
        let command = SubmitConsent(
            subjectID: .init(request.personID), subjectRole: role,
            type: type ?? .recording,
            appointmentID: .given(request.appointmentID),
            statement: ConsentStatement(
                request.submission ?? .init(), type: type, attestedBy: invocation.caller, &fields))
        try fields.finish()
        let record = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.submit(command, invocation)
        }
        let consent = try await wire(record)
        return .with { $0.consent = consent }
    }

    func updateConsent(_ request: Telehealth_V1_UpdateConsentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_UpdateConsentResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = UpdateConsent(
            consentID: .init(request.consentID),
            statement: ConsentStatement(
                request.submission ?? .init(), type: nil, attestedBy: invocation.caller, &fields))
        try fields.finish()
        let record = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.update(command, invocation)
        }
        let consent = try await wire(record)
        return .with { $0.consent = consent }
    }

    func revokeConsent(_ request: Telehealth_V1_RevokeConsentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_RevokeConsentResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = RevokeConsent(
            consentID: .init(request.consentID),
            reason: fields.optionalText("reason", request.reason))
        try fields.finish()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.revoke(command, invocation)
        }
        let consent = try await wire(outcome.record)
        return .with {
            $0.consent = consent
            $0.stoppedRecordingIds = outcome.stoppedRecordings.map(\.rawValue)
        }
    }

    private func wire(_ record: ConsentRecord) async throws(RPCError) -> Telehealth_V1_Consent {
        let file = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.judged([record], of: record.subjectID)
        }
        return wire(record, in: file)
    }
}
