/// How well somebody's connection does, as their client measures it.
public enum ConnectionClass: String, Sendable, Hashable, CaseIterable {
    case good, fair, poor
}

/// One report of a client: what its Chime SDK measured since the report before.
///
/// Spec: amazon-chime-sdk-js, guides "Meeting events" (`meetingStartDurationMs`, `poorConnectionCount`,
/// `signalingDropped`, `receivingAudioDropped`) and "API overview" (observable video metrics).
public struct ClientMetrics: Sendable, Hashable {
    /// Only in the first report of a join: from the press of the button to media.
    public var joinTime: Duration?
    /// What the report covers; above 0, at most an hour.
    public var window: Duration
    /// The height of the picture sent or received, whichever is larger; 0 = no video in the window.
    public var videoHeight: Int
    public var framesPerSecond: Int
    /// 0 to 100.
    public var packetLossPercent: Double
    /// Connections lost in the window, signaling and audio together.
    public var drops: Int
    /// Times the client called its own connection poor in the window.
    public var poorConnections: Int

    public init(
        joinTime: Duration? = nil, window: Duration, videoHeight: Int = 0, framesPerSecond: Int = 0,
        packetLossPercent: Double = 0, drops: Int = 0, poorConnections: Int = 0
    ) {
        self.joinTime = joinTime
        self.window = window
        self.videoHeight = videoHeight
        self.framesPerSecond = framesPerSecond
        self.packetLossPercent = packetLossPercent
        self.drops = drops
        self.poorConnections = poorConnections
    }

    /// Speech suffers audibly from about 2 % loss on, and badly from about 8 %.
    public var connectionClass: ConnectionClass {
        if drops > 0 || packetLossPercent >= 8 { return .poor }
        return poorConnections > 0 || packetLossPercent >= 2 ? .fair : .good
    }
}

/// Everything that one person's clients reported in one session, summed up: one row however long it lasts.
public struct ClientQuality: Sendable, Hashable {
    public let sessionID: SessionID
    public let participantID: ParticipantID
    public let firstReportAt: Timestamp
    public var lastReportAt: Timestamp
    public var reportCount = 0
    public var joinCount = 0
    /// Time covered by reports with video, and of it the time at 720 lines or more.
    public var video: Duration = .zero
    public var videoAt720: Duration = .zero
    /// Time covered by all reports.
    public var observed: Duration = .zero
    /// Packet loss times observed time, in percent-milliseconds.
    public var lossPercentMilliseconds: Int64 = 0
    public var framesMilliseconds: Int64 = 0
    public var drops = 0
    public var connectionClass: ConnectionClass
    /// When the class was last told to watchers.
    public var classToldAt: Timestamp?
    /// The class that watchers were last told; nil = none.
    public var classTold: ConnectionClass?

    public init(sessionID: SessionID, participantID: ParticipantID, firstReportAt: Timestamp) {
        self.sessionID = sessionID
        self.participantID = participantID
        self.firstReportAt = firstReportAt
        lastReportAt = firstReportAt
        connectionClass = .good
    }

    package mutating func add(_ metrics: ClientMetrics, at now: Timestamp) {
        let milliseconds = metrics.window.wholeMicroseconds / 1000
        lastReportAt = now
        reportCount += 1
        observed += metrics.window
        lossPercentMilliseconds += Int64((metrics.packetLossPercent * Double(milliseconds)).rounded())
        if metrics.videoHeight > 0 {
            video += metrics.window
            framesMilliseconds += Int64(metrics.framesPerSecond) * milliseconds
            if metrics.videoHeight >= 720 { videoAt720 += metrics.window }
        }
        if metrics.joinTime != nil { joinCount += 1 }
        drops += metrics.drops
        connectionClass = metrics.connectionClass
    }
}

/// One join as a client measured it.
public struct JoinTime: Sendable, Hashable {
    public let sessionID: SessionID
    public let participantID: ParticipantID
    /// 1 is the person's first in the session.
    public let number: Int
    public let at: Timestamp
    public let duration: Duration

    public init(
        sessionID: SessionID, participantID: ParticipantID, number: Int, at: Timestamp, duration: Duration
    ) {
        self.sessionID = sessionID
        self.participantID = participantID
        self.number = number
        self.at = at
        self.duration = duration
    }
}

/// A call that failed through no fault of its caller.
public struct ServiceFailure: Sendable, Hashable {
    public let at: Timestamp
    /// The RPC's name.
    public let action: String
    public let reason: String

    public init(at: Timestamp, action: String, reason: String) {
        self.at = at
        self.action = action
        self.reason = reason
    }
}
