internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension TelehealthClient {
    /// What happens in a session, from now on or from behind an event number, until the session is over.
    ///
    /// Goes on by itself after a broken connection, a drained server or an expired token: it resumes behind the last
    /// event seen, so nothing is missed and nothing comes twice. When the service no longer keeps those events, a new
    /// ``SessionWatch/Update/snapshot(_:)`` says where things stand.
    /// Roles and errors as WatchSession. While it is iterated, the caller counts as present.
    public func watch(_ sessionID: String, after sequence: Int64? = nil) -> SessionWatch {
        SessionWatch(client: self, sessionID: sessionID, sequence: sequence)
    }
}

/// The updates of one session. Iterate it once; dropping the iterator or cancelling the task ends the watch.
public struct SessionWatch: AsyncSequence, Sendable {
    public enum Update: Sendable, Hashable {
        /// The whole session as of an event number: the first update of a watch that does not resume.
        case snapshot(Telehealth_V1_SessionSnapshot)
        case event(Telehealth_V1_SessionEvent)
    }

    public typealias Element = Update
    public typealias Failure = RPCError

    let client: TelehealthClient
    let sessionID: String
    let sequence: Int64?

    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, sessionID: sessionID, sequence: sequence)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let client: TelehealthClient
        private let sessionID: String
        /// The last event number seen; `nil` until the first snapshot.
        private var sequence: Int64?
        private var messages: ResponseStream<Telehealth_V1_WatchSessionResponse>.AsyncIterator?
        private var token: String?
        private var rejected: String?
        private var failures = 0
        private var isOver = false

        init(client: TelehealthClient, sessionID: String, sequence: Int64?) {
            self.client = client
            self.sessionID = sessionID
            self.sequence = sequence
        }

        /// - Returns: the next update; `nil` when the session is over.
        /// - Throws: the error of a watch that cannot go on, such as NOT_FOUND, or UNAVAILABLE after too many
        ///   attempts in a row; CANCELLED when the task is.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Update? {
            try await next()
        }

        public mutating func next() async throws(RPCError) -> Update? {
            while !isOver {
                do {
                    guard let message = try await receive() else {
                        isOver = true
                        return nil
                    }
                    failures = 0
                    rejected = nil
                    if let update = accept(message) { return update }
                } catch {
                    messages = nil
                    try await recover(from: error)
                }
            }
            return nil
        }

        private mutating func receive() async throws(RPCError) -> Telehealth_V1_WatchSessionResponse? {
            if messages == nil {
                let token = try await client.authorisation(replacing: rejected)
                self.token = token
                let request = Telehealth_V1_WatchSessionRequest.with {
                    $0.sessionID = sessionID
                    $0.afterSequence = sequence
                }
                // No timeout: a watch lasts as long as the visit; keepalive finds a dead connection.
                let options = CallOptions(metadata: ["authorization": "Bearer " + token])
                let stream: ResponseStream<Telehealth_V1_WatchSessionResponse> = client.channel.serverStreaming(
                    Telehealth_V1_TelehealthService_Methods.watchSession, request, options: options)
                messages = stream.makeAsyncIterator()
            }
            return try await messages?.next()
        }

        /// - Returns: `nil` for a heartbeat and for an event that was seen before.
        private mutating func accept(_ message: Telehealth_V1_WatchSessionResponse) -> Update? {
            switch message.message {
            case .snapshot(let snapshot)?:
                sequence = snapshot.sequence
                return .snapshot(snapshot)
            case .event(let event)?:
                guard event.sequence > sequence ?? 0 else { return nil }
                sequence = event.sequence
                return .event(event)
            case .heartbeat?, nil:
                return nil
            }
        }

        /// Waits before the next attempt, or gives up by throwing.
        private mutating func recover(from error: RPCError) async throws(RPCError) {
            // Once until a message comes: a fresh token that is refused too would be replaced without end.
            if error.isStaleToken, rejected == nil {
                rejected = token
                return
            }
            if error.reason == "RESUME_EXPIRED", sequence != nil {
                sequence = nil
                return
            }
            failures += 1
            guard error.isWorthRepeating, failures < client.configuration.maxAttempts, !Task.isCancelled else {
                isOver = true
                throw error
            }
            let configuration = client.configuration
            let wait = Swift.max(configuration.backoff(after: failures), error.retryDelay ?? .zero)
            try await client.pause(configuration.jittered(wait))
        }
    }
}
