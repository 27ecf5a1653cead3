internal import ProtobufWire
internal import RPCModel
internal import Synchronization
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

/// Sends the progress of long work to its stream, at the pace of ``ProgressPace``.
///
/// A slow reader delays the messages, never the work, and then receives the current progress.
final class ProgressRelay<Response: Message>: Sendable {
    private let responses: ResponseWriter<Response>
    private let time: any TimeSource
    private let form: @Sendable (Telehealth_V1_WorkProgress) -> Response
    private let pace = Mutex(ProgressPace())

    init(
        _ responses: ResponseWriter<Response>, _ time: any TimeSource,
        _ form: @escaping @Sendable (Telehealth_V1_WorkProgress) -> Response
    ) {
        self.responses = responses
        self.time = time
        self.form = form
    }

    /// Runs the work to its end; nothing is sent after that.
    ///
    /// - Throws: the error of the work.
    func following<Value: Sendable>(
        _ work: (@escaping ProgressReport) async -> Result<Value, TelehealthError>
    ) async throws(RPCError) -> Value {
        let telling = Task { await self.tell() }
        let result = await work { self.note($0) }
        telling.cancel()
        await telling.value
        return try await mappingDomainErrors { () async throws(TelehealthError) in try result.get() }
    }

    /// Any thread; does not block.
    private func note(_ progress: WorkProgress) {
        let now = time.uptime
        guard let first = pace.withLock({ $0.note(progress, at: now) }) else { return }
        // A call that has ended is sent nothing more; its work notices by itself.
        _ = try? responses.writeNow(form(first.wire))
    }

    private func tell() async {
        while true {
            do throws(CancellationError) { try await time.sleep(for: ProgressPace.interval) } catch { return }
            let now = time.uptime
            guard let due = pace.withLock({ $0.tick(at: now) }) else { continue }
            do throws(RPCError) { try await responses.write(form(due.wire)) } catch { return }
        }
    }
}

extension WorkProgress {
    fileprivate var wire: Telehealth_V1_WorkProgress {
        .with {
            $0.phase = phase.wire
            $0.done = done
            $0.total = total
        }
    }
}

extension WorkProgress.Phase {
    fileprivate var wire: Telehealth_V1_WorkPhase {
        switch self {
        case .waiting: .waiting
        case .copying: .copying
        case .structure: .structure
        case .values: .values
        case .log: .log
        }
    }
}
