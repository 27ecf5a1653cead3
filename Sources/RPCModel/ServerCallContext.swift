internal import Synchronization

/// The key of a value that an interceptor sets for the handler of the same call, such as the caller's identity.
public protocol CallContextKey {
    associatedtype Value: Sendable
}

/// A value of a call. An object, so that looking it up is a comparison of types and no search.
@usableFromInline
final class CallContextValue<Value: Sendable>: Sendable {
    @usableFromInline let value: Value
    @inlinable init(_ value: Value) { self.value = value }
}

/// What a handler knows about its call besides the messages.
///
/// - Isolation: any thread.
public final class ServerCallContext: Sendable {
    private struct State {
        var metadata: Metadata
        /// Nearly every call has at most one value and one handler: stored without an array.
        var firstKey: ObjectIdentifier?
        var firstValue: (any AnyObject & Sendable)?
        var cancelHandler: (@Sendable () -> Void)?
        var rest: Rest?
        var answerHold: AnswerHold?
        var isCancelled = false
        var isOver = false

        init(metadata: Metadata) { self.metadata = metadata }

        func value(_ key: ObjectIdentifier) -> (any AnyObject & Sendable)? {
            if firstKey == key { return firstValue }
            return rest?.values.first { $0.key == key }?.value
        }

        mutating func setValue(_ value: (any AnyObject & Sendable)?, _ key: ObjectIdentifier) {
            if firstKey == nil || firstKey == key {
                firstKey = value == nil ? nil : key
                firstValue = value
                rest?.values.removeAll { $0.key == key }
                return
            }
            withRest { rest in
                rest.values.removeAll { $0.key == key }
                if let value { rest.values.append((key, value)) }
            }
        }

        mutating func withRest(_ change: (Rest) -> Void) {
            let made = rest ?? Rest()
            rest = made
            change(made)
        }

        mutating func takeCancelHandlers() -> ((@Sendable () -> Void)?, [@Sendable () -> Void]) {
            defer {
                cancelHandler = nil
                if let rest, !rest.moreCancelHandlers.isEmpty { rest.moreCancelHandlers = [] }
            }
            return (cancelHandler, rest?.moreCancelHandlers ?? [])
        }
    }

    /// Rarely used state, created on demand, because there may be very many open calls.
    private final class Rest {
        var initialMetadata = Metadata()
        var trailingMetadata = Metadata()
        var loadReport = LoadReport()
        var peerSilence = Duration.zero
        var values: [(key: ObjectIdentifier, value: any AnyObject & Sendable)] = []
        var moreCancelHandlers: [@Sendable () -> Void] = []
    }

    public let method: MethodDescriptor
    /// When the client stops waiting; `nil` without a deadline. Pass the remaining time on to calls made for this
    /// one.
    public let deadline: ContinuousClock.Instant?
    public let peer: CallPeer
    private let stream: CallStream?
    private let state: Mutex<State>

    /// - Parameter stream: the call's stream, which handlers control through the context; a context for tests needs
    ///   none.
    /// - Parameter method: the method of the call.
    /// - Parameter metadata: what the client sent with the call.
    /// - Parameter deadline: when the call ends at the latest; `nil` for never.
    /// - Parameter peer: who is at the other end of the connection.
    public init(
        method: MethodDescriptor, metadata: Metadata, deadline: ContinuousClock.Instant?, peer: CallPeer,
        stream: CallStream? = nil
    ) {
        self.stream = stream
        self.method = method
        state = Mutex(State(metadata: metadata))
        self.deadline = deadline
        self.peer = peer
    }

    /// Request metadata, without gRPC's own fields. Empty once the handler of a detached call
    /// (``ResponseWriter/detach()``) has returned: an open idle call keeps nothing of its request.
    public var metadata: Metadata { state.withLock { $0.metadata } }

    /// Time until the deadline, negative after it; `nil` without one.
    public var timeRemaining: Duration? {
        deadline.map { ContinuousClock.now.duration(to: $0) }
    }

    /// Metadata for the response headers; changes after the first response message have no effect.
    public var initialMetadata: Metadata {
        get { state.withLock { $0.rest?.initialMetadata ?? Metadata() } }
        set { state.withLock { state in state.withRest { $0.initialMetadata = newValue } } }
    }

    /// Metadata sent with the status, including an error's (followed by the error's own trailers).
    public var trailingMetadata: Metadata {
        get { state.withLock { $0.rest?.trailingMetadata ?? Metadata() } }
        set { state.withLock { state in state.withRest { $0.trailingMetadata = newValue } } }
    }

    /// What the call cost and how loaded the server is, sent with the status, including an error's. Usually empty.
    ///
    /// - Spec: grpc/proposal A51.
    public var loadReport: LoadReport {
        get { state.withLock { $0.rest?.loadReport ?? LoadReport() } }
        set { state.withLock { state in state.withRest { $0.loadReport = newValue } } }
    }

    /// Whether metadata was added to the response.
    public var hasResponseMetadata: Bool {
        state.withLock { state in
            state.rest.map { rest in
                !rest.initialMetadata.isEmpty || !rest.trailingMetadata.isEmpty || !rest.loadReport.isEmpty
            } ?? false
        }
    }

    /// Compresses the responses of this call from here on, or stops compressing them, whatever the server's setting.
    ///
    /// `gzip` has no effect when the client does not accept it, nor once response headers that do not name it were
    /// sent. Use `none` for secrets next to text chosen by someone else, and for data that is compressed already.
    public func compressResponses(_ compression: CallOptions.Compression) { stream?.compressResponses(compression) }

    /// Keeps the response of this unary call back until ``AnswerHold/release(_:)``. The handler goes on and returns as
    /// usual; an error that it throws waits as well. Several holds of a call must all be released.
    ///
    /// Only for handlers of ``ServerRoute/unary(_:_:)``. A handler that answers at once, and one that reads or writes a
    /// stream, is not held back: its responses leave when they are written.
    public func holdAnswer() -> AnswerHold {
        let hold = state.withLock { state in
            let hold = state.answerHold ?? AnswerHold()
            state.answerHold = hold
            return hold
        }
        hold.begin()
        return hold
    }

    /// Set by the first ``holdAnswer()``.
    public var answerHold: AnswerHold? { state.withLock { $0.answerHold } }

    /// A value of this call, set by an interceptor: `context[CallerIdentityKey.self] = identity`.
    @inlinable
    public subscript<Key: CallContextKey>(key: Key.Type) -> Key.Value? {
        get { (value(ObjectIdentifier(key)) as? CallContextValue<Key.Value>)?.value }
        set { setValue(newValue.map { CallContextValue($0) }, ObjectIdentifier(key)) }
    }

    @usableFromInline
    func value(_ key: ObjectIdentifier) -> (any AnyObject & Sendable)? { state.withLock { $0.value(key) } }

    @usableFromInline
    func setValue(_ value: (any AnyObject & Sendable)?, _ key: ObjectIdentifier) {
        state.withLock { $0.setValue(value, key) }
    }

    /// Whether nobody waits for the response any longer: the client reset the stream or disconnected, the deadline
    /// passed, or the server is shutting down. The handler's task is cancelled too.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Runs `handler` when the call is cancelled: at once if it already is; never if it finishes regularly.
    ///
    /// - Isolation: `handler` runs on the connection's event loop or on the caller of `onCancel`; it must not block.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let runNow = state.withLock { state in
            if state.isCancelled { return true }
            guard !state.isOver else { return false }
            if state.cancelHandler == nil {
                state.cancelHandler = handler
            } else {
                state.withRest { $0.moreCancelHandlers.append(handler) }
            }
            return false
        }
        if runNow { handler() }
    }

    /// If the call was cancelled because its peer had become silent: how long nothing had arrived from it. It may
    /// have been gone for that long. Otherwise zero.
    public var peerSilence: Duration { state.withLock { $0.rest?.peerSilence ?? .zero } }

    /// For the server that drives the call, before ``cancel()``.
    public func notePeerSilence(_ silence: Duration) {
        if silence > .zero { state.withLock { state in state.withRest { $0.peerSilence = silence } } }
    }

    /// Marks the call cancelled and runs the handlers. For the server that drives the call.
    public func cancel() {
        let (first, more) = state.withLock { state -> ((@Sendable () -> Void)?, [@Sendable () -> Void]) in
            guard !state.isOver, !state.isCancelled else { return (nil, []) }
            state.isCancelled = true
            return state.takeCancelHandlers()
        }
        first?()
        for handler in more { handler() }
    }

    /// Drops the cancel handlers of a call that ended by itself. For the server that drives the call.
    public func finish() {
        // Released outside the lock: a handler may hold the last reference to something that has a lock as well.
        _ = state.withLock { state in
            state.isOver = true
            return state.takeCancelHandlers()
        }
    }

    /// Releases the request's metadata. For the server, when the handler of a detached call has returned.
    public func forgetRequest() {
        let metadata = state.withLock { state in
            defer { state.metadata = Metadata() }
            return state.metadata
        }
        _ = metadata  // released outside the lock
    }
}
