internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension VisitHandler {
    func updateSessionStatus(_ request: Telehealth_V1_UpdateSessionStatusRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_UpdateSessionStatusResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let status = fields.choice(
            "status", request.status, SessionStatus(request.status), default: .scheduled)
        try fields.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.updateStatus(session, to: status, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func leaveSession(_ request: Telehealth_V1_LeaveSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_LeaveSessionResponse
    {
        let invocation = try context.changing(request)
        let command = LeaveSession(
            sessionID: .init(request.sessionID), deviceID: ParticipantID.given(request.deviceID)?.rawValue
        )
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.leave(command, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func cancelSession(_ request: Telehealth_V1_CancelSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_CancelSessionResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = CancelSession(
            sessionID: .init(request.sessionID),
            reason: fields.choiceOrDefault(
                "reason", request.reason, CancelReason(requested: request.reason), default: .other),
            note: fields.optionalText("note", request.note))
        try fields.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.cancel(command, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func markNoShow(_ request: Telehealth_V1_MarkNoShowRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_MarkNoShowResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let party = fields.choiceOrDefault(
            "party", request.party, NoShowParty(request.party).map(Optional.some), default: nil)
        try fields.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.markNoShow(session, party: party, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func undoNoShow(_ request: Telehealth_V1_UndoNoShowRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_UndoNoShowResponse
    {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.undoNoShow(session, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func endSession(_ request: Telehealth_V1_EndSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_EndSessionResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = EndSession(
            sessionID: .init(request.sessionID),
            reason: fields.choiceOrDefault(
                "reason", request.reason, EndReason(requested: request.reason), default: .normal),
            note: fields.optionalText("note", request.note))
        try fields.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.end(command, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }
}
