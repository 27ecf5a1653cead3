extension SimulatedChime {
    mutating func createCapture(_ context: CallContext) throws(ServiceError) -> SimulatedResponse {
        let body = try context.body()
        let token = try Validation.optionalRequestToken(body)
        let order = try CaptureOrder(body)
        if let known = knownPipeline(token, context) { return created(known) }
        _ = try sinkPrefix(order.sinkARN)
        guard let meetingID = Self.meetingID(ofARN: order.sourceARN), let meeting = meetings[meetingID],
            meeting.isLive, meeting.controlRegion == context.controlRegion
        else { throw .badRequest("SourceArn is not a meeting of this Region") }
        guard meeting.activePipelineID == nil else {
            throw .resourceLimitExceeded("The meeting has an active media capture pipeline")
        }
        let capture = MediaPipeline.Capture(
            meetingID: meetingID, sourceARN: order.sourceARN, sinkARN: order.sinkARN,
            meetingConfiguration: order.meetingConfiguration, keyManagement: order.keyManagement,
            sinkRoleARN: order.sinkRoleARN)
        let pipeline = try startPipeline(
            .capture(capture), token: token, mediaRegion: meeting.mediaRegion,
            dueAt: context.now + configuration.pipelineStep, context)
        meetings[meetingID]?.activePipelineID = pipeline.id
        return created(pipeline)
    }

    mutating func createConcatenation(_ context: CallContext) throws(ServiceError) -> SimulatedResponse {
        let body = try context.body()
        let token = try Validation.optionalRequestToken(body)
        let order = try ConcatenationOrder(body)
        if let known = knownPipeline(token, context) { return created(known) }
        let prefix = try sinkPrefix(order.destinationARN)
        guard let captureID = order.captureARN.split(separator: "/").last.map(String.init),
            let source = pipelines[captureID], let capture = source.capture, source.arn == order.captureARN
        else { throw .badRequest("MediaPipelineArn is not a media capture pipeline") }
        guard context.now <= source.createdAt + Self.concatenationSourceAgeMax else {
            throw .badRequest("The media capture pipeline is more than 30 days old")
        }
        let concatenation = MediaPipeline.Concatenation(
            captureID: captureID, sources: order.sources, sinks: order.sinks, prefix: prefix,
            kmsKeyID: capture.keyManagement?["AwsKmsKeyId"]?.text)
        // It may be ordered while the capture runs, and then waits for its end.
        let pipeline = try startPipeline(
            .concatenation(concatenation), token: token, mediaRegion: source.mediaRegion,
            dueAt: source.status.isFinal ? context.now + configuration.pipelineStep : nil, context)
        concatenationsByCapture[captureID, default: []].append(pipeline.id)
        pipelines[pipeline.id]?.outcome = context.orderedOutcome
        return created(pipeline)
    }

    /// A capture can be concatenated for 30 days.
    private static let concatenationSourceAgeMax: Duration = .seconds(30 * 24 * 60 * 60)

    mutating func getPipeline(
        _ id: String, captureOnly: Bool, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let pipeline = try pipeline(id, captureOnly: captureOnly, context)
        let member = JSONValue.object([JSONValue.Member(name: pipeline.memberName, value: pipeline.json)])
        return SimulatedResponse(status: 200, json: captureOnly ? member : ["MediaPipeline": member])
    }

    func listCaptures(_ context: CallContext) throws(ServiceError) -> SimulatedResponse {
        let limit = try Validation.maxResults(context.request)
        let after = try pageStart(context.request)
        let rest = pipelines.values
            .filter { pipeline in
                pipeline.capture != nil && !pipeline.status.isFinal && pipeline.ordinal > after
                    && pipeline.controlRegion == context.controlRegion
            }
            .sorted { $0.ordinal < $1.ordinal }
        let page = rest.prefix(limit)
        return SimulatedResponse(
            status: 200,
            json: [
                "MediaCapturePipelines": .array(
                    page.map { ["MediaPipelineId": .string($0.id), "MediaPipelineArn": .string($0.arn)] }),
                "NextToken": rest.count > limit ? page.last.map { .string("page-\($0.ordinal)") } : nil,
            ])
    }

    /// Stops a pipeline; what it has written stays. DeleteMediaPipeline knows a conflict, for a pipeline that
    /// is stopping already; DeleteMediaCapturePipeline does not.
    mutating func deletePipeline(
        _ id: String, captureOnly: Bool, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let pipeline = try pipeline(id, captureOnly: captureOnly, context)
        switch pipeline.status {
        case .initializing, .inProgress: stopPipeline(pipeline.id, at: context.now)
        case .stopping:
            guard captureOnly else { throw .conflict("Media pipeline \(pipeline.id) is being stopped") }
        case .stopped, .failed: throw .notFound("Media pipeline \(pipeline.id) not found")
        }
        return SimulatedResponse(status: 204)
    }

    private func pipeline(
        _ id: String, captureOnly: Bool, _ context: CallContext
    ) throws(ServiceError) -> MediaPipeline {
        let id = try Validation.guid(id, "MediaPipelineId")
        guard let pipeline = pipelines[id], pipeline.controlRegion == context.controlRegion,
            !captureOnly || pipeline.capture != nil
        else { throw .notFound("Media pipeline \(id) not found") }
        return pipeline
    }

    private func knownPipeline(_ token: String?, _ context: CallContext) -> MediaPipeline? {
        token.flatMap { pipelineIDsByToken[context.controlRegion + $0] }.flatMap { pipelines[$0] }
    }

    private func created(_ pipeline: MediaPipeline) -> SimulatedResponse {
        SimulatedResponse(
            status: 201, json: .object([JSONValue.Member(name: pipeline.memberName, value: pipeline.json)]))
    }

    private mutating func startPipeline(
        _ work: MediaPipeline.Work, token: String?, mediaRegion: String, dueAt: Timestamp?,
        _ context: CallContext
    ) throws(ServiceError) -> MediaPipeline {
        guard activePipelineCount < configuration.pipelinesMax else {
            throw .resourceLimitExceeded(
                "The account has \(configuration.pipelinesMax) active media pipelines")
        }
        let id = identifiers.uuid()
        let region = context.controlRegion
        let pipeline = MediaPipeline(
            id: id, arn: "arn:aws:chime:\(region):\(configuration.accountID):media-pipeline/\(id)",
            controlRegion: region, mediaRegion: mediaRegion, clientRequestToken: token,
            ordinal: nextPipelineOrdinal, work: work, createdAt: context.now, updatedAt: context.now,
            dueAt: dueAt)
        nextPipelineOrdinal += 1
        activePipelineCount += 1
        pipelines[id] = pipeline
        if let token { pipelineIDsByToken[region + token] = id }
        if let dueAt { deadlines.add(.pipeline(id), at: dueAt) }
        return pipeline
    }

    /// Both documented forms: `arn:aws:chime:<region>:<account>:meeting/<id>` and
    /// `arn:aws:chime::<account>:meeting:<id>`.
    private static func meetingID(ofARN arn: String) -> String? {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 6, parts[0] == "arn", parts[2] == "chime" else { return nil }
        if parts.count == 6, parts[5].hasPrefix("meeting/") { return parts[5].dropFirst(8).lowercased() }
        return parts.count == 7 && parts[5] == "meeting" ? parts[6].lowercased() : nil
    }

    /// The prefix of `arn:aws:s3:::<bucket>/<prefix>`, if the bucket is the simulated one.
    private func sinkPrefix(_ arn: String) throws(ServiceError) -> String {
        let path = arn.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard arn.hasPrefix("arn:aws:s3:::"), let bucket = parts.first, bucket == configuration.bucket else {
            throw .badRequest("S3 Bucket policy not valid/present for Sink \(arn)")
        }
        return parts.dropFirst().joined(separator: "/")
    }
}
