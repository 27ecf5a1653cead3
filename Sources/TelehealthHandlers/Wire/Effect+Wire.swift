internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel

extension Effect {
    var wire: Telehealth_V1_OutboundOperation {
        .with {
            $0.operationID = id.rawValue
            $0.sessionID = sessionID.rawValue
            $0.kind = kind.wire
            $0.state = state.wire
            $0.attempts = Int32(clamping: attempts)
            $0.lastError = lastError ?? ""
            $0.createTime = createdAt.wire
        }
    }
}

extension Effect.Kind {
    fileprivate var wire: Telehealth_V1_OutboundOperationKind {
        switch self {
        case .meeting(.create, _): .createMeeting
        case .meeting(.delete, _): .deleteMeeting
        case .recording(.startCapture, _, _): .startCapture
        case .recording(.confirmCapture, _, _): .confirmCapture
        case .recording(.stopCapture, _, _): .stopCapture
        case .recording(.watchCapture, _, _): .watchCapture
        case .recording(.startConcatenation, _, _): .startConcatenation
        case .recording(.confirmConcatenation, _, _): .confirmConcatenation
        case .recording(.deleteObjects, _, _): .deleteObjects
        case .attendee(.delete, _, _): .deleteAttendee
        case .attendee(.updateCapabilities, _, _): .updateCapabilities
        case .webhook: .deliverWebhook
        }
    }
}

extension Effect.State {
    fileprivate var wire: Telehealth_V1_OutboundOperationState {
        switch self {
        case .pending: .pending
        case .done: .done
        case .dead: .failed
        }
    }
}
