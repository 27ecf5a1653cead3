internal import ProtobufWire
internal import RPCModel

/// A server stream that is asked for again where it broke off, with the tokens and the patience of a client.
///
/// What to ask for, and what the messages mean, is its owner's: a watch of one visit or of many.
struct RecoveringStream<Request: Message, Response: Message> {
    enum Outcome {
        case message(Response)
        /// The service ended it well.
        case over
        /// It broke; it is asked for again by the next call.
        case broken
        /// What the request resumes behind is no longer kept: ask from the start.
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
    ///   - request: used when the stream has to be asked for.
    ///   - resumes: the request goes on behind something.
    ///   - heartbeatInterval: what a message says of the longest silence.
    /// - Throws: the error of a stream that cannot go on; that of the last attempt when the service, or a token for it,
    ///   was out of reach for ``ClientConfiguration/watchPatience``; CANCELLED when the task is.
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
            // Who gives tokens is out of reach in the same outages; who has signed out ends the watch.
            throw .brokenConnection(error.code, error.message)
        }
        self.token = token
        recovery.opened(at: .now)
        // No timeout: a watch lasts as long as there is something to watch.
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
