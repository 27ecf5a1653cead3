internal import Synchronization
internal import TelehealthModel

/// Join credentials of fresh meetings, in memory only: what CreateMeeting answered, until people fetch it.
///
/// Bounded by sessions, oldest out first; a miss costs one call to Chime, which gives the same attendee
/// again. Isolation: any.
public final class CredentialCache: Sendable {
    private struct Entry {
        var generation: Int
        var credentials: [String: AttendeeCredentials]
        /// External user ids that have fetched theirs: their next fetch is a rejoin and asks Chime.
        var issued: Set<String> = []
    }

    private struct State {
        var entries: [SessionID: Entry] = [:]
        var order: [SessionID] = []
        var oldest = 0
    }

    /// Sessions remembered: far above Chime's quota of concurrent meetings, about 1 KB each.
    private static let sessionsMax = 10_000
    private let state = Mutex(State())

    /// Those of sessions that end are forgotten.
    public init(following feed: some CommitFeed) {
        feed.follow { [weak self] in self?.forget($0.endedSessions) }
    }

    func remember(_ credentials: [AttendeeCredentials], session: SessionID, generation: Int) {
        state.withLock { state in
            if state.entries[session] == nil { state.order.append(session) }
            state.entries[session] = Entry(
                generation: generation,
                credentials: Dictionary(credentials.map { ($0.externalUserID, $0) }) { _, last in last })
            while state.entries.count > Self.sessionsMax {
                state.entries[state.order[state.oldest]] = nil
                state.oldest += 1
            }
            // Sessions that ended since stay in the order until there are more of them than of the others.
            if state.order.count > 2 * state.entries.count + 64 {
                state.order = state.order[state.oldest...].filter { state.entries[$0] != nil }
                state.oldest = 0
            }
        }
    }

    /// - Returns: nil when unknown, of another generation, or fetched before.
    func takeFirst(_ externalUserID: String, session: SessionID, generation: Int) -> AttendeeCredentials? {
        state.withLock { state in
            guard let entry = state.entries[session], entry.generation == generation,
                let credentials = entry.credentials[externalUserID]
            else { return nil }
            return state.entries[session]?.issued.insert(externalUserID).inserted == true ? credentials : nil
        }
    }

    /// An attendee no longer exists.
    func forget(_ externalUserID: String, session: SessionID) {
        state.withLock { $0.entries[session]?.credentials[externalUserID] = nil }
    }

    private func forget(_ sessions: [SessionID]) {
        if sessions.isEmpty { return }
        state.withLock { state in
            for session in sessions { state.entries[session] = nil }
        }
    }
}
