package import TelehealthModel

extension SessionDraft {
    /// - Throws: `NOT_ALLOWED` for roles that only watch, `INVALID_STATE` unless IN_PROGRESS, `NOT_JOINED`
    ///   unless admitted, `SCREEN_SHARE_ACTIVE`.
    package mutating func startShare(_ caller: Caller) throws(TelehealthError) -> ScreenShareID {
        let participant = try state.ownParticipant(of: caller)
        guard participant.role.rights.sharesScreen else { throw TelehealthError(.notAllowed) }
        guard state.session.status == .inProgress else { throw .invalidState(state.session.status) }
        guard participant.state == .admitted else { throw TelehealthError(.notJoined) }
        if openShare(of: participant.id) != nil { throw TelehealthError(.screenShareActive) }
        let share = ScreenShare(
            id: ScreenShareID(context.ids.uuid()), sessionID: state.session.id, participantID: participant.id,
            startedAt: now)
        state.screenShares.append(share)
        emit(.screenShareStarted, participant: participant.id, share: share.id)
        return share.id
    }

    /// - Throws: `SCREEN_SHARE_NOT_ACTIVE` when the caller shares nothing.
    package mutating func stopShare(_ caller: Caller) throws(TelehealthError) -> ScreenShareID {
        let participant = try state.ownParticipant(of: caller)
        guard let share = openShare(of: participant.id) else { throw TelehealthError(.screenShareNotActive) }
        stopShare(share.id)
        return share.id
    }

    /// Ends every open screen share of a participant who is no longer connected: the share that they reported, and
    /// any that Chime saw at another time.
    mutating func stopShares(of participant: ParticipantID) {
        for share in state.screenShares where share.participantID == participant { stopShare(share.id) }
    }

    mutating func stopShare(_ id: ScreenShareID) {
        guard let index = state.screenShares.firstIndex(where: { $0.id == id && $0.stoppedAt == nil }) else {
            return
        }
        state.screenShares[index].stoppedAt = now
        emit(.screenShareStopped, participant: state.screenShares[index].participantID, share: id)
    }

    private func openShare(of participant: ParticipantID) -> ScreenShare? {
        state.screenShares.first { $0.participantID == participant && $0.stoppedAt == nil }
    }
}
