@testable import TelehealthCore

/// What must hold of every session after every commit.
enum Invariants {
    static func broken(by state: SessionState, _ tables: MemoryStore.Tables) -> [String] {
        let session = state.session
        var found: [String] = []
        func check(_ holds: Bool, _ sentence: String) { if !holds { found.append(sentence) } }

        let live = state.meetings.filter { $0.state == .intent || $0.state == .active }
        check(live.count <= 1, "more than one live generation")
        check(state.recordings.count(where: { $0.state.mayCapture }) <= 1, "more than one active recording")
        check(
            tables.sessions.values.count(where: {
                $0.session.appointmentID == session.appointmentID && !$0.session.status.isTerminal
            }) <= 1, "two open sessions of one appointment")
        let clients = state.participants.filter(\.isClientParty)
        check(
            (session.startedAt != nil) == clients.contains { $0.admittedAt != nil },
            "startedAt and a client's admission disagree")
        if let startedAt = session.startedAt, let endedAt = session.endedAt {
            check(startedAt <= endedAt, "ended before it started")
        }
        check(session.status.isTerminal == (session.endedAt != nil), "endedAt and status disagree")
        if session.status == .waitingRoom {
            check(clients.contains { $0.state == .waiting }, "nobody is in the waiting room")
        }
        check(
            session.status == .inProgress || !clients.contains { $0.state == .admitted }, "admitted outside")
        for share in state.screenShares where share.stoppedAt == nil {
            check(state.participant(share.participantID)?.state == .admitted, "a share without its sharer")
        }
        if session.status.isTerminal {
            check(live.isEmpty, "a live generation after the end")
            check(!state.participants.contains(where: \.isHere), "somebody is in a session that is over")
            check(
                !state.recordings.contains { [.requested, .starting, .recording].contains($0.state) },
                "a capture goes on after the end")
        }
        for recording in state.recordings where [.requested, .starting, .recording].contains(recording.state)
        {
            for person in state.admitted where !mayBeRecorded(person, session, recording, tables) {
                found.append("\(person.role) is recorded without consent")
            }
        }
        return found
    }

    /// The rule said again, plainly: the newest standing word of this person is a written, unexpired grant.
    private static func mayBeRecorded(
        _ person: Participant, _ session: Session, _ recording: Recording, _ tables: MemoryStore.Tables
    ) -> Bool {
        let words = (tables.histories[person.subjectID]?.records ?? []).filter {
            $0.type == .recording && $0.supersededBy == nil
                && ($0.sessionID == nil || $0.sessionID == session.id)
        }
        guard let last = words.last else { return false }
        return last.decision == .granted && last.revokedAt == nil && last.method != .verbal
    }
}
