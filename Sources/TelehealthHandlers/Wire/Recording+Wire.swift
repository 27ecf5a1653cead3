internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel

extension Recording {
    func wire(for viewer: Viewer) -> Telehealth_V1_Recording {
        var wire = Telehealth_V1_Recording()
        wire.recordingID = id.rawValue
        wire.sessionID = sessionID.rawValue
        wire.segment = Int32(clamping: segment)
        wire.state = state.wire
        wire.purpose = purpose.wire
        wire.requestTime = requestedAt.wire
        wire.startTime = startedAt?.wire
        wire.endTime = stoppedAt?.wire
        wire.objectByteCount = objectBytes ?? 0
        if let startedAt, let stoppedAt {
            wire.durationSeconds = max(0, (stoppedAt - startedAt).wholeMicroseconds / 1_000_000)
        }
        wire.stopReason = stopCause?.wire ?? .unspecified
        wire.failureReason = failure ?? ""
        wire.consentRevokeTime = consentRevokedAt?.wire
        wire.availableTime = availableAt?.wire
        wire.degradeTime = degradedSince?.wire
        wire.deleteTime = deletedAt?.wire
        if viewer.isStaff {
            wire.consentIds = consentIDs.map(\.rawValue)
            wire.requestCaller = requestedBy
            wire.objectKey = objectKey ?? ""
            wire.objectEtag = objectETag ?? ""
            wire.objectChecksum = objectChecksum ?? ""
            wire.retentionEndTime = retainUntil?.wire
            wire.hold = hold?.wire
            wire.sessionNoteID = sessionNoteID?.rawValue ?? ""
            wire.waitingReason = waitReason?.wire ?? .unspecified
        }
        return wire
    }
}

extension Recording {
    /// AWS's ids, for a support case.
    ///
    /// - Parameter meeting: the generation that was recorded.
    func capture(in meeting: MeetingGeneration?) -> Telehealth_V1_ChimeCapture {
        .with {
            $0.meetingID = meeting?.meetingID ?? ""
            $0.meetingArn = meeting?.meetingARN ?? ""
            $0.controlRegion = controlRegion
            $0.capturePipelineID = capturePipelineID ?? ""
            $0.capturePipelineArn = capturePipelineARN ?? ""
            $0.concatenationPipelineID = concatenationPipelineID ?? ""
            $0.bucket = bucket
            $0.keyPrefix = prefix + "/"
        }
    }
}

extension Recording.WaitReason {
    var wire: Telehealth_V1_RecordingWaitReason {
        switch self {
        case .accessRefused: .accessRefused
        case .quotaExceeded: .quotaExceeded
        case .objectMissing: .objectMissing
        case .joiningFailed: .joiningFailed
        case .unavailable: .unavailable
        }
    }
}

extension LegalHold {
    var wire: Telehealth_V1_LegalHold {
        .with {
            $0.setTime = setAt.wire
            $0.setCaller = setBy
            $0.reason = reason
        }
    }
}
