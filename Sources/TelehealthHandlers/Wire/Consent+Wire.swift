internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension ConsentRecord {
    /// - Parameters:
    ///   - isDueForRenewal: it expires soon, or a newer text is in force.
    ///   - hasEnded: its signer no longer has the authority to sign.
    func wire(now: Timestamp, isDueForRenewal: Bool, hasEnded: Bool) -> Telehealth_V1_Consent {
        var wire = Telehealth_V1_Consent()
        wire.consentID = id.rawValue
        wire.personID = subjectID.rawValue
        wire.personRole = subjectRole.wire
        wire.type = type.id
        wire.decision = decision.wire
        wire.state = state(at: now, hasEnded: hasEnded)
        wire.documentVersion = documentVersion
        wire.language = documentLanguage
        wire.textSha256 = textHash
        wire.method = method.wire
        var acknowledged = Telehealth_V1_ConsentAcknowledgements()
        acknowledged.patientRights = acknowledgements.patientRights
        acknowledged.emergencyProtocols = acknowledgements.emergencyProtocols
        acknowledged.privacyRisks = acknowledgements.privacyRisks
        wire.acknowledgements = acknowledged
        wire.recordingPurposes = recordingPurposes.map(\.wire)
        wire.sessionID = sessionID?.rawValue ?? ""
        wire.signerID = signerID.rawValue
        wire.attestCaller = attestedBy ?? ""
        wire.evidence = evidence ?? ""
        wire.decisionTime = grantedAt.wire
        wire.expireTime = expiresAt?.wire
        wire.renewalRequired = wire.state == .active && isDueForRenewal
        wire.supersedesConsentID = supersedes?.rawValue ?? ""
        wire.createTime = recordedAt.wire
        wire.createCaller = recordedBy
        wire.supersededByConsentID = supersededBy?.rawValue ?? ""
        wire.revokeTime = revokedAt?.wire
        wire.revokeCaller = revokedBy ?? ""
        wire.revocationReason = revocationReason ?? ""
        if !evidenceItems.isEmpty { wire.evidenceItems = evidenceItems.wire }
        return wire
    }

    private func state(at now: Timestamp, hasEnded: Bool) -> Telehealth_V1_ConsentState {
        if revokedAt != nil { return .revoked }
        if supersededBy != nil { return .superseded }
        switch decision {
        case .declined: return .declined
        case .granted: return hasEnded || expiresAt.map { $0 <= now } ?? false ? .expired : .active
        }
    }
}

extension ConsentDocument {
    /// In view FULL.
    var wire: Telehealth_V1_ConsentDocument {
        var wire = basicWire
        wire.text = text
        wire.view = .full
        return wire
    }

    /// In view BASIC: without the text.
    var basicWire: Telehealth_V1_ConsentDocument {
        var wire = Telehealth_V1_ConsentDocument()
        wire.view = .basic
        wire.type = type.id
        wire.version = version
        wire.language = language
        wire.textSha256 = textHash
        wire.effectiveTime = effectiveAt.wire
        wire.createTime = registeredAt.wire
        wire.createCaller = registeredBy
        return wire
    }
}

extension ConsentEvidence {
    var wire: Telehealth_V1_ConsentEvidence {
        .with {
            $0.scanReference = scanReference ?? ""
            $0.scanSha256 = scanSHA256 ?? []
            $0.scriptVersion = scriptVersion ?? ""
            $0.witness = witness ?? ""
        }
    }

    init(_ wire: Telehealth_V1_ConsentEvidence?, _ fields: inout RequestFields) {
        guard let wire else {
            self.init()
            return
        }
        func text(_ field: String, _ text: String) -> String? {
            fields.optionalText("submission.evidence_items." + field, text, saysSomething: true)
        }
        self.init(
            scanReference: text("scan_reference", wire.scanReference),
            scanSHA256: wire.scanSha256.isEmpty ? nil : wire.scanSha256,
            scriptVersion: text("script_version", wire.scriptVersion), witness: text("witness", wire.witness))
    }
}

extension ConsentGap {
    /// Without the remedy, which only GetConsentStatus reports.
    func wire(action: ConsentAction) -> Telehealth_V1_MissingConsent {
        var wire = Telehealth_V1_MissingConsent()
        wire.action = action.wire
        wire.type = type.id
        wire.personID = subjectID.rawValue
        wire.personRole = subjectRole.wire
        wire.cause = cause.wire
        let texts = (remedy?.documents ?? []).filter { $0.type == type }
        wire.documentVersion =
            (texts.first { $0.language == ConsentDocumentHandler.defaultLanguage } ?? texts.first)?.version ?? ""
        return wire
    }
}

extension ConsentStatement {
    init(
        _ wire: Telehealth_V1_ConsentSubmission, type: ConsentType?, attestedBy caller: Caller,
        _ fields: inout RequestFields
    ) {
        let method = fields.choice(
            "submission.method", wire.method, ConsentMethod(wire.method), default: .electronic)
        let acknowledged = wire.acknowledgements ?? .init()
        let purposes = wire.recordingPurposes.enumerated().map { index, purpose in
            fields.choice(
                "submission.recording_purposes[\(index)]", purpose, Recording.Purpose(purpose),
                default: .clinical)
        }
        if let type, type != .recording, !purposes.isEmpty {
            fields.refuse("submission.recording_purposes", "is for recording consents only")
        }
        if type == .recording, purposes.isEmpty {
            fields.refuse("submission.recording_purposes", "is required for a recording consent")
        }
        let isElectronic = method == .electronic
        if isElectronic, wire.decisionTime != nil {
            fields.refuse("submission.decision_time", "is for paper and verbal consents only")
        }
        self.init(
            decision: fields.choice(
                "submission.decision", wire.decision, ConsentDecision(wire.decision), default: .declined),
            method: method,
            documentVersion: fields.text("submission.document_version", wire.documentVersion),
            documentLanguage: fields.language("submission.language", wire.language),
            textHash: wire.textSha256,
            acknowledgements: .init(
                patientRights: acknowledged.patientRights,
                emergencyProtocols: acknowledged.emergencyProtocols,
                privacyRisks: acknowledged.privacyRisks),
            recordingPurposes: purposes, attestedBy: isElectronic ? nil : caller.subject.rawValue,
            evidence: isElectronic
                ? fields.optionalText("submission.evidence", wire.evidence)
                : fields.text("submission.evidence", wire.evidence),
            evidenceItems: ConsentEvidence(wire.evidenceItems, &fields),
            signerID: .given(wire.signerID),
            sessionID: .given(wire.sessionID),
            grantedAt: fields.optionalTime("submission.decision_time", wire.decisionTime),
            expiresAt: fields.optionalTime("submission.expire_time", wire.expireTime))
    }
}
