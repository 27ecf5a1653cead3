internal import AWSClient
internal import HTTPSClient
public import TelehealthModel

extension ChimeGateway {
    public func startCapture(
        meetingARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    ) async throws(GatewayError) -> MediaPipeline {
        try require(ChimeSyntax.isARN(meetingARN), "meeting_arn")
        try require(ChimeSyntax.isClientToken(clientRequestToken), "client_request_token")
        let response = try await send(
            .createMediaCapturePipeline, to: .pipelines, .post, "/sdk-media-capture-pipelines",
            body: WireCaptureRequest(
                sourceArn: meetingARN, sinkArn: try sinkARN(prefix), clientRequestToken: clientRequestToken,
                sseAwsKeyManagementParams: configuration.sinkEncryption.map {
                    .init(awsKmsKeyId: $0.kmsKeyID)
                },
                sinkIamRoleArn: configuration.sinkEncryption?.sinkRoleARN),
            timeout: timeout)
        return try pipeline(
            decode(WireCaptureAnswer.self, response, of: .createMediaCapturePipeline).mediaCapturePipeline)
    }

    /// The capture that writes to `prefix` and has not ended, found by listing: for a start whose response was lost
    /// and that must not be repeated.
    ///
    /// Lists contain only ids, so each running pipeline of the account and region is read until the sink matches. The
    /// sink is compared and not the source, because Chime returns a different form of the meeting's ARN than it was
    /// given.
    /// - Returns: nil when no running capture writes there.
    /// - Throws: also `.unavailable` when there is not enough time to read them all: the result is then unknown.
    public func findCapture(
        meetingARN: String, prefix: String, timeout: Duration
    ) async throws(GatewayError) -> MediaPipeline? {
        let sink = try sinkARN(prefix)
        let deadline = deadline(after: timeout)
        var token: String?
        repeat {
            var query: [AWSRequest.QueryItem] = [.init("max-results", "99")]
            if let token { query.append(.init("next-token", token)) }
            let response = try await send(
                .listMediaCapturePipelines, to: .pipelines, .get, "/sdk-media-capture-pipelines",
                query: query,
                timeout: remaining(until: deadline))
            let page = try decode(WireCaptureList.self, response, of: .listMediaCapturePipelines)
            for listed in page.mediaCapturePipelines ?? [] {
                guard let found = try await readCapture(listed.mediaPipelineId, remaining(until: deadline)),
                    found.sinkArn == sink, let pipeline = found.value
                else { continue }
                switch pipeline.status {
                case .initializing, .inProgress, .paused, .notStarted: return pipeline
                case .failed, .stopping, .stopped: continue
                }
            }
            token = page.nextToken
        } while token != nil
        return nil
    }

    public func capture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline?
    {
        try await readCapture(pipelineID, timeout).map { wire throws(GatewayError) in try pipeline(wire) }
    }

    public func stopCapture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) {
        try require(ChimeSyntax.isGUID(pipelineID), "pipeline_id")
        _ = try await unlessGone { () async throws(GatewayError) in
            try await send(
                .deleteMediaCapturePipeline, to: .pipelines, .delete,
                "/sdk-media-capture-pipelines/\(pipelineID)",
                timeout: timeout)
        }
    }

    public func startConcatenation(
        capturePipelineARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    ) async throws(GatewayError) -> MediaPipeline {
        try require(ChimeSyntax.isARN(capturePipelineARN), "pipeline_arn")
        try require(ChimeSyntax.isClientToken(clientRequestToken), "client_request_token")
        let response = try await send(
            .createMediaConcatenationPipeline, to: .pipelines, .post, "/sdk-media-concatenation-pipelines",
            body: WireConcatenationRequest(
                captureARN: capturePipelineARN, destinationARN: try sinkARN(prefix),
                clientRequestToken: clientRequestToken),
            timeout: timeout)
        return try pipeline(
            decode(WireConcatenationAnswer.self, response, of: .createMediaConcatenationPipeline)
                .mediaConcatenationPipeline)
    }

    public func concatenation(_ pipelineID: String, timeout: Duration) async throws(GatewayError)
        -> MediaPipeline?
    {
        try require(ChimeSyntax.isGUID(pipelineID), "pipeline_id")
        return try await unlessGone { () async throws(GatewayError) in
            let response = try await send(
                .getMediaPipeline, to: .pipelines, .get, "/sdk-media-pipelines/\(pipelineID)",
                timeout: timeout)
            let answer = try decode(WirePipelineAnswer.self, response, of: .getMediaPipeline)
            guard let wire = answer.mediaPipeline.mediaConcatenationPipeline else {
                throw GatewayError(kind: .gone, code: "not_a_concatenation")
            }
            return try pipeline(wire)
        }
    }

    private func readCapture(_ pipelineID: String, _ timeout: Duration) async throws(GatewayError)
        -> WirePipeline?
    {
        try require(ChimeSyntax.isGUID(pipelineID), "pipeline_id")
        return try await unlessGone { () async throws(GatewayError) in
            let response = try await send(
                .getMediaCapturePipeline, to: .pipelines, .get, "/sdk-media-capture-pipelines/\(pipelineID)",
                timeout: timeout)
            return try decode(WireCaptureAnswer.self, response, of: .getMediaCapturePipeline)
                .mediaCapturePipeline
        }
    }

    /// `arn:aws:s3:::bucket/prefix`, in the partition of the control region.
    private func sinkARN(_ prefix: String) throws(GatewayError) -> String {
        guard let bucket = recordingsBucket else { throw .invalidArgument("recordings_bucket") }
        try require(ChimeSyntax.isObjectKey(prefix), "prefix")
        let partition = controlRegion.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        return "arn:\(partition):s3:::\(bucket)/\(prefix)"
    }

    private func pipeline(_ wire: WirePipeline) throws(GatewayError) -> MediaPipeline {
        guard let pipeline = wire.value else {
            throw GatewayError(kind: .unavailable, code: "unknown_pipeline_status", mayHaveTakenEffect: true)
        }
        return pipeline
    }
}
