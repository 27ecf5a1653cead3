internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension TelehealthCalls {
    /// The events of a session, from now on or after an event number, until the session ends.
    ///
    /// Recovers by itself from a broken connection, a stopped server, a silent network or an expired token, for up to
    /// ``ClientConfiguration/watchPatience``: it resumes after the last event, so nothing is missed or repeated. If
    /// the service no longer keeps those events, a new ``SessionWatch/Update/snapshot(_:)`` gives the current state.
    /// Roles and errors as WatchSession. While it is iterated, the caller counts as present, through concurrent
    /// Heartbeat calls: an open stream alone shows only that a proxy in between is there.
    public func watch(_ sessionID: String, after sequence: Int64? = nil) -> SessionWatch {
        SessionWatch(client: client, sessionID: sessionID, sequence: sequence)
    }
}

/// The updates of one session. Iterate it once; releasing the iterator or cancelling the task ends the watch.
public struct SessionWatch: AsyncSequence, Sendable {
    public enum Update: Sendable, Hashable {
        /// The whole session at an event number: the first update of a watch that does not resume.
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
        private var stream: RecoveringStream<Telehealth_V1_WatchSessionRequest, Message>
        private var heartbeats: HeartbeatCalls?
        private var isOver = false

        init(client: TelehealthClient, sessionID: String, sequence: Int64?) {
            self.client = client
            self.sessionID = sessionID
            self.sequence = sequence
            stream = RecoveringStream(client, Telehealth_V1_TelehealthService_Methods.watchSession)
        }

        /// - Returns: the next update; `nil` when the session has ended.
        /// - Throws: the error of a watch that cannot continue, such as NOT_FOUND; the error of the last attempt when
        ///   the service, or the token provider, was unreachable for ``ClientConfiguration/watchPatience``; CANCELLED
        ///   when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Update? {
            try await next()
        }

        public mutating func next() async throws(RPCError) -> Update? {
            while !isOver {
                switch try await step() {
                case .message(let message):
                    callHeartbeat(message)
                    if let update = accept(message) { return update }
                case .over:
                    heartbeats = nil
                    isOver = true
                case .broken: heartbeats = nil
                case .expired:
                    heartbeats = nil
                    sequence = nil
                }
            }
            return nil
        }

        private mutating func step() async throws(RPCError)
            -> RecoveringStream<Telehealth_V1_WatchSessionRequest, Message>.Outcome
        {
            let request = Telehealth_V1_WatchSessionRequest.with {
                $0.sessionID = sessionID
                $0.afterSequence = sequence
                $0.presenceByHeartbeat = true
            }
            do {
                return try await stream.next(request, resumes: sequence != nil) {
                    $0.heartbeatInterval?.swiftDuration
                }
            } catch {
                heartbeats = nil
                isOver = true
                throw error
            }
        }

        private mutating func callHeartbeat(_ message: Message) {
            guard heartbeats == nil, let within = message.callHeartbeatWithin else { return }
            heartbeats = HeartbeatCalls(client, sessionID: sessionID, within: within.swiftDuration)
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
    }
}
