/// How pipelines move on: capture Initializing, InProgress, Stopping, Stopped; a concatenation waits in
/// Initializing for the end of its capture, is then InProgress, writes its object and is Stopped. Stopped and
/// Failed are final.
extension SimulatedChime {
    mutating func meetDeadline(ofPipeline id: String, at instant: Timestamp) {
        guard let pipeline = pipelines[id], let dueAt = pipeline.dueAt, dueAt <= instant else { return }
        switch pipeline.status {
        case .initializing:
            begin(pipeline, at: dueAt)
        case .inProgress:
            if pipeline.outcome == .failed { return finish(pipeline, as: .failed, at: dueAt) }
            if let key = pipeline.objectKey, pipeline.outcome != .noObject {
                objects.put(
                    SimulatedRecording.bytes(pipelineID: id), at: key, contentType: "video/mp4",
                    kmsKeyID: pipeline.concatenation?.kmsKeyID, now: dueAt)
            }
            finish(pipeline, as: .stopped, at: dueAt)
        case .stopping: finish(pipeline, as: .stopped, at: dueAt)
        case .stopped, .failed: break
        }
    }

    private mutating func begin(_ pipeline: MediaPipeline, at now: Timestamp) {
        let isCapture = pipeline.capture != nil
        set(pipeline.id, .inProgress, at: now, dueAt: isCapture ? nil : now + configuration.pipelineStep)
        tell(.pipelineInProgress, of: pipeline, at: now)
        if isCapture { tellAttendee(.attendeeJoined, of: pipeline, at: now) }
    }

    mutating func stopPipeline(_ id: String, at now: Timestamp) {
        guard let pipeline = pipelines[id] else { return }
        switch pipeline.status {
        case .initializing, .inProgress:
            set(id, .stopping, at: now, dueAt: now + configuration.pipelineStep)
        case .stopping, .stopped, .failed: break
        }
    }

    /// A capture that fails takes the concatenations that wait for it along.
    mutating func failPipeline(_ id: String, at now: Timestamp) throws(ServiceError) {
        guard let pipeline = pipelines[id] else { throw .notFound("Media pipeline \(id) not found") }
        guard !pipeline.status.isFinal else { throw .conflict("Media pipeline \(id) has finished") }
        finish(pipeline, as: .failed, at: now)
    }

    private mutating func finish(
        _ pipeline: MediaPipeline, as status: MediaPipeline.Status, at now: Timestamp
    ) {
        set(pipeline.id, status, at: now, dueAt: nil)
        activePipelineCount -= 1
        tell(status == .failed ? .pipelinePermanentFailure : .pipelineDeleted, of: pipeline, at: now)
        if let capture = pipeline.capture {
            if pipeline.status != .initializing { tellAttendee(.attendeeLeft, of: pipeline, at: now) }
            if meetings[capture.meetingID]?.activePipelineID == pipeline.id {
                meetings[capture.meetingID]?.activePipelineID = nil
            }
            for id in concatenationsByCapture[pipeline.id] ?? [] {
                guard let waiting = pipelines[id], waiting.status == .initializing else { continue }
                if status == .failed {
                    finish(waiting, as: .failed, at: now)
                } else {
                    begin(waiting, at: now)
                }
            }
        }
        finishedPipelineIDs.append(pipeline.id)
        forgetOldPipelines()
    }

    private mutating func forgetOldPipelines() {
        while finishedPipelineIDs.count > configuration.endedMax, let id = finishedPipelineIDs.popFirst() {
            guard let pipeline = pipelines.removeValue(forKey: id) else { continue }
            if let token = pipeline.clientRequestToken {
                pipelineIDsByToken[pipeline.controlRegion + token] = nil
            }
            concatenationsByCapture[id] = nil
        }
    }

    private mutating func set(
        _ id: String, _ status: MediaPipeline.Status, at now: Timestamp, dueAt: Timestamp?
    ) {
        pipelines[id]?.status = status
        pipelines[id]?.updatedAt = now
        pipelines[id]?.dueAt = dueAt
        if let dueAt { deadlines.add(.pipeline(id), at: dueAt) }
    }

    private func meeting(of pipeline: MediaPipeline) -> Meeting? {
        let capture = pipeline.capture ?? pipeline.concatenation.flatMap { pipelines[$0.captureID]?.capture }
        return capture.flatMap { meetings[$0.meetingID] }
    }

    private mutating func tell(_ kind: ChimeEvent.Kind, of pipeline: MediaPipeline, at now: Timestamp) {
        let meeting = meeting(of: pipeline)
        events.append(
            numbered(
                ChimeEvent(
                    kind: kind, at: now, region: pipeline.controlRegion, mediaRegion: pipeline.mediaRegion,
                    meetingID: meeting?.id, externalMeetingID: meeting?.externalID, pipelineID: pipeline.id)))
    }

    /// A capture sits in the meeting's roster under a reserved external id. It keeps no meeting alive here.
    private mutating func tellAttendee(_ kind: ChimeEvent.Kind, of pipeline: MediaPipeline, at now: Timestamp)
    {
        guard let meeting = meeting(of: pipeline) else { return }
        var event = meeting.event(kind, at: now)
        event.attendeeID = pipeline.id
        event.externalUserID = "aws:MediaPipeline-\(pipeline.id)"
        events.append(numbered(event))
    }
}
