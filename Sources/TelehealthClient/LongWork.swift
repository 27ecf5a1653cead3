internal import ProtobufWire
internal import RPCModel
public import TelehealthAPI

/// Told how far long work is, in the order of its progress; the call waits until it returns.
public typealias WorkProgressReport = @Sendable (Telehealth_V1_WorkProgress) -> Void

/// What a message of long work carries.
enum WorkNews<Result> {
    case progress(Telehealth_V1_WorkProgress)
    case result(Result)
    /// Of a later version of the service.
    case unknown
}

extension TelehealthClient {
    /// The longest silence of a service that works: it speaks every ten seconds.
    private static let workSilenceMax = Duration.seconds(45)

    /// A call that works for long: its first word is waited for as a call's answer is; from then on it has no deadline,
    /// and counts as broken when nothing is heard of it for ``workSilenceMax``. It is repeated as any call.
    ///
    /// - Throws: as any call; INTERNAL when the stream ends well without a result.
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
