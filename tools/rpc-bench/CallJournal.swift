import RPCModel
import RPCServer
import Synchronization

/// The server's interceptor. Does what those of services do at least, so that the figures are theirs, too: reads the
/// metadata of each call, leaves what it found for the handler, and counts how calls ended.
final class CallJournal: ServerInterceptor {
    /// The caller's `x-request-id`, as long as it is a reasonable one.
    enum RequestID: CallContextKey { typealias Value = String }

    private static let requestIDBytesMax = 128
    private let endedCalls = Atomic<UInt64>(0)
    private let failedCalls = Atomic<UInt64>(0)

    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        if let id = context.metadata["x-request-id"] {
            guard id.utf8.count <= Self.requestIDBytesMax else {
                throw RPCError(.invalidArgument, "x-request-id is longer than \(Self.requestIDBytesMax) bytes")
            }
            context[RequestID.self] = id
        }
        return .admitted
    }

    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        endedCalls.add(1, ordering: .relaxed)
        if status != nil { failedCalls.add(1, ordering: .relaxed) }
    }

    /// What was counted, one number a line.
    var lines: [String] {
        [
            "journal_ended_calls \(endedCalls.load(ordering: .relaxed))",
            "journal_failed_calls \(failedCalls.load(ordering: .relaxed))",
        ]
    }
}
