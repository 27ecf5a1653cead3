/// A session with everything that belongs to it, as of one snapshot.
///
/// Small to copy: states are handed from the cache through rules, drafts and outcomes, and a session's own row alone
/// has thirty fields, half of them counted references.
public struct SessionState: Sendable {
    /// The session's row, shared by the copies of a state until one of them changes it.
    private final class Root: @unchecked Sendable {
        /// Written only through a state that holds the one reference there is.
        var session: Session

        init(_ session: Session) { self.session = session }
    }

    private var root: Root
    public var participants: [Participant]
    public var meetings: [MeetingGeneration]
    public var recordings: [Recording]
    public var screenShares: [ScreenShare]
    public var invitations: [Invitation]

    public init(
        session: Session, participants: [Participant] = [], meetings: [MeetingGeneration] = [],
        recordings: [Recording] = [], screenShares: [ScreenShare] = [], invitations: [Invitation] = []
    ) {
        root = Root(session)
        self.participants = participants
        self.meetings = meetings
        self.recordings = recordings
        self.screenShares = screenShares
        self.invitations = invitations
    }

    public var session: Session {
        _read { yield root.session }
        _modify {
            if !isKnownUniquelyReferenced(&root) { root = Root(root.session) }
            yield &root.session
        }
    }
}

extension SessionState: Hashable {
    public static func == (left: SessionState, right: SessionState) -> Bool {
        (left.root === right.root || left.session == right.session)
            && left.participants == right.participants && left.meetings == right.meetings
            && left.recordings == right.recordings && left.screenShares == right.screenShares
            && left.invitations == right.invitations
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(session)
        hasher.combine(participants)
        hasher.combine(meetings)
        hasher.combine(recordings)
        hasher.combine(screenShares)
        hasher.combine(invitations)
    }
}
