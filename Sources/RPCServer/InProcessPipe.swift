internal import RPCModel
internal import Synchronization

/// Transfers the bytes of one direction from one ``CallStream`` to another, in order, whichever thread calls.
///
/// At most a high-water mark of unread bytes is at the far end: above it the writer waits.
final class InProcessPipe: Sendable {
    /// The same as a default HTTP/2 window.
    private static let highWaterBytes = 64 * 1024

    private struct State {
        var isCarrying = false
        var isAsked = false
        /// Transferred and not yet taken by the reader.
        var unreadByteCount = 0
        var end: End?
    }

    /// The last item transferred.
    struct End: Sendable {
        /// Why nothing can be written any longer.
        var reason: RPCError
        var willDeliver: @Sendable (_ isEmpty: Bool) -> Void
        /// The error is the target's refusal of a message.
        var didDeliver: @Sendable (FramingError?) -> Void
    }

    private let source: CallStream
    private let target: CallStream
    private let onFinished: @Sendable () -> Void
    private let onRefusal: @Sendable (FramingError) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - onFinished: the source has finished writing and everything was transferred; may be called several times.
    ///   - onRefusal: the target refuses a message; nothing more is transferred.
    init(
        from source: CallStream, to target: CallStream, onFinished: @escaping @Sendable () -> Void = {},
        onRefusal: @escaping @Sendable (FramingError) -> Void
    ) {
        self.source = source
        self.target = target
        self.onFinished = onFinished
        self.onRefusal = onRefusal
    }

    /// The reader took this many bytes; a following ``carry()`` lets the writer continue.
    func taken(_ byteCount: Int) { state.withLock { $0.unreadByteCount -= byteCount } }

    /// Transfers what is queued; with `end`, everything regardless of the high-water mark, and nothing afterwards. If
    /// another thread is already transferring, that thread does it.
    func carry(thenEnd end: End? = nil) {
        let isMine = state.withLock { state in
            if let end { state.end = end }
            state.isAsked = true
            defer { state.isCarrying = true }
            return !state.isCarrying
        }
        guard isMine else { return }
        while let step = nextStep() {
            if let end = step.end { return finish(end) }
            source.setBacklogged(step.isBacklogged)
            var bytes: [UInt8] = []
            let status = source.drainOutbound { bytes.append(contentsOf: $0) }
            if let error = deliver(bytes) { return onRefusal(error) }
            if status.isFinished, status.isDrained { onFinished() }
        }
    }

    private struct Step {
        var end: End?
        var isBacklogged: Bool
    }

    /// - Returns: `nil` when nothing is left to do; another thread may then transfer.
    private func nextStep() -> Step? {
        state.withLock { state in
            guard state.isAsked else {
                state.isCarrying = false
                return nil
            }
            state.isAsked = false
            return Step(end: state.end, isBacklogged: state.unreadByteCount > Self.highWaterBytes)
        }
    }

    /// Keeps the pipe in this thread's possession forever: nothing is transferred after the end.
    private func finish(_ end: End) {
        var bytes: [UInt8] = []
        source.drainOutboundAndEnd(end.reason) { bytes.append(contentsOf: $0) }
        end.willDeliver(bytes.isEmpty)
        let error = deliver(bytes)
        end.didDeliver(error)
    }

    private func deliver(_ bytes: [UInt8]) -> FramingError? {
        guard !bytes.isEmpty else { return nil }
        return bytes.withUnsafeBytes { bytes in
            do throws(FramingError) {
                let credit = try target.receive(bytes)
                state.withLock { $0.unreadByteCount += bytes.count - credit }
                return nil
            } catch {
                return error
            }
        }
    }
}
