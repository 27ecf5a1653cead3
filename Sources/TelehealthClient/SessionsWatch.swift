public import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension TelehealthCalls {
    /// Summaries of the caller's visits that are scheduled to start in a range: the current ones, then every change.
    ///
    /// Recovers by itself like ``watch(_:after:)``, after the last message; if that was too long ago, a new
    /// ``SessionsWatch/Update/snapshot(_:)`` gives the current state. It does not count as presence, and does not end
    /// by itself. Roles and errors as WatchSessions.
    ///
    /// - Parameters:
    ///   - start: the first scheduled start.
    ///   - end: scheduled starts before this time; at most 31 days after `start`.
    ///   - token: ``SessionsWatch/Iterator/resumeToken`` of an earlier watch of the same caller and range; nil to
    ///     begin with a snapshot.
    public func watchAll(
        startingFrom start: Google_Protobuf_Timestamp, before end: Google_Protobuf_Timestamp,
        behind token: String? = nil
    ) -> SessionsWatch {
        SessionsWatch(
            client: client,
            request: .with {
                $0.startTime = start
                $0.endTime = end
                $0.resumeToken = token ?? ""
            })
    }
}

/// The updates of many visits. Iterate it once; releasing the iterator or cancelling the task ends the watch.
public struct SessionsWatch: AsyncSequence, Sendable {
    public enum Update: Sendable, Hashable {
        /// All current visits, ordered by scheduled start; replaces everything received before.
        case snapshot([Telehealth_V1_SessionSummary])
        /// A visit is new or has changed.
        case changed(Telehealth_V1_SessionSummary)
        /// A visit is no longer the caller's, or moved out of the range: the id of its session.
        case gone(String)
    }

    public typealias Element = Update
    public typealias Failure = RPCError

    let client: TelehealthClient
    let request: Telehealth_V1_WatchSessionsRequest

    public func makeAsyncIterator() -> Iterator { Iterator(client: client, request: request) }

    public struct Iterator: AsyncIteratorProtocol {
        private typealias Stream = RecoveringStream<
            Telehealth_V1_WatchSessionsRequest, Telehealth_V1_WatchSessionsResponse
        >

        private var request: Telehealth_V1_WatchSessionsRequest
        private var stream: Stream
        /// The parts of an incomplete snapshot.
        private var parts: [Telehealth_V1_SessionSummary] = []
        private var isOver = false
        /// Everything up to this position was returned; nil before the first snapshot.
        public var resumeToken: String? { request.resumeToken.isEmpty ? nil : request.resumeToken }

        init(client: TelehealthClient, request: Telehealth_V1_WatchSessionsRequest) {
            self.request = request
            stream = RecoveringStream(client, Telehealth_V1_TelehealthService_Methods.watchSessions)
        }

        /// - Returns: the next update; `nil` when the service ended the watch with OK, which it does not do by
        ///   itself.
        /// - Throws: as ``SessionWatch/Iterator/next()``.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Update? {
            try await next()
        }

        public mutating func next() async throws(RPCError) -> Update? {
            while !isOver {
                switch try await step() {
                case .message(let message):
                    if let update = accept(message) { return update }
                case .over: isOver = true
                case .broken: parts = []
                case .expired: request.resumeToken = ""
                }
            }
            return nil
        }

        private mutating func step() async throws(RPCError) -> Stream.Outcome {
            do {
                return try await stream.next(request, resumes: resumeToken != nil) {
                    $0.heartbeatInterval?.swiftDuration
                }
            } catch {
                isOver = true
                throw error
            }
        }

        /// - Returns: `nil` for a heartbeat and for a part of a snapshot before the last.
        private mutating func accept(_ message: Telehealth_V1_WatchSessionsResponse) -> Update? {
            if !message.resumeToken.isEmpty { request.resumeToken = message.resumeToken }
            switch message.message {
            case .snapshotPart(let part)?:
                parts += part.sessions
                guard part.complete else { return nil }
                defer { parts = [] }
                return .snapshot(parts)
            case .changed(let summary)?: return .changed(summary)
            case .gone(let gone)?: return .gone(gone.sessionID)
            case .heartbeat?, nil: return nil
            }
        }
    }
}
