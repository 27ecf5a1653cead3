import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    static let rowPromises = [
        StorePromise("what is not there reads as nothing") { (store) async throws in
            #expect(try await store.appointment("x") == nil)
            #expect(try await store.earlyCancellation(of: "x") == nil)
            #expect(try await store.session("x") == nil)
            #expect(try await store.latestSession(of: "x") == nil)
            #expect(try await store.consents(of: "x") == ConsentHistory(subjectID: "x"))
            #expect(try await store.consent("x") == nil)
            #expect(try await store.documents(of: .recording) == [])
            #expect(try await store.recording("x") == nil)
            #expect(try await store.events(of: "x", after: 0, limit: 10) == [])
            #expect(try await store.request(Sample.request("x").key) == nil)
            #expect(try await store.operations.nextEffectDue() == nil)
            #expect(try await store.openSessions(of: "x") == [])
        },
        StorePromise("every column of a session's aggregate comes back as it went in") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let share = ScreenShare(
                id: ScreenShareID("share-1"), sessionID: "session-a", participantID: "p-1",
                startedAt: Sample.at(1))
            var stopped = share
            stopped.stoppedAt = Sample.at(2)
            let expected = SessionState(
                session: Sample.fullSession("a"),
                participants: [
                    Sample.participant("p-1", session: "a", role: .clinician),
                    Sample.fullParticipant("p-2", session: "a"), Sample.guest("p-3", session: "a"),
                ],
                meetings: [
                    MeetingGeneration(
                        sessionID: "session-a", generation: 1, clientRequestToken: "t", controlRegion: "r",
                        mediaRegion: "m", createdAt: Sample.at(1)), Sample.fullMeeting(2, session: "a"),
                ],
                recordings: [
                    Sample.recording("r-1", session: "a"), Sample.fullRecording("r-2", session: "a"),
                ],
                screenShares: [stopped],
                invitations: [
                    Sample.invitation("inv-0", session: "a"), Sample.fullInvitation("inv-1", session: "a"),
                ])
            var changes: [Decision.Change] = [
                .session(expected.session), .screenShare(share), .screenShare(stopped),
            ]
            changes += expected.participants.reversed().map { .participant($0) }
            changes += expected.meetings.reversed().map { .meeting($0) }
            changes += expected.recordings.reversed().map { .recording($0) }
            changes += expected.invitations.reversed().map { .invitation($0) }
            try await store.commit(Decision(changes))
            #expect(try await store.session("session-a") == expected)
            #expect(try await store.latestSession(of: "appt-a") == expected)
            #expect(try await store.recording("r-2") == expected.recordings[1])
        },
        StorePromise("people are invited before there is a meeting") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            // Whatever was remembered of the session is driven out: an answer from the database counts.
            try await store.commit(Sample.creation("b"))
            try await store.commit(Decision([.invitation(Sample.invitation("inv-1", session: "a"))]))
            _ = try await store.session("session-b")
            #expect(try await store.session("session-a")?.invitations.map(\.id.rawValue) == ["inv-1"])
        },
        StorePromise("an invited person's open sessions are found, also behind their removal") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            var guest = Sample.guest("p-3", session: "a")
            try await store.commit(Decision([.participant(guest)]))
            #expect(try await store.openSessions(of: "guest-p-3") == ["session-a"])
            guest.state = .removed
            try await store.commit(Decision([.participant(guest)]))
            #expect(try await store.openSessions(of: "guest-p-3") == ["session-a"])
        },
        StorePromise("a session and its rows made in one decision are read whole, whatever their order") {
            (store) async throws in
            var decision = Sample.creation("a")
            let participants = [
                Sample.participant("p-1", session: "a"), Sample.participant("p-2", session: "a"),
            ]
            decision.changes = participants.reversed().map { .participant($0) } + decision.changes
            try await store.commit(decision)
            let expected = SessionState(session: Sample.session("a"), participants: participants)
            #expect(try await store.session("session-a") == expected)
            #expect(try await store.latestSession(of: "appt-a") == expected)
        },
        StorePromise("a second write of the same keys replaces the rows") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            var session = Sample.session("a")
            session.currentGeneration = 1
            try await store.commit(
                Decision([
                    .session(session), .participant(Sample.fullParticipant("p-1", session: "a")),
                    .meeting(Sample.fullMeeting(1, session: "a")),
                    .recording(Sample.fullRecording("r-1", session: "a")),
                ]))
            let participant = Sample.participant("p-1", session: "a")
            let recording = Sample.recording("r-1", session: "a")
            var meeting = Sample.fullMeeting(1, session: "a")
            meeting.placement = nil
            meeting.state = .ended
            try await store.commit(
                Decision([.participant(participant), .meeting(meeting), .recording(recording)]))
            let state = try #require(try await store.session("session-a"))
            #expect(state.participants == [participant])
            #expect(state.meetings == [meeting])
            #expect(state.recordings == [recording])
        },
        StorePromise("a session may move to other people and times") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            var session = Sample.session("a")
            session.clientID = "client-2"
            session.guardianID = nil
            session.startsAt = Sample.at(500)
            session.version = 2
            try await store.commit(Decision([.session(session)]))
            #expect(try await store.session("session-a")?.session == session)
            #expect(try await store.openSessions(of: "client-1") == [])
            #expect(try await store.openSessions(of: "guardian-client-1") == [])
            #expect(try await store.openSessions(of: "client-2") == ["session-a"])
        },
        StorePromise("appointments, consents and documents come back as they went in") {
            (store) async throws in
            var appointment = Sample.appointment("a")
            try await store.commit(Decision([.appointment(appointment)]))
            #expect(try await store.appointment("appt-a") == appointment)
            appointment.guardianID = nil
            appointment.status = .cancelled
            appointment.version = 2
            try await store.commit(Decision([.appointment(appointment)]))
            #expect(try await store.appointment("appt-a") == appointment)

            let plain = Sample.consent("consent-1")
            let full = Sample.fullConsent("consent-2")
            try await store.commit(
                Decision([.consent(full), .consent(plain), .consentVersion("client-1", 2)]))
            #expect(
                try await store.consents(of: "client-1")
                    == ConsentHistory(subjectID: "client-1", version: 2, records: [plain, full]))
            #expect(try await store.consent("consent-2") == full)

            let documents = (1...3).map { number in
                ConsentDocument(
                    type: .recording, version: "\(4 - number).0", language: "en-US",
                    text: String(repeating: "légal ", count: number * 5_000),
                    textHash: [UInt8](repeating: 9, count: 32),
                    effectiveAt: Sample.at(1), registeredAt: Sample.at(Int64(number)), registeredBy: "admin")
            }
            try await store.commit(Decision(documents.reversed().map { .document($0) }))
            #expect(try await store.documents(of: .recording) == documents)
            #expect(try await store.documents(of: .georgiaTelehealth) == [])

            let defined = try #require(ConsentType(id: "carolina_telehealth"))
            let text = ConsentDocument(
                type: defined, version: "1.0", language: "en-US", text: "Yes.",
                textHash: [UInt8](repeating: 8, count: 32),
                effectiveAt: Sample.at(1), registeredAt: Sample.at(1), registeredBy: "admin")
            try await store.commit(Decision([.document(text)]))
            #expect(try await store.documents(of: defined) == [text])
        },
        StorePromise("a consent's closing facts can be added, nothing else of it changed") {
            (store) async throws in
            let original = Sample.consent("consent-1")
            try await store.commit(Decision([.consent(original), .consentVersion("client-1", 1)]))
            var closed = original
            closed.revokedAt = Sample.at(90)
            closed.revokedBy = "client-1"
            closed.revocationReason = "r"
            try await store.commit(Decision([.consent(closed), .consentVersion("client-1", 2)]))
            #expect(
                try await store.consents(of: "client-1")
                    == ConsentHistory(subjectID: "client-1", version: 2, records: [closed]))
        },
    ]
}

extension TelehealthStore {
    /// Applies decisions that must commit, all at once.
    func commitAll(_ decisions: [Decision], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for decision in decisions {
                group.addTask { try await commit(decision, sourceLocation: sourceLocation) }
            }
            try await group.waitForAll()
        }
    }

    /// Applies a decision that must commit.
    func commit(_ decision: Decision, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let result = try await apply(decision)
        #expect(result == .committed, sourceLocation: sourceLocation)
    }
}
