// What time alone does to a session. A person's word is never overridden: a terminal session stays as it is.

extension SessionDraft {
    /// - Parameters:
    ///   - lastSeen: by watch, heartbeat or connected media, of somebody waiting or admitted; not before this
    ///     process began to watch.
    ///   - ledger: the consents of everybody admitted while a capture runs, and of those who decide on third parties
    ///     while one is in the visit; nil otherwise.
    ///   - bornOn: the client's birth date, where a guardian came; nil otherwise, and where it is not known.
    mutating func sweep(
        lastSeen: (ParticipantID) -> Timestamp, ledger: ConsentLedger?, bornOn: CivilDate? = nil
    ) {
        guard !state.session.status.isTerminal else { return }
        endGuardianship(bornOn)
        sweepPresence(lastSeen)
        if state.session.startedAt == nil { sweepUnstarted() } else { sweepStarted() }
        guard let ledger, !state.session.status.isTerminal else { return }
        if state.admitted.contains(where: { !thirdPartyGaps($0, ledger).isEmpty }) {
            expectations += ledger.expectations
            sendOutThirdParties(ledger)
        }
        guard let recording = state.activeRecording, recording.state != .stopping else { return }
        if !mayRecord(recording, ledger: ledger) {
            expectations += ledger.expectations
            stopCapture(of: recording.id, cause: .consentMissing, by: Principal.system.name)
        }
    }

    private mutating func sweepPresence(_ lastSeen: (ParticipantID) -> Timestamp) {
        for participant in state.participants where participant.isHere {
            let seen = max(
                lastSeen(participant.id), participant.admittedAt ?? lastSeen(participant.id),
                participant.waitingSince ?? lastSeen(participant.id))
            if now - seen > policy.presenceLostAfter {
                depart(participant.id, at: seen, reason: "PRESENCE_LOST")
            }
        }
    }

    /// No client was ever admitted.
    private mutating func sweepUnstarted() {
        let session = state.session
        let isOver = now > session.endsAt + policy.lateJoin
        let clientWaits = state.participants.contains { $0.isClientParty && $0.state == .waiting }
        switch (session.clinicianArrivedAt, state.clientEverCame) {
        case (let arrivedAt?, false):
            if isOver || now >= max(session.startsAt, arrivedAt) + policy.noShowGrace {
                close(noShow: .client, by: .system)
            }
        case (nil, false): if isOver { close(noShow: .both, by: .system) }
        // The client came: whatever happened, no no-show of theirs.
        case (nil, true): if isOver { close(cancelled: .clinicianNoShow, by: .system) }
        case (_?, true):
            // Both came; while one waits, the clinician may still be about to let them in.
            if clientWaits ? now >= session.endsAt + policy.overrunCap : isOver {
                close(cancelled: .other, by: .system)
            }
        }
    }

    private mutating func sweepStarted() {
        guard let startedAt = state.session.startedAt else { return }
        if now >= state.session.endsAt + policy.overrunCap || now >= startedAt + policy.visitMax {
            state.session.endReason = .timeout
            close(.completed, at: now, by: .system, reason: wireName(EndReason.timeout))
        } else if !state.participants.contains(where: { $0.isHere && $0.role.rights.keepsVisitOpen }) {
            let leftAt =
                state.participants.filter(\.role.rights.keepsVisitOpen).compactMap(\.leftAt).max()
                ?? startedAt
            guard now - leftAt >= policy.abandonGrace else { return }
            state.session.endReason = .allLeft
            close(.completed, at: leftAt, by: .system, reason: wireName(EndReason.allLeft))
        }
    }
}
