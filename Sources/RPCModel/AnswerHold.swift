internal import Synchronization

/// Keeps the response of a unary call back until something else is done, while no task waits for it: for example until
/// the log's row about the call is durable.
///
/// ```swift
/// let hold = context.holdAnswer()
/// log.append(row) { error in hold.release(error.map { RPCError(.unavailable, "\($0)") }) }
/// return response
/// ```
///
/// - Isolation: any thread.
public final class AnswerHold: Sendable {
    private struct State {
        var openCount = 0
        /// The first one.
        var failure: RPCError?
        var answer: (@Sendable (RPCError?) -> Void)?
    }

    private let state = Mutex(State())

    init() {}

    func begin() { state.withLock { $0.openCount += 1 } }

    /// Ends one hold; the response leaves when the last has ended. Call it once for each
    /// ``ServerCallContext/holdAnswer()``.
    ///
    /// - Parameter error: sent in place of the response; of several, the first.
    public func release(_ error: RPCError? = nil) {
        let (answer, failure) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            state.openCount -= 1
            guard state.openCount == 0 else { return (nil as (@Sendable (RPCError?) -> Void)?, nil as RPCError?) }
            return (state.answer.take(), state.failure)
        }
        answer?(failure)
    }

    /// Runs `answer` when every hold has ended: at once if they have.
    func whenReleased(_ answer: @escaping @Sendable (RPCError?) -> Void) {
        let (isReleased, failure) = state.withLock { state in
            if state.openCount > 0 { state.answer = answer }
            return (state.openCount == 0, state.failure)
        }
        if isReleased { answer(failure) }
    }
}
