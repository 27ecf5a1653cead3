internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension TelehealthClient {
    /// What happens in a session, from now on or from behind an event number, until the session is over.
    ///
    /// Goes on by itself after a broken connection, a drained server, a silent network or an expired token, for
    /// ``ClientConfiguration/watchPatience``: it resumes behind the last event seen, so nothing is missed and nothing
    /// comes twice. When the service no longer keeps those events, a new ``SessionWatch/Update/snapshot(_:)`` says
    /// where things stand.
    /// Roles and errors as WatchSession. While it is iterated, the caller counts as present, by calls of Heartbeat
    /// beside it: an open stream shows only that a proxy in between is there.
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
        private typealias Message = Telehealth_V1_WatchSessionResponse

        private let client: TelehealthClient
        private let sessionID: String
        /// The last event number seen; `nil` until the first snapshot.
        private var sequence: Int64?
        private var recovery: WatchRecovery
        private var stream: ListenedStream<Message>?
        private var heartbeats: HeartbeatCalls?
        private var token: String?
        private var rejected: String?
        private var isOver = false

        init(client: TelehealthClient, sessionID: String, sequence: Int64?) {
            self.client = client
            self.sessionID = sessionID
            self.sequence = sequence
            recovery = WatchRecovery(client.configuration)
        }

        /// - Returns: the next update; `nil` when the session is over.
        /// - Throws: the error of a watch that cannot go on, such as NOT_FOUND; that of the last attempt when the
        ///   service, or a token for it, was out of reach for ``ClientConfiguration/watchPatience``; CANCELLED when
        ///   the task is.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Update? {
            try await next()
        }

        public mutating func next() async throws(RPCError) -> Update? {
            while !isOver {
                do {
                    guard let message = try await receive() else {
                        close()
                        isOver = true
                        return nil
                    }
                    noteHeard(message)
                    if let update = accept(message) { return update }
                } catch {
                    close()
                    try await recover(from: error)
                }
            }
            return nil
        }

        private mutating func open() async throws(RPCError) -> ResponseStream<Message> {
            let token: String
            do {
                token = try await client.authorisation(replacing: rejected)
            } catch {
                // Who gives tokens is out of reach in the same outages; who has signed out ends the watch.
                throw .brokenConnection(error.code, error.message)
            }
            self.token = token
            let request = Telehealth_V1_WatchSessionRequest.with {
                $0.sessionID = sessionID
                $0.afterSequence = sequence
                $0.presenceByHeartbeat = true
            }
            recovery.opened(at: .now)
            // No timeout: a watch lasts as long as the visit.
            let options = CallOptions(metadata: ["authorization": "Bearer " + token])
            return client.channel.serverStreaming(
                Telehealth_V1_TelehealthService_Methods.watchSession, request, options: options)
        }

        private mutating func receive() async throws(RPCError) -> Message? {
            if stream == nil { stream = ListenedStream(try await open()) }
            let limit = recovery.silenceMax
            return try await stream?.next(within: limit)
        }

        private mutating func close() {
            stream = nil
            heartbeats = nil
        }

        private mutating func noteHeard(_ message: Message) {
            rejected = nil
            recovery.heard(heartbeatInterval: message.heartbeatInterval?.swiftDuration, at: .now)
            if heartbeats == nil, let within = message.callHeartbeatWithin {
                heartbeats = HeartbeatCalls(client, sessionID: sessionID, within: within.swiftDuration)
            }
        }

        /// - Returns: `nil` for a heartbeat and for an event that was seen before.
        private mutating func accept(_ message: Message) -> Update? {
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
            let step: WatchRecovery.Step =
                Task.isCancelled ? .giveUp : recovery.failed(error, at: .now, canStartAnew: sequence != nil)
            switch step {
            case .replaceToken: rejected = token
            case .startAnew: sequence = nil
            case .resume(let wait):
                client.configuration.watchDidBreak(error, wait)
                do {
                    try await client.pause(wait)
                } catch {
                    isOver = true
                    throw error
                }
            case .giveUp:
                isOver = true
                throw error
            }
        }
    }
}
