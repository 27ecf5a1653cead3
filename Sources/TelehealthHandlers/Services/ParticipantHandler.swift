internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `ParticipantService`: the participants of a visit.
struct ParticipantHandler: Telehealth_V1_ParticipantServiceHandler {
    let participants: ParticipantUseCases
    let views: SessionViews

    func admitParticipant(_ request: Telehealth_V1_AdmitParticipantRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_AdmitParticipantResponse
    {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let participant = ParticipantID(request.participantID)
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await participants.admit(session, participant, invocation)
        }
        return .with {
            $0.session = views.view(state, for: invocation.caller)
            $0.participant = state.participant(participant)
                .map { views.view($0, in: state, for: invocation.caller) }
        }
    }

    func inviteParticipant(_ request: Telehealth_V1_InviteParticipantRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_InviteParticipantResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = InviteParticipant(
            sessionID: .init(request.sessionID),
            role: fields.choice("role", request.role, ParticipantRole(request.role), default: .guest),
            subjectID: .given(request.personID),
            validFor: request.validFor?.swiftDuration)
        try fields.finish()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await participants.invite(command, invocation)
        }
        var response = Telehealth_V1_InviteParticipantResponse()
        response.session = views.view(outcome.state, for: invocation.caller)
        switch outcome.place {
        case .participant(let person):
            response.participant = views.view(person, in: outcome.state, for: invocation.caller)
        case .invitation(let invitation, let grant):
            response.invitation = invitation.wire(at: views.time.now)
            response.grant = grant
        }
        return response
    }

    func revokeInvitation(_ request: Telehealth_V1_RevokeInvitationRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_RevokeInvitationResponse
    {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let invitation = InvitationID(request.invitationID)
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await participants.revokeInvitation(session, invitation, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func redeemInvitation(_ request: Telehealth_V1_RedeemInvitationRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_RedeemInvitationResponse
    {
        var fields = RequestFields()
        let attempt = context.attempt(request)
        let grant = fields.text("grant", request.grant)
        try fields.finish()
        let admission = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await participants.redeemInvitation(
                grant, attempt, timeout: context.timeRemaining, source: context.source)
        }
        return .with {
            $0.session = views.view(admission.state, for: admission.caller)
            $0.participant = views.view(admission.participant, in: admission.state, for: admission.caller)
            $0.token = admission.pass
            $0.expireTime = admission.caller.expiresAt.wire
        }
    }

    func denyParticipant(_ request: Telehealth_V1_DenyParticipantRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_DenyParticipantResponse
    {
        let person = try await treat(
            request, request.sessionID, request.participantID, .deny, RequestFields(), context)
        return .with { ($0.session, $0.participant) = person }
    }

    func returnToWaitingRoom(_ request: Telehealth_V1_ReturnToWaitingRoomRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ReturnToWaitingRoomResponse
    {
        let person = try await treat(
            request, request.sessionID, request.participantID, .returnToWaitingRoom, RequestFields(), context)
        return .with { ($0.session, $0.participant) = person }
    }

    func removeParticipant(_ request: Telehealth_V1_RemoveParticipantRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_RemoveParticipantResponse
    {
        let person = try await treat(
            request, request.sessionID, request.participantID, .remove, RequestFields(), context)
        return .with { ($0.session, $0.participant) = person }
    }

    func setParticipantCapabilities(
        _ request: Telehealth_V1_SetParticipantCapabilitiesRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_SetParticipantCapabilitiesResponse {
        var fields = RequestFields()
        let asked = request.capabilities ?? .init()
        let capabilities = MediaCapabilities(
            audio: fields.direction("capabilities.audio", asked.audio),
            video: fields.direction("capabilities.video", asked.video),
            content: fields.direction("capabilities.content", asked.content))
        let person = try await treat(
            request, request.sessionID, request.participantID, .setCapabilities(capabilities), fields, context
        )
        return .with { ($0.session, $0.participant) = person }
    }

    /// The four calls that act on one participant differ only in the command.
    private func treat(
        _ request: some ChangingRequest, _ sessionID: String, _ participantID: String,
        _ command: ModerationAction, _ read: RequestFields, _ context: ServerCallContext
    ) async throws(RPCError) -> (Telehealth_V1_Session?, Telehealth_V1_Participant?) {
        let invocation = try context.changing(request)
        let session = SessionID(sessionID)
        let participant = ParticipantID(participantID)
        try read.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await participants.moderate(session, participant, command, invocation)
        }
        return (
            views.view(state, for: invocation.caller),
            state.participant(participant).map { views.view($0, in: state, for: invocation.caller) }
        )
    }
}

extension RequestFields {
    fileprivate mutating func direction(_ field: String, _ wire: Telehealth_V1_MediaCapability)
        -> MediaCapabilities.Direction
    {
        choice(field, wire, MediaCapabilities.Direction(wire), default: .none)
    }
}
