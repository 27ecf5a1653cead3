internal import TelehealthAPI
internal import TelehealthCore

extension Recording {
    func wire(for viewer: Viewer) -> Telehealth_V1_Recording {
        var wire = Telehealth_V1_Recording()
        wire.recordingID = id.rawValue
        wire.sessionID = sessionID.rawValue
        wire.segment = Int32(clamping: segment)
        wire.state = state.wire
        wire.purpose = purpose.wire
        wire.requestedAt = requestedAt.wire
        wire.startedAt = startedAt?.wire
        wire.stoppedAt = stoppedAt?.wire
        wire.objectByteCount = objectBytes ?? 0
        if let startedAt, let stoppedAt {
            wire.durationSeconds = max(0, (stoppedAt - startedAt).wholeMicroseconds / 1_000_000)
        }
        wire.stopReason = stopCause?.wire ?? .unspecified
        wire.failureReason = failure ?? ""
        wire.consentRevokedAt = consentRevokedAt?.wire
        wire.availableAt = availableAt?.wire
        wire.degradedSince = degradedSince?.wire
        wire.deletedAt = deletedAt?.wire
        if viewer.isStaff {
            wire.consentIds = consentIDs.map(\.rawValue)
            wire.requestedBy = requestedBy
            wire.capturePipelineID = capturePipelineID ?? ""
            wire.capturePipelineArn = capturePipelineARN ?? ""
            wire.concatenationPipelineID = concatenationPipelineID ?? ""
            wire.objectKey = objectKey ?? ""
            wire.objectEtag = objectETag ?? ""
            wire.objectChecksum = objectChecksum ?? ""
            wire.retainUntil = retainUntil?.wire
            wire.hold = hold?.wire
            wire.sessionNoteID = sessionNoteID?.rawValue ?? ""
            wire.waitingReason = waitReason?.wire ?? .unspecified
        }
        return wire
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
        filled {
            $0.setAt = setAt.wire
            $0.setBy = setBy
            $0.reason = reason
        }
    }
}
