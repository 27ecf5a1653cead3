internal import TelehealthModel
public import TelehealthRules

extension SessionUseCases {
    /// Generations one call tries: a meeting may die between its creation and the fetch of credentials.
    private static let generationsPerJoinMax = 3

    /// Enters, waits, or comes back; whoever is admitted gets their own credentials of a meeting that lives.
    ///
    /// The place in the visit is kept when this throws `MEETING_UNAVAILABLE`: the same call again continues.
    /// - Throws: as ``SessionDraft/join(_:check:ledger:)``; `MEETING_UNAVAILABLE`, `MEETING_QUOTA_EXCEEDED`,
    ///   `MEETING_REFUSED` from Chime; `CALL_CANCELLED`.
    public func join(_ command: JoinSession, _ invocation: Invocation) async throws(TelehealthError)
        -> JoinOutcome
    {
        let started = pipeline.time.now
        if invocation.caller.emergencyReason != nil {
            let (state, _) = try await pipeline.access.read("JoinSession", command.sessionID, invocation)
            try await pipeline.audit.noteEmergency("JoinSession", state, invocation)
        }
        let entered = try await enter(command, invocation)
        let (state, standing, id) = (entered.state, entered.standing, entered.made)
        guard let participant = state.participant(id) else { throw TelehealthError(.sessionNotFound) }
        guard participant.isHere, !state.session.status.isTerminal else {
            return JoinOutcome(
                state: Visibility.redact(state, for: standing), participant: participant, media: nil)
        }
        presence.touch(id, in: command.sessionID)
        guard participant.state == .admitted else {
            return JoinOutcome(
                state: Visibility.redact(state, for: standing), participant: participant, media: nil)
        }
        let limit = min(invocation.timeout ?? pipeline.policy.joinWaitMax, pipeline.policy.joinWaitMax)
        return try await media(command.sessionID, standing, id, invocation, until: started + limit)
    }

    private func enter(_ command: JoinSession, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionChange<ParticipantID>
    {
        do {
            return try await pipeline.changeSession("JoinSession", command.sessionID, invocation) {
                draft, _ throws(TelehealthError) in
                let ledger = try await pipeline.ledger(of: draft.state.subjectsOfAdmission)
                draft.makeRoom(forEmergencyOf: invocation.caller)
                return try draft.join(
                    invocation.caller, check: command.preVisitCheck, device: command.deviceID, ledger: ledger)
            }
        } catch {
            guard error.category == .failedPrecondition,
                let version = try await keepWhereabouts(command, error, invocation),
                error.reason == .versionMismatch
            else { throw error }
            // What was kept made another version: who goes by the refusal is not to be refused for it.
            throw .versionMismatch(current: version)
        }
    }

    /// What a refused join reported about its caller's place, before the refusal is sent.
    ///
    /// - Returns: the session's version with it; nil when nothing was kept.
    private func keepWhereabouts(
        _ command: JoinSession, _ refusal: TelehealthError, _ invocation: Invocation
    ) async throws(TelehealthError) -> Int64? {
        guard let check = command.preVisitCheck else { return nil }
        for _ in 0..<pipeline.policy.conflictRetriesMax {
            let (state, _) = try await pipeline.access.visible(command.sessionID, invocation.caller)
            var draft = SessionDraft(state, pipeline.context())
            let ledger = try await pipeline.ledger(of: state.subjectsOfAdmission)
            draft.keepWhereabouts(check, of: invocation.caller, ledger: ledger)
            if !draft.isChanged { return nil }
            let decision = draft.seal(
                by: .caller(invocation.caller), action: "JoinSession", reason: refusal.reason.rawValue)
            if try await pipeline.apply(decision) == .committed { return draft.state.session.version }
        }
        throw .versionConflict
    }

    /// Waits for a live generation and fetches this person's credentials in it.
    private func media(
        _ session: SessionID, _ standing: CallerMembership, _ id: ParticipantID, _ invocation: Invocation,
        until deadline: Timestamp
    ) async throws(TelehealthError) -> JoinOutcome {
        let wake = WakeSignal()
        let token = hub.listen(to: session) { _ in wake.signal() }
        defer { hub.remove(token, of: session) }
        // Read after listening began: a meeting that was ready before it sent no signal here.
        var (state, _) = try await pipeline.access.visible(session, invocation.caller)
        var generationsSeen: Set<Int> = []
        while true {
            guard let participant = state.participant(id), !state.session.status.isTerminal else {
                throw .invalidState(state.session.status)
            }
            if let refusal = participant.refusal { throw refusal }
            if participant.state != .admitted {
                // Put back or gone while this call waited: nothing for them to hold.
                return JoinOutcome(
                    state: Visibility.redact(state, for: standing), participant: participant, media: nil)
            }
            if let recording = state.activeRecording, recording.state == .stopping,
                recording.stopCause == .consentMissing
            {
                // It is stopped for somebody's sake who comes in now: nobody goes in before it is over.
                try await rest(wake, until: deadline)
            } else if let meeting = state.liveMeeting {
                generationsSeen.insert(meeting.generation)
                if meeting.state == .active {
                    let timeout = max(deadline - pipeline.time.now, .milliseconds(1))
                    guard let credentials = try await credentials(of: participant, meeting, timeout: timeout)
                    else {
                        state = try await replaceMeeting(meeting, session)
                        continue
                    }
                    state = try await confirm(credentials, participant, meeting)
                    guard let present = state.participant(id), present.state == .admitted else { continue }
                    return JoinOutcome(
                        state: Visibility.redact(state, for: standing), participant: present,
                        media: MediaGrant(meeting: meeting, credentials: credentials))
                }
                try await rest(wake, until: deadline, meeting)
            } else if let last = state.meetings.last, last.state == .failed {
                throw Self.unavailable(last)
            } else if generationsSeen.count >= Self.generationsPerJoinMax {
                throw Self.unavailable(nil)
            } else {
                state = try await replaceMeeting(nil, session)
                continue
            }
            (state, _) = try await pipeline.access.visible(session, invocation.caller)
        }
    }

    /// Why there is no meeting: by itself it comes back, a quota or a refusal does not.
    private static func unavailable(_ meeting: MeetingGeneration?) -> TelehealthError {
        let reason = meeting?.failure?.reason ?? .meetingUnavailable
        return TelehealthError(reason, retryAfter: reason == .meetingUnavailable ? .seconds(2) : nil)
    }

    private func rest(_ wake: WakeSignal, until deadline: Timestamp, _ meeting: MeetingGeneration? = nil)
        async throws(TelehealthError)
    {
        let left = deadline - pipeline.time.now
        if left <= .zero { throw Self.unavailable(meeting) }
        _ = await wake.wait(atMost: left, pipeline.time)
        if Task.isCancelled { throw TelehealthError(.callCancelled) }
    }

    /// - Returns: nil when the meeting no longer exists.
    private func credentials(of participant: Participant, _ meeting: MeetingGeneration, timeout: Duration)
        async throws(TelehealthError) -> AttendeeCredentials?
    {
        guard let meetingID = meeting.meetingID, let activeAt = meeting.activeAt else { return nil }
        // A fresh meeting cannot have ended by itself, so whoever comes first needs no call. A second fetch
        // is a rejoin, perhaps because the meeting died: that asks Chime.
        if activeAt + pipeline.policy.meetingTrustedFor > pipeline.time.now,
            let credentials = credentials.takeFirst(
                participant.externalUserID, session: meeting.sessionID, generation: meeting.generation)
        {
            return credentials
        }
        let limit = min(timeout, pipeline.policy.gatewayTimeout)
        do {
            if participant.attendeeGeneration == meeting.generation, let attendeeID = participant.attendeeID,
                let credentials = try await provider.attendee(attendeeID, meetingID: meetingID, timeout: limit)
            {
                return credentials
            }
            return try await provider.createAttendee(
                AttendeeRequest(
                    externalUserID: participant.externalUserID, capabilities: participant.capabilities),
                meetingID: meetingID, timeout: limit)
        } catch {
            if error.kind == .gone { return nil }
            throw TelehealthError(error)
        }
    }

    /// Looks again before credentials go out: whoever was sent away while Chime was asked gets none, and the
    /// attendee that may have been made after the deletion is deleted once more. A removal that commits later
    /// than this finds the attendee made, and its deletion comes after.
    ///
    /// Also keeps the attendee's id for the next rejoin.
    /// - Parameter asked: the participant as the attendee was asked for.
    private func confirm(
        _ credentials: AttendeeCredentials, _ asked: Participant, _ meeting: MeetingGeneration
    ) async throws(TelehealthError) -> SessionState {
        for _ in 0..<pipeline.policy.conflictRetriesMax {
            let state = try await reading(await pipeline.store.session(meeting.sessionID))
            guard let state else { throw TelehealthError(.sessionNotFound) }
            var draft = SessionDraft(state, pipeline.context())
            draft.attendeeFetched(credentials, asked: asked, generation: meeting.generation)
            if !draft.isChanged { return state }
            if try await pipeline.apply(draft.seal(by: .system, action: "noteAttendee")) == .committed {
                return draft.state
            }
        }
        throw .versionConflict
    }

    /// Marks a dead generation and opens the next one, whoever comes first.
    private func replaceMeeting(_ dead: MeetingGeneration?, _ session: SessionID)
        async throws(TelehealthError) -> SessionState
    {
        for _ in 0..<pipeline.policy.conflictRetriesMax {
            let state = try await reading(await pipeline.store.session(session))
            guard let state else { throw TelehealthError(.sessionNotFound) }
            var draft = SessionDraft(state, pipeline.context())
            draft.replaceMeeting(dead?.generation)
            if !draft.isChanged { return state }
            if try await pipeline.apply(draft.seal(by: .system, action: "replaceMeeting")) == .committed {
                return draft.state
            }
        }
        throw .versionConflict
    }
}
