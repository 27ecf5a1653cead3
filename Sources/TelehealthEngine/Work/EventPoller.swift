internal import Pacing
internal import TelehealthModel
public import TelehealthRules

/// Reads AWS's events from their queue: received, committed, and only then deleted.
///
/// A crash between commit and deletion brings a message again, and its events are known by their ids. A message
/// that can never be read is deleted too, with a notice: it would only come back. Isolation: any.
public struct EventPoller: Sendable {
    public enum Notice: Sendable, Hashable {
        case took(EventIntakeReport)
        /// The queue's message, and why it is not an event.
        case malformed(message: String, reason: EventIntakeReport.MalformedReason)
        case queueFailed(code: String, again: Duration)
        case storeFailed(reason: String, again: Duration)
    }

    /// SQS's longest wait: fewest empty answers.
    static let wait: Duration = .seconds(20)
    /// Well above what a commit takes: a message that is seen twice at once costs only a look.
    static let visibility: Duration = .seconds(60)
    private static let callTimeout: Duration = .seconds(10)
    private static let backoff = ExponentialBackoff(base: .seconds(1), cap: .seconds(60), jitter: .full)

    private let queue: any MeetingEventQueue
    private let intake: EventIntake
    private let notify: @Sendable (Notice) -> Void

    /// - Parameter notify: called for every round that brought something or failed; must not block.
    public init(
        queue: any MeetingEventQueue, intake: EventIntake, notify: @escaping @Sendable (Notice) -> Void
    ) {
        self.queue = queue
        self.intake = intake
        self.notify = notify
    }

    /// Polls until the task is cancelled.
    public func run() async {
        var failures = 0
        while !Task.isCancelled {
            let pause = await round(failures: failures + 1)
            failures = pause == nil ? 0 : failures + 1
            guard let pause else { continue }
            do { try await intake.time.sleep(for: pause) } catch { return }
        }
    }

    /// One receipt.
    ///
    /// - Returns: how long to rest when it failed; nil = go on at once.
    func round(failures: Int) async -> Duration? {
        let delay = max(
            .milliseconds(200),
            Self.backoff.delay(afterFailures: failures, randomUnit: intake.ids.randomUnit()))
        let messages: [QueuedEvent]
        do {
            messages = try await queue.receive(wait: Self.wait, visibility: Self.visibility)
        } catch {
            if Task.isCancelled { return nil }
            notify(.queueFailed(code: error.code, again: delay))
            return delay
        }
        guard !messages.isEmpty else { return nil }
        do {
            let report = try await intake.take(messages.map(\.body))
            notify(.took(report))
            for entry in report.malformed {
                notify(.malformed(message: messages[entry.index].id, reason: entry.reason))
            }
        } catch {
            notify(.storeFailed(reason: error.reason.rawValue, again: delay))
            // At best the others see them sooner; at worst they come back by themselves.
            try? await queue.release(messages, after: .seconds(1), timeout: Self.callTimeout)
            return delay
        }
        do {
            try await queue.delete(messages, timeout: Self.callTimeout)
            return nil
        } catch {
            notify(.queueFailed(code: error.code, again: delay))
            return delay
        }
    }
}
