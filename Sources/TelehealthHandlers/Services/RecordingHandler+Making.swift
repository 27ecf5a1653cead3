internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension RecordingHandler {
    func startRecording(_ request: Telehealth_V1_StartRecordingRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_StartRecordingResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = StartRecording(
            sessionID: .init(request.sessionID),
            purpose: fields.choiceOrDefault(
                "purpose", request.purpose, Recording.Purpose(request.purpose), default: .clinical))
        try fields.finish()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.start(command, invocation)
        }
        return .with { $0.recording = outcome.recording.wire(for: Viewer(invocation.caller)) }
    }

    func stopRecording(_ request: Telehealth_V1_StopRecordingRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_StopRecordingResponse
    {
        let invocation = try context.changing(request)
        let command = StopRecording(
            sessionID: .init(request.sessionID),
            recordingID: .given(request.recordingID))
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.stop(command, invocation)
        }
        return .with { $0.recording = outcome.recording.wire(for: Viewer(invocation.caller)) }
    }

    func listRecordings(_ request: Telehealth_V1_ListRecordingsRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListRecordingsResponse
    {
        let session = SessionID(request.sessionID)
        let limit = PageToken.pageSize(request.pageSize)
        let filters = "recordings \(session.rawValue)"
        let after = try PageToken(request.pageToken, filters: filters)?.number ?? 0
        let invocation = try context.readingOnce()
        let found = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.list(of: session, invocation)
        }
        let rest = found.sorted { $0.segment < $1.segment }.filter { $0.segment > after }
        let viewer = Viewer(invocation.caller)
        var response = Telehealth_V1_ListRecordingsResponse()
        response.recordings = rest.prefix(limit).map { $0.wire(for: viewer) }
        if rest.count > limit, let last = response.recordings.last {
            response.nextPageToken = PageToken(number: Int64(last.segment), id: last.recordingID).text(
                filters: filters)
        }
        return response
    }

    func getRecordingPlaybackUrl(
        _ request: Telehealth_V1_GetRecordingPlaybackUrlRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingPlaybackUrlResponse {
        var fields = RequestFields()
        let recording = RecordingID(request.recordingID)
        let purpose = fields.choiceOrDefault(
            "purpose", request.purpose, Recording.Purpose(request.purpose), default: .clinical)
        try fields.finish()
        let invocation = try context.reading()
        let grant = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await recordings.playbackURL(of: recording, purpose: purpose, invocation)
        }
        return .with {
            $0.url = grant.url
            $0.expireTime = grant.expiresAt.wire
        }
    }
}
