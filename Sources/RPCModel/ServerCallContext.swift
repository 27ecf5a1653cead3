internal import Synchronization

/// Names a value an interceptor leaves for the handler of the same call, such as the caller's identity.
public protocol CallContextKey {
    associatedtype Value: Sendable
}

/// What a handler knows about its call besides the messages.
///
/// - Isolation: any; every member may be used from any thread.
public final class ServerCallContext: Sendable {
    private struct State {
        var metadata: Metadata
        /// The one value that nearly every call has no more than, in place of an array; likewise the handler.
        var firstKey: ObjectIdentifier?
        var firstValue: (any Sendable)?
        var cancelHandler: (@Sendable () -> Void)?
        var rest: Rest?
        var isCancelled = false
        var isOver = false
        var peerSilence = Duration.zero

        init(metadata: Metadata) { self.metadata = metadata }

        func value(_ key: ObjectIdentifier) -> (any Sendable)? {
            if firstKey == key { return firstValue }
            return rest?.values.first { $0.key == key }?.value
        }

        mutating func setValue(_ value: (any Sendable)?, _ key: ObjectIdentifier) {
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

    /// What few calls have: made when it is needed, because there may be very many open calls.
    private final class Rest {
        var initialMetadata = Metadata()
        var trailingMetadata = Metadata()
        var loadReport = LoadReport()
        var values: [(key: ObjectIdentifier, value: any Sendable)] = []
        var moreCancelHandlers: [@Sendable () -> Void] = []
    }

    public let method: MethodDescriptor
    /// When the client stops waiting; `nil` without a deadline. Hand the remaining time on to calls made for
    /// this one.
    public let deadline: ContinuousClock.Instant?
    public let peer: CallPeer
    private let stream: CallStream?
    private let state: Mutex<State>

    /// - Parameter stream: the call's, for what handlers decide about it; a context made by hand needs none.
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

    /// Metadata the client sent, without the fields gRPC itself uses. Empty once the handler of a detached call
    /// (``ResponseWriter/detach()``) has returned: an open idle call keeps none of its request.
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

    /// Metadata that goes with the status, also with an error's (its own trailers are added behind).
    public var trailingMetadata: Metadata {
        get { state.withLock { $0.rest?.trailingMetadata ?? Metadata() } }
        set { state.withLock { state in state.withRest { $0.trailingMetadata = newValue } } }
    }

    /// What the call cost and how loaded the server is, sent with the status, also with an error's. Most calls say
    /// nothing.
    ///
    /// - Spec: grpc/proposal A51.
    public var loadReport: LoadReport {
        get { state.withLock { $0.rest?.loadReport ?? LoadReport() } }
        set { state.withLock { state in state.withRest { $0.loadReport = newValue } } }
    }

    /// Whether somebody added metadata to the response.
    public var hasResponseMetadata: Bool {
        state.withLock { state in
            state.rest.map { rest in
                !rest.initialMetadata.isEmpty || !rest.trailingMetadata.isEmpty || !rest.loadReport.isEmpty
            } ?? false
        }
    }

    /// Packs the responses of this call from here on, or stops packing them, whatever the server's setting.
    ///
    /// `gzip` has no effect when the client does not unpack it, nor once the response headers have left without
    /// naming it. `none` is for secrets beside text that a stranger chose, and for bytes that are packed
    /// already.
    public func packResponses(_ compression: CallOptions.Compression) { stream?.packResponses(compression) }

    /// A value of this call, set by an interceptor: `context[CallerIdentityKey.self] = identity`.
    public subscript<Key: CallContextKey>(key: Key.Type) -> Key.Value? {
        get { state.withLock { $0.value(ObjectIdentifier(key)) } as? Key.Value }
        set { state.withLock { $0.setValue(newValue, ObjectIdentifier(key)) } }
    }

    /// Whether nobody waits for the answer any more: the client reset the stream or went away, the deadline
    /// passed, or the server is shutting down. The handler's task is cancelled too.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Runs `handler` when the call is cancelled: at once when it is already; never after it finished well.
    ///
    /// - Isolation: `handler` runs on the connection's event loop or on the caller of `onCancel`; it must not
    ///   block.
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

    /// For a call that was cancelled because its peer had gone silent, how long nothing had come from it by then: it
    /// may have been gone for that long. Zero in every other case.
    public var peerSilence: Duration { state.withLock { $0.peerSilence } }

    /// For the server that drives the call, before ``cancel()``.
    public func notePeerSilence(_ silence: Duration) {
        if silence > .zero { state.withLock { $0.peerSilence = silence } }
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

    /// Forgets the cancel handlers of a call that ended by itself. For the server that drives the call.
    public func finish() {
        // Released outside the lock: a handler may hold the last reference to something that has a lock as well.
        _ = state.withLock { state in
            state.isOver = true
            return state.takeCancelHandlers()
        }
    }

    /// Gives the request's metadata back. For the server, when the handler of a detached call has returned.
    public func forgetRequest() {
        let metadata = state.withLock { state in
            defer { state.metadata = Metadata() }
            return state.metadata
        }
        _ = metadata  // released outside the lock
    }
}
