internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel

extension Effect {
    var wire: Telehealth_V1_OutboundOperation {
        filled {
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
        case .createMeeting: .createMeeting
        case .deleteMeeting: .deleteMeeting
        case .startCapture: .startCapture
        case .confirmCapture: .confirmCapture
        case .stopCapture: .stopCapture
        case .watchCapture: .watchCapture
        case .startConcatenation: .startConcatenation
        case .confirmConcatenation: .confirmConcatenation
        case .deleteAttendee: .deleteAttendee
        case .updateCapabilities: .updateCapabilities
        case .deleteObjects: .deleteObjects
        case .deliverWebhook: .deliverWebhook
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
