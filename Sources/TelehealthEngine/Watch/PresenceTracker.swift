internal import Synchronization
public import TelehealthModel

/// Who was heard of when: open watches and heartbeats, in memory only.
///
/// After a restart nobody is known; silence then counts from the restart, so that nobody is lost by it. It is
/// measured on the monotonic clock: a step of the wall clock makes nobody silent, and keeps nobody here.
/// Isolation: any.
public final class PresenceTracker: Sendable {
    private struct Sign {
        /// On the clock of ``TimeSource/uptime``.
        var lastSeen: Duration
        /// Open watches that are presence themselves: while there is one, the person is here.
        var watches = 0
    }

    private let time: any TimeSource
    private let startedAt: Duration
    private let signs = Mutex<[SessionID: [ParticipantID: Sign]]>([:])

    /// Made when this process begins to listen. Sessions that end are forgotten.
    public init(time: any TimeSource, following feed: some CommitFeed) {
        self.time = time
        startedAt = time.uptime
        feed.follow { [weak self] in self?.forget($0.endedSessions) }
    }

    func touch(_ participant: ParticipantID, in session: SessionID) {
        let uptime = time.uptime
        signs.withLock { $0[session, default: [:]][participant, default: Sign(lastSeen: uptime)].lastSeen = uptime }
    }

    func open(_ participant: ParticipantID, in session: SessionID) {
        let uptime = time.uptime
        signs.withLock { $0[session, default: [:]][participant, default: Sign(lastSeen: uptime)].watches += 1 }
    }

    /// - Parameter silence: for how long the participant was not heard of when the watch closed.
    func close(_ participant: ParticipantID, in session: SessionID, silentFor silence: Duration = .zero) {
        let seen = time.uptime - silence
        signs.withLock { signs in
            guard var sign = signs[session]?[participant] else { return }
            sign.watches = max(0, sign.watches - 1)
            sign.lastSeen = max(sign.lastSeen, seen)
            signs[session]?[participant] = sign
        }
    }

    /// How long nothing was heard of somebody: from the start of this process, if nothing ever was.
    func silence(of participant: ParticipantID, in session: SessionID) -> Duration {
        lastSign(of: participant, in: session) ?? time.uptime - startedAt
    }

    /// How long the last sign of life is past; nil for somebody of whom nothing was heard since the start.
    func lastSign(of participant: ParticipantID, in session: SessionID) -> Duration? {
        let uptime = time.uptime
        return signs.withLock { signs in
            signs[session]?[participant].map { $0.watches > 0 ? .zero : uptime - $0.lastSeen }
        }
    }

    private func forget(_ sessions: [SessionID]) {
        if sessions.isEmpty { return }
        signs.withLock { signs in
            for session in sessions { signs[session] = nil }
        }
    }
}
