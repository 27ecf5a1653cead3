internal import ProtobufWire
internal import RPCModel

/// A server stream that is reopened where it broke, with the client's tokens and patience.
///
/// Its owner, a watch of one visit or of many, decides what to request and interprets the messages.
struct RecoveringStream<Request: Message, Response: Message> {
    enum Outcome {
        case message(Response)
        /// The service ended it with OK.
        case over
        /// It broke; the next call reopens it.
        case broken
        /// The position to resume from is no longer kept: start from the beginning.
        case expired
    }

    private let client: TelehealthClient
    private let method: MethodDescriptor
    private var recovery: WatchRecovery
    private var stream: ListenedStream<Response>?
    private var token: String?
    private var rejected: String?

    init(_ client: TelehealthClient, _ method: MethodDescriptor) {
        self.client = client
        self.method = method
        recovery = WatchRecovery(client.configuration)
    }

    /// - Parameters:
    ///   - request: used when the stream must be opened.
    ///   - resumes: the request resumes after a position.
    ///   - heartbeatInterval: the maximum silence that a message announces.
    /// - Throws: the error of a stream that cannot be resumed; the error of the last attempt when the service, or the
    ///   token provider, was unreachable for ``ClientConfiguration/watchPatience``; CANCELLED when the task is
    ///   cancelled.
    mutating func next(
        _ request: Request, resumes: Bool, heartbeatInterval: (Response) -> Duration?
    ) async throws(RPCError) -> Outcome {
        do {
            guard let message = try await receive(request) else {
                stream = nil
                return .over
            }
            rejected = nil
            recovery.heard(heartbeatInterval: heartbeatInterval(message), at: .now)
            return .message(message)
        } catch {
            stream = nil
            return try await recover(from: error, resumes: resumes)
        }
    }

    private mutating func receive(_ request: Request) async throws(RPCError) -> Response? {
        if stream == nil { stream = ListenedStream(try await open(request)) }
        let limit = recovery.silenceMax
        return try await stream?.next(within: limit)
    }

    private mutating func open(_ request: Request) async throws(RPCError) -> ResponseStream<Response> {
        let token: String
        do {
            token = try await client.authorisation(replacing: rejected)
        } catch {
            // The token provider is often unreachable in the same outages; a user who has signed out ends the watch.
            throw .brokenConnection(error.code, error.message)
        }
        self.token = token
        recovery.opened(at: .now)
        // No timeout: a watch lasts as long as the session.
        let options = CallOptions(metadata: ["authorization": "Bearer " + token])
        return client.channel.serverStreaming(method, request, options: options)
    }

    /// Waits before the next attempt, or gives up by throwing.
    private mutating func recover(from error: RPCError, resumes: Bool) async throws(RPCError) -> Outcome {
        let step: WatchRecovery.Step =
            Task.isCancelled ? .giveUp : recovery.failed(error, at: .now, canStartAnew: resumes)
        switch step {
        case .replaceToken:
            rejected = token
            return .broken
        case .startAnew: return .expired
        case .resume(let wait):
            client.configuration.watchDidBreak(error, wait)
            try await client.pause(wait)
            return .broken
        case .giveUp: throw error
        }
    }
}
