internal import EventCore
internal import Transport

/// Ends calls whose requests come too slowly: a body that never ends, or drips in a byte at a time, would hold
/// a stream, its buffer and perhaps a handler for ever at no cost to the client.
///
/// Looks at all calls of a loop now and then instead of arming a timer for each, so a call whose request comes
/// whole pays nothing. A slow one is ended between one and two rounds late.
///
/// | request | its time counts from |
/// |---|---|
/// | one message (unary, server streaming) | the headers, to the half-close |
/// | a stream of messages | the round that first saw the message unfinished; between messages there is none |
///
/// A message that waits behind unread ones is the handler's to hurry, not the client's.
/// - Isolation: the loop.
final class SlowRequests: TimerTarget {
    private struct Unfinished {
        var number: UInt32
        var since: MonotonicInstant
    }

    /// Rounds in the time a request has.
    private static let roundsPerTimeout = 4

    private let loop: EventLoop
    private let timeout: Duration
    private let bytesPerSecondMin: Int
    private var connections: [UInt64: ServerConnection] = [:]
    private var unfinished: [ObjectIdentifier: Unfinished] = [:]
    private var timer = TimerID.none

    /// - Returns: `nil` when the configuration sets no time.
    init?(loop: EventLoop, configuration: ServerConfiguration) {
        guard let timeout = configuration.requestTimeout else { return nil }
        self.loop = loop
        self.timeout = timeout
        bytesPerSecondMin = configuration.requestBytesPerSecondMin
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
        scheduleRound()
        let before = unfinished
        unfinished = [:]
        for connection in connections.values {
            connection.forEachStream { stream in
                guard let call = stream as? ServerCall else { return }
                look(at: call, before[ObjectIdentifier(call)])
            }
        }
    }

    private func scheduleRound() {
        timer = loop.schedule(at: loop.now + timeout / Self.roundsPerTimeout, self)
    }

    private func look(at call: ServerCall, _ before: Unfinished?) {
        switch call.requestPace {
        case .inTime: return
        case .awaited(let since, let byteCount):
            if isLate(since, byteCount) { call.abortSlowRequest() }
        case .insideMessage(let number, let byteCount):
            let since = before?.number == number ? before?.since ?? loop.now : loop.now
            if isLate(since, byteCount) { return call.abortSlowRequest() }
            unfinished[ObjectIdentifier(call)] = Unfinished(number: number, since: since)
        }
    }

    private func isLate(_ since: MonotonicInstant, _ byteCount: Int) -> Bool {
        loop.now >= since + timeout + .seconds(byteCount / bytesPerSecondMin)
    }
}

/// Whether a request holds its server up.
enum RequestPace {
    /// It has ended, or the next step is the handler's.
    case inTime
    /// One message is wanted, and the half-close behind it.
    case awaited(since: MonotonicInstant, byteCount: Int)
    /// A stream of messages stands inside one.
    case insideMessage(number: UInt32, byteCount: Int)
}
