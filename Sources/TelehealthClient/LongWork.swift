internal import ProtobufWire
internal import RPCModel
public import TelehealthAPI

/// Called with the progress of long-running work, in order; the call waits until it returns.
public typealias WorkProgressReport = @Sendable (Telehealth_V1_WorkProgress) -> Void

/// The content of a message of a long-running call.
enum WorkNews<Result> {
    case progress(Telehealth_V1_WorkProgress)
    case result(Result)
    /// From a later version of the service.
    case unknown
}

extension TelehealthClient {
    /// Maximum silence of a working service, which sends a message every ten seconds.
    private static let workSilenceMax = Duration.seconds(45)

    /// A long-running call: its first message has the timeout of a call; afterwards it has no deadline, and counts as
    /// broken after a silence of ``workSilenceMax``. It is retried like any call.
    ///
    /// - Throws: as any call; INTERNAL when the stream ends with OK but without a result.
    func longWork<Request: Message, Response: Message, Result>(
        _ method: MethodDescriptor, _ request: Request, progress: WorkProgressReport,
        _ news: (Response) -> WorkNews<Result>
    ) async throws(RPCError) -> Result {
        let deadline = ContinuousClock.now + configuration.timeout
        var isHeard = false
        return try await attempts(until: { isHeard ? nil : deadline }) { metadata throws(RPCError) in
            let options = CallOptions(metadata: metadata)
            var stream: ListenedStream<Response> = ListenedStream(
                channel.serverStreaming(method, request, options: options))
            var limit = isHeard ? configuration.timeout : max(deadline - .now, .zero)
            while let message = try await stream.next(within: limit) {
                isHeard = true
                limit = Self.workSilenceMax
                switch news(message) {
                case .progress(let told): progress(told)
                case .result(let result): return result
                case .unknown: break
                }
            }
            throw RPCError(.internal, "the service ended the call without its result")
        }
    }
}
