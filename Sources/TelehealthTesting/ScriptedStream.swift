public import ProtobufWire
public import RPCModel

/// How a scripted stream ends behind its messages.
public enum StreamEnding: Sendable, Hashable {
    /// Well, as a watch of a visit that is over.
    case over
    case failure(RPCError)
    /// It stays open until its client leaves.
    case open
}

/// The script of one method that answers with a stream.
public struct ScriptedStream<Request: Message, Response: Message>: Sendable {
    private let service: ScriptedService
    private let method: MethodDescriptor

    init(_ service: ScriptedService, _ method: MethodDescriptor) {
        self.service = service
        self.method = method
    }

    /// As ``ScriptedCall/requests``.
    public var requests: [Request] { service.requests(of: method) }

    /// The next call for which nothing is queued yet is sent these messages.
    public func answerNext(_ messages: [Response], then ending: StreamEnding = .over) {
        service.queue(Self.script { _ in (messages, ending) }, for: method)
    }

    /// The next call for which nothing is queued yet fails with this.
    public func failNext(_ error: RPCError) { answerNext([], then: .failure(error)) }

    /// The next call for which nothing is queued yet is sent what the test gives its feed, when it does.
    public func openNext() -> Feed<Response> {
        let (steps, feed) = AsyncStream<Feed<Response>.Step>.makeStream()
        service.queue(
            { (bytes, stream) async throws(RPCError) in
                _ = try Request(checking: bytes)
                for await step in steps {
                    switch step {
                    case .message(let message): try await stream.send(message)
                    case .failure(let error): throw error
                    }
                }
            }, for: method)
        return Feed(feed)
    }

    /// Every call for which nothing is queued is sent these messages.
    public func answer(
        _ answer: @escaping @Sendable (Request) throws(RPCError) -> (messages: [Response], ending: StreamEnding)
    ) {
        service.keep(Self.script(answer), for: method)
    }

    private static func script(
        _ answer: @escaping @Sendable (Request) throws(RPCError) -> (messages: [Response], ending: StreamEnding)
    ) -> ScriptedService.Script {
        { (bytes, stream) async throws(RPCError) in
            let request = try Request(checking: bytes)
            let (messages, ending) = try answer(request)
            for message in messages { try await stream.send(message) }
            switch ending {
            case .over: return
            case .failure(let error): throw error
            case .open:
                // Nothing ever comes: the task of a call is cancelled when its client leaves.
                let (never, keep) = AsyncStream<Never>.makeStream()
                for await _ in never {}
                _ = keep
            }
        }
    }
}

/// What a test sends through an open stream, while it is open.
public struct Feed<Response: Message>: Sendable {
    enum Step: Sendable {
        case message(Response)
        case failure(RPCError)
    }

    private let steps: AsyncStream<Step>.Continuation

    init(_ steps: AsyncStream<Step>.Continuation) { self.steps = steps }

    /// Sends a message. What is sent before the call comes waits for it.
    public func send(_ message: Response) { steps.yield(.message(message)) }

    /// Ends the stream with OK, after what was sent.
    public func end() { steps.finish() }

    /// Ends the stream with an error, after what was sent.
    public func fail(_ error: RPCError) {
        steps.yield(.failure(error))
        steps.finish()
    }
}

extension CallStream {
    fileprivate func send(_ message: some Message) async throws(RPCError) {
        if try !write(message) { try await waitForRoom() }
    }
}
