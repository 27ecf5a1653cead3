internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `RecordingService`. Making and playing recordings are in an extension.
struct RecordingHandler: Telehealth_V1_RecordingServiceHandler {
    let recordings: RecordingUseCases
    let receipts: ReceiptIssuer

    func setRecordingHold(_ request: Telehealth_V1_SetRecordingHoldRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_SetRecordingHoldResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let id = RecordingID(request.recordingID)
        let reason = fields.text("reason", request.reason)
        try fields.finish()
        let recording = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.setHold(on: id, reason: reason, invocation)
        }
        return .with { $0.recording = recording.wire(for: Viewer(invocation.caller)) }
    }

    func releaseRecordingHold(
        _ request: Telehealth_V1_ReleaseRecordingHoldRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_ReleaseRecordingHoldResponse {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let id = RecordingID(request.recordingID)
        let reason = fields.text("reason", request.reason)
        try fields.finish()
        let recording = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.releaseHold(on: id, reason: reason, invocation)
        }
        return .with { $0.recording = recording.wire(for: Viewer(invocation.caller)) }
    }

    func setRecordingRetention(
        _ request: Telehealth_V1_SetRecordingRetentionRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_SetRecordingRetentionResponse {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let id = RecordingID(request.recordingID)
        let reason = fields.text("reason", request.reason)
        let until = fields.optionalTime("retention_end_time", request.retentionEndTime)
        try fields.finish()
        let recording = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.setRetention(of: id, until: until, reason: reason, invocation)
        }
        return .with { $0.recording = recording.wire(for: Viewer(invocation.caller)) }
    }

    func linkSessionNote(_ request: Telehealth_V1_LinkSessionNoteRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_LinkSessionNoteResponse
    {
        let invocation = try context.changing(request)
        let id = RecordingID(request.recordingID)
        let note = SessionNoteID.given(request.sessionNoteID)
        let recording = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.linkNote(note, to: id, invocation)
        }
        return .with { $0.recording = recording.wire(for: Viewer(invocation.caller)) }
    }

    func getRecordingManifest(
        _ request: Telehealth_V1_GetRecordingManifestRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingManifestResponse {
        let id = RecordingID(request.recordingID)
        let invocation = try context.reading()
        let (manifest, numbers) = try await mappingDomainErrors { () async throws(TelehealthError) in
            let manifest = try await recordings.manifest(of: id, invocation)
            return (manifest, try await receipts.auditNumbers(of: manifest.recording))
        }
        let signature = receipts.signature(of: manifest)
        return .with {
            $0.manifest = manifest.wire
            $0.manifest?.auditNumbers = numbers
            $0.canonicalJson = manifest.canonicalJSON
            $0.sha256 = manifest.sha256
            $0.signature = signature?.bytes ?? []
            $0.signatureKeyID = signature?.keyID ?? ""
        }
    }
}

extension RecordingManifest {
    fileprivate var wire: Telehealth_V1_RecordingManifest {
        var wire = Telehealth_V1_RecordingManifest()
        wire.format = Self.format
        wire.recordingID = recording.id.rawValue
        wire.sessionID = recording.sessionID.rawValue
        wire.segment = Int32(clamping: recording.segment)
        wire.purpose = recording.purpose.wire
        wire.bucket = recording.bucket
        wire.objectKey = recording.objectKey ?? ""
        wire.objectByteCount = recording.objectBytes ?? 0
        wire.objectEtag = recording.objectETag ?? ""
        wire.objectChecksum = recording.objectChecksum ?? ""
        wire.consentIds = recording.consentIDs.map(\.rawValue).sorted()
        wire.startTime = recording.startedAt?.wire
        wire.endTime = recording.stoppedAt?.wire
        wire.stopReason = recording.stopCause?.wire ?? .unspecified
        wire.presenceSource = presenceSource.wire
        wire.people = people.map { person in
            .with {
                $0.participantID = person.participantID.rawValue
                $0.personID = person.subjectID.rawValue
                $0.role = person.role.wire
                $0.presence = person.presence.map { period in
                    .with {
                        $0.startTime = period.from.wire
                        $0.endTime = period.to?.wire
                    }
                }
            }
        }
        return wire
    }
}

extension RecordingManifest.PresenceSource {
    var wire: Telehealth_V1_PresenceSource {
        switch self {
        case .meetingEvents: .meetingEvents
        case .roster: .roster
        }
    }
}
