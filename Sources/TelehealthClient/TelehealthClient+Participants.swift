internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The people of a visit: admit, invite, redeem, deny, put back, remove, set capabilities.
extension TelehealthClient {
    /// Lets a waiting person in.
    public func admitParticipant(
        _ request: Telehealth_V1_AdmitParticipantRequest
    ) async throws(RPCError) -> Telehealth_V1_AdmitParticipantResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.admitParticipant, request)
    }

    /// Gives somebody a place in a visit: a member of staff by their id, who then comes with a token of their own,
    /// or whoever redeems the grant that is answered.
    public func inviteParticipant(
        _ request: Telehealth_V1_InviteParticipantRequest
    ) async throws(RPCError) -> Telehealth_V1_InviteParticipantResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.inviteParticipant, request)
    }

    /// Takes a grant back that nobody has redeemed.
    ///
    /// Revoking twice is OK.
    public func revokeInvitation(
        _ request: Telehealth_V1_RevokeInvitationRequest
    ) async throws(RPCError) -> Telehealth_V1_RevokeInvitationResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.revokeInvitation, request)
    }

    /// Makes whoever holds a grant somebody in its visit, once. The answer's token is the guest's own: call on with
    /// ``acting(with:)``. The grant is the credential; this client's own token does not matter.
    public func redeemInvitation(
        _ request: Telehealth_V1_RedeemInvitationRequest
    ) async throws(RPCError) -> Telehealth_V1_RedeemInvitationResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.redeemInvitation, request)
    }

    /// Does not let a waiting person in: their watch ends and joining is refused.
    public func denyParticipant(
        _ request: Telehealth_V1_DenyParticipantRequest
    ) async throws(RPCError) -> Telehealth_V1_DenyParticipantResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.denyParticipant, request)
    }

    /// Puts somebody back from the visit into the waiting room, until let in by name.
    public func returnToWaitingRoom(
        _ request: Telehealth_V1_ReturnToWaitingRoomRequest
    ) async throws(RPCError) -> Telehealth_V1_ReturnToWaitingRoomResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.returnToWaitingRoom, request)
    }

    /// Sends somebody away: attendee, watch and token are worth nothing any more.
    public func removeParticipant(
        _ request: Telehealth_V1_RemoveParticipantRequest
    ) async throws(RPCError) -> Telehealth_V1_RemoveParticipantResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.removeParticipant, request)
    }

    /// Says what somebody may send and receive, live.
    public func setParticipantCapabilities(
        _ request: Telehealth_V1_SetParticipantCapabilitiesRequest
    ) async throws(RPCError) -> Telehealth_V1_SetParticipantCapabilitiesResponse {
        try await change(Telehealth_V1_ParticipantService_Methods.setParticipantCapabilities, request)
    }
}
