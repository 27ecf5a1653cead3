// What time alone does to a session. A person's word is never overridden: a terminal session stays as it is.

package import TelehealthModel

extension SessionDraft {
    /// - Parameters:
    ///   - lastSeen: by watch, heartbeat or connected media, of somebody waiting or admitted; not before this
    ///     process began to watch.
    ///   - ledger: the consents of everybody admitted while a capture runs, and of those who decide on third parties
    ///     while one is in the visit; nil otherwise.
    ///   - bornOn: the client's birth date, where a guardian came; nil otherwise, and where it is not known.
    package mutating func sweep(
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
                depart(participant.id, at: seen, reason: .presenceLost)
            }
        }
    }

    /// No client was ever admitted. Who is absent is the same question as when somebody marks a no-show.
    private mutating func sweepUnstarted() {
        let session = state.session
        let isOver = now > firstEntryCloses
        switch absentees {
        case .client:
            // Whoever took a no-show back has said that the client is still to come.
            let due = max(session.startsAt, session.clinicianArrivedAt ?? session.startsAt) + policy.noShowGrace
            if isOver || session.noShowUndoneAt == nil && now >= due { close(noShow: .client, by: .system) }
        case .both: if isOver { close(noShow: .both, by: .system) }
        case nil where clinicianCame:
            // Both came; while one waits, the clinician may still be about to let them in.
            let clientWaits = state.participants.contains { $0.isClientParty && $0.state == .waiting }
            if clientWaits ? now >= lastEntry : isOver { close(cancelled: .other, by: .system) }
        // The client came: whatever happened, it was not their no-show.
        case nil: if isOver { close(cancelled: .clinicianNoShow, by: .system) }
        }
    }

    private mutating func sweepStarted() {
        guard let startedAt = state.session.startedAt else { return }
        if now >= lastEntry || now >= startedAt + policy.visitMax {
            state.session.endReason = .timeout
            close(.completed, at: now, by: .system, reason: .end(.timeout))
        } else if !state.participants.contains(where: { $0.isHere && $0.role.rights.keepsVisitOpen }) {
            let leftAt =
                state.participants.filter(\.role.rights.keepsVisitOpen).compactMap(\.leftAt).max()
                ?? startedAt
            guard now - leftAt >= policy.abandonGrace else { return }
            state.session.endReason = .allLeft
            close(.completed, at: leftAt, by: .system, reason: .end(.allLeft))
        }
    }
}
