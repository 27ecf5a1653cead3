internal import EventCore
internal import Transport

/// Ends calls whose requests arrive too slowly: otherwise a body that never ends, or arrives byte by byte, would
/// occupy a stream, its buffer and perhaps a handler forever, at no cost to the client.
///
/// Checks all calls of a loop periodically instead of arming a timer for each, so a call whose request arrives whole
/// costs nothing. Time counts from the round that first saw the request incomplete, and a round counts for at most
/// ``roundTimeMax``: bytes that were unread in the socket while this process was stopped are not the client's delay.
///
/// | request | what must arrive in time |
/// |---|---|
/// | one message (unary, server streaming) | the message and the half-close |
/// | a stream of messages | the rest of a message that has begun; no limit between messages |
///
/// A message that waits after unread ones is the handler's responsibility, not the client's.
/// - Isolation: the loop.
final class SlowRequestReaper: TimerTarget {
    private struct Unfinished {
        /// Number of messages of the stream that arrived before.
        var number: UInt32
        var since: Duration
    }

    /// Rounds in a request's time limit.
    private static let roundsPerTimeout = 4

    private let loop: EventLoop
    private let timeout: Duration
    private let bytesPerSecondMin: Int
    private var connections: [UInt64: ServerConnection] = [:]
    private var unfinished: [ObjectIdentifier: Unfinished] = [:]
    private var timer = TimerID.none
    private var lastRound: MonotonicInstant
    /// The sum of the rounds' times.
    private var elapsed = Duration.zero

    private var roundTime: Duration { timeout / Self.roundsPerTimeout }
    private var roundTimeMax: Duration { roundTime * 2 }

    /// - Returns: `nil` when the configuration sets no time limit.
    init?(loop: EventLoop, configuration: ServerConfiguration) {
        guard let timeout = configuration.requestTimeout else { return nil }
        self.loop = loop
        self.timeout = timeout
        bytesPerSecondMin = configuration.requestBytesPerSecondMin
        lastRound = loop.clockNow
    }

    func add(_ connection: ServerConnection) {
        connections[connection.id] = connection
        if timer == .none { scheduleRound() }
    }

    func remove(_ connection: ServerConnection) {
        connections[connection.id] = nil
        guard connections.isEmpty else { return }
        loop.cancel(timer)
        timer = .none
        unfinished = [:]
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        elapsed += min(loop.now - lastRound, roundTimeMax)
        scheduleRound()
        let before = unfinished
        unfinished = [:]
        for connection in connections.values {
            connection.forEachStream { stream in
                guard let call = stream as? ServerCall, let message = call.unfinishedMessage else { return }
                look(at: call, message, before[ObjectIdentifier(call)])
            }
        }
    }

    private func scheduleRound() {
        lastRound = loop.now
        timer = loop.schedule(at: loop.now + roundTime, self)
    }

    private func look(
        at call: ServerCall, _ message: (number: UInt32, byteCount: Int), _ before: Unfinished?
    ) {
        let isSame = before?.number == message.number
        let since = isSame ? before?.since ?? elapsed : elapsed
        let allowed = timeout + .seconds(message.byteCount / bytesPerSecondMin)
        if elapsed - since >= allowed { return call.abortSlowRequest() }
        unfinished[ObjectIdentifier(call)] = Unfinished(number: message.number, since: since)
    }
}
