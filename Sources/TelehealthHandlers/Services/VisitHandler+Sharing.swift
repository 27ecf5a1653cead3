internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension VisitHandler {
    func startScreenShare(_ request: Telehealth_V1_StartScreenShareRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_StartScreenShareResponse
    {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.screenShares.start(session, invocation)
        }
        return .with { $0.screenShare = outcome.share.wire }
    }

    func stopScreenShare(_ request: Telehealth_V1_StopScreenShareRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_StopScreenShareResponse
    {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.screenShares.stop(session, invocation)
        }
        return .with { $0.screenShare = outcome.share.wire }
    }
}
