/// What one participant may send and receive; Chime wants all three set.
public struct MediaCapabilities: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable, CaseIterable {
        case sendReceive = "SendReceive"
        case send = "Send"
        case receive = "Receive"
        case none = "None"
    }

    public var audio: Direction
    public var video: Direction
    public var content: Direction

    public init(
        audio: Direction = .sendReceive, video: Direction = .sendReceive, content: Direction = .sendReceive
    ) {
        self.audio = audio
        self.video = video
        self.content = content
    }

    /// Chime's rule, which it answers with a bare 400: who receives content receives video.
    public var areConsistent: Bool { !content.receives || video.receives }
}

extension MediaCapabilities.Direction {
    public var receives: Bool {
        switch self {
        case .sendReceive, .receive: true
        case .send, .none: false
        }
    }
}
