internal import ProtobufWire
internal import RPCModel
internal import Synchronization
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel

/// Carries one watch to its stream. Idle, it is this object alone: no task waits.
///
/// Whoever has news (the store's writer, which publishes what it committed; the heartbeat timer) only wakes the
/// stream's own thread, which encodes and writes. Only while the reader is slow does a task wait for room; meanwhile
/// events gather in the watch's bounded queue, which ends the watch when it overflows.
final class WatchRelay: Sendable {
    typealias Responses = ResponseWriter<Telehealth_V1_WatchSessionResponse>

    private enum Phase { case idle, writing, writingWithNews, over }

    private struct State {
        var phase = Phase.writing
        var watch: SessionWatch?
    }

    private let responses: Responses
    private let state = Mutex(State())

    /// Born writing: news is only noted until ``start(_:snapshot:)`` has sent what comes first.
    init(_ responses: Responses) { self.responses = responses }

    /// Sends the snapshot, or a heartbeat when the watch resumes, and from then on whatever the watch has.
    func start(_ opened: SessionWatch, snapshot: Telehealth_V1_SessionSnapshot?, now: Timestamp) {
        let isOpen = state.withLock { state in
            state.watch = opened
            return state.phase != .over
        }
        guard isOpen else { return opened.close() }
        responses.detach()
        // Sent at once in either case: a viewer knows then that the service is there, and how long it may be silent.
        let first = snapshot.map(Telehealth_V1_WatchSessionResponse.OneOf_Message.snapshot)
        _ = try? responses.writeNow(
            .with {
                $0.message = first ?? .heartbeat(.with { $0.sendTime = now.wire; $0.sequence = opened.sequence })
                $0.heartbeatInterval = opened.heartbeatInterval.wire
                $0.callHeartbeatWithin = opened.callHeartbeatWithin?.wire
            })
        drain()
    }

    /// There is something to take. Any thread, which every commit may wait for: writes nothing itself.
    func pump() {
        let isMine = state.withLock { state in
            switch state.phase {
            case .idle:
                state.phase = .writing
                return true
            case .writing:
                state.phase = .writingWithNews
                return false
            case .writingWithNews, .over: return false
            }
        }
        if isMine { responses.execute { self.drain() } }
    }

    /// The reader is gone, or the watch has ended.
    ///
    /// - Parameter peerSilence: for how long the reader may have been gone already.
    func finish(_ error: RPCError?, peerSilence: Duration = .zero) {
        let (isFirst, watch) = state.withLock { state in
            defer { state.phase = .over }
            return (state.phase != .over, state.watch)
        }
        guard isFirst else { return }
        watch?.close(silentFor: peerSilence)
        responses.finish(error)
    }

    /// Writes until nothing is left; called by the one who holds the writing phase.
    private func drain() {
        while let watch = state.withLock({ $0.watch }) {
            if !writeAll(of: watch) { return }
            let isDone = state.withLock { state in
                switch state.phase {
                case .writingWithNews:
                    state.phase = .writing
                    return false
                case .writing, .idle:
                    state.phase = .idle
                    return true
                case .over: return true
                }
            }
            if isDone { return }
        }
    }

    /// - Returns: false when somebody else goes on, or nobody needs to.
    private func writeAll(of watch: SessionWatch) -> Bool {
        var sawEnd = false
        var hasRoom = true
        for item in watch.take() {
            switch item {
            case .ended(let error):
                finish(error.asRPCError)
                return false
            case .over: sawEnd = true
            case .event(let event):
                sawEnd = sawEnd || event.status.isTerminal
                hasRoom = write(.with { $0.message = .event(event.wire) })
            case .heartbeat(let at, let sequence):
                hasRoom = write(
                    .with { response in
                        response.message = .heartbeat(
                            .with {
                                $0.sendTime = at.wire
                                $0.sequence = sequence
                            })
                        response.heartbeatInterval = watch.heartbeatInterval.wire
                    })
            }
        }
        if sawEnd {
            finish(nil)
            return false
        }
        if hasRoom { return true }
        // Awaited by nobody: it ends with the stream, whose writer throws then. The writing phase goes with it.
        Task { await self.resumeWhenThereIsRoom() }
        return false
    }

    private func write(_ response: Telehealth_V1_WatchSessionResponse) -> Bool {
        do {
            return try responses.writeNow(response)
        } catch {
            finish(nil)
            return true
        }
    }

    private func resumeWhenThereIsRoom() async {
        do {
            try await responses.waitForRoom()
            drain()
        } catch {
            finish(nil)
        }
    }
}
