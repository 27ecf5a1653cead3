internal import Synchronization

/// Who was heard of when: open watches and heartbeats, in memory only.
///
/// After a restart nobody is known; silence then counts from the restart, so that nobody is lost by it.
/// Isolation: any.
public final class PresenceBoard: Sendable {
    private struct Sign {
        var lastSeen: Timestamp
        /// Open watches that are presence themselves: while there is one, the person is here.
        var watches = 0
    }

    private let startedAt: Timestamp
    private let signs = Mutex<[SessionID: [ParticipantID: Sign]]>([:])

    /// - Parameter startedAt: when this process began to listen.
    public init(startedAt: Timestamp) { self.startedAt = startedAt }

    func touch(_ participant: ParticipantID, in session: SessionID, at now: Timestamp) {
        signs.withLock { $0[session, default: [:]][participant, default: Sign(lastSeen: now)].lastSeen = now }
    }

    func open(_ participant: ParticipantID, in session: SessionID, at now: Timestamp) {
        signs.withLock { $0[session, default: [:]][participant, default: Sign(lastSeen: now)].watches += 1 }
    }

    func close(_ participant: ParticipantID, in session: SessionID, at now: Timestamp) {
        signs.withLock { signs in
            guard var sign = signs[session]?[participant] else { return }
            sign.watches = max(0, sign.watches - 1)
            sign.lastSeen = max(sign.lastSeen, now)
            signs[session]?[participant] = sign
        }
    }

    func lastSeen(_ participant: ParticipantID, in session: SessionID, now: Timestamp) -> Timestamp {
        signs.withLock { signs in
            guard let sign = signs[session]?[participant] else { return startedAt }
            return sign.watches > 0 ? now : max(sign.lastSeen, startedAt)
        }
    }

    /// nil for somebody of whom nothing was heard since the start.
    func lastSign(of participant: ParticipantID, in session: SessionID, now: Timestamp) -> Timestamp? {
        signs.withLock { signs in
            signs[session]?[participant].map { $0.watches > 0 ? now : $0.lastSeen }
        }
    }

    func forget(_ session: SessionID) {
        signs.withLock { $0[session] = nil }
    }
}
