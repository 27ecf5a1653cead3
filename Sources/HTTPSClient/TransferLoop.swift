internal import CCurl
internal import Glibc
internal import Synchronization

/// The thread that owns the `curl_multi` handle, and the mailbox in front of it.
///
/// States of a job: submitted (mailbox) → waiting (this thread's queue) → running (in the multi handle) →
/// finished. It leaves any of them for finished by deadline, cancellation or shutdown; ``finish(_:with:)`` is
/// the one place where its continuation is resumed.
// Unchecked: `mailbox` and `nextID` are synchronized by their own types; `waiting` and `running` are touched
// only on the loop's thread; `multi` likewise, but for `curl_multi_wakeup`, which is made for other threads
// and called under the mailbox's lock while `isClosed` is false, so never on a freed handle.
final class TransferLoop: @unchecked Sendable {
    struct Job: Sendable {
        let id: UInt64
        let request: HTTPSRequest
        let continuation: CheckedContinuation<Result<HTTPSResponse, HTTPSError>, Never>
    }

    private struct Mailbox {
        var submitted: [Job] = []
        var cancelled: [UInt64] = []
        /// Jobs submitted and not finished, in any state.
        var unfinishedCount = 0
        var isStopping = false
        var isClosed = false
    }

    /// Longest sleep without an event. The value is uncritical: submissions wake the thread.
    private static let pollMillisecondsMax: Int64 = 60_000

    let configuration: HTTPSClient.Configuration
    private let multi: UnsafeMutableRawPointer
    private let mailbox = Mutex(Mailbox())
    private let nextID = Atomic<UInt64>(1)
    private var waiting: [Job] = []
    private var running: [UnsafeMutableRawPointer: (job: Job, transfer: Transfer)] = [:]

    /// `curl_global_init` once per process; thread-safe since libcurl 7.84.
    private static let isLibraryReady = telehealth_curl_global_init() == CURLE_OK

    init(configuration: HTTPSClient.Configuration) throws(HTTPSError) {
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw HTTPSError(.resourcesExhausted)
        }
        self.configuration = configuration
        self.multi = multi
        _ = telehealth_curl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, configuration.idleConnectionsMax)
    }

    deinit {
        // Reached when the thread releases this object, or when no thread could be started.
        curl_multi_cleanup(multi)
    }

    /// Starts the thread with every signal blocked: signals belong to the daemon's own loop, and a write to a closed
    /// TLS connection must return EPIPE and not end the process.
    func start() throws(HTTPSError) {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        // Retained for the thread, which takes ownership.
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw HTTPSError(.resourcesExhausted)
        }
        pthread_detach(thread)
    }

    func makeID() -> UInt64 {
        nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    func submit(_ job: Job) {
        let limit = configuration.runningRequestsMax + configuration.queuedRequestsMax
        let refusal: HTTPSError? = mailbox.withLock { mailbox in
            if mailbox.isStopping { return HTTPSError(.shutDown) }
            if mailbox.unfinishedCount >= limit {
                return HTTPSError(.queueFull(limit: configuration.queuedRequestsMax))
            }
            mailbox.unfinishedCount += 1
            mailbox.submitted.append(job)
            wake(mailbox)
            return nil
        }
        if let refusal { job.continuation.resume(returning: .failure(refusal)) }
    }

    func cancel(_ id: UInt64) {
        mailbox.withLock { mailbox in
            if mailbox.isStopping { return }
            mailbox.cancelled.append(id)
            wake(mailbox)
        }
    }

    func stop() {
        mailbox.withLock { mailbox in
            mailbox.isStopping = true
            wake(mailbox)
        }
    }

    private func wake(_ mailbox: borrowing Mailbox) {
        if !mailbox.isClosed { curl_multi_wakeup(multi) }
    }

    // MARK: On the thread

    private func run() {
        while takeMail() {
            expireWaiting(now: .now)
            startWaiting()
            var stillRunning: Int32 = 0
            curl_multi_perform(multi, &stillRunning)
            collectFinished()
            if !waiting.isEmpty, running.count < configuration.runningRequestsMax { continue }
            curl_multi_poll(multi, nil, 0, pollMilliseconds(now: .now), nil)
        }
        mailbox.withLock { $0.isClosed = true }
        for job in waiting { finish(job, with: .failure(HTTPSError(.shutDown))) }
        waiting = []
        for handle in Array(running.keys) {
            end(handle) { .failure(HTTPSError(.shutDown, phase: $0.phase)) }
        }
    }

    /// - Returns: false when the loop should end.
    private func takeMail() -> Bool {
        let (submitted, cancelled, isStopping) = mailbox.withLock { mailbox in
            defer {
                mailbox.submitted = []
                mailbox.cancelled = []
            }
            return (mailbox.submitted, mailbox.cancelled, mailbox.isStopping)
        }
        waiting += submitted
        for id in cancelled {
            if let index = waiting.firstIndex(where: { $0.id == id }) {
                finish(waiting.remove(at: index), with: .failure(HTTPSError(.cancelled)))
            } else if let handle = running.first(where: { $0.value.job.id == id })?.key {
                end(handle) { .failure(HTTPSError(.cancelled, phase: $0.phase)) }
            }
        }
        return !isStopping
    }

    private func expireWaiting(now: ContinuousClock.Instant) {
        let expired = waiting.filter { $0.request.deadline <= now }
        guard !expired.isEmpty else { return }
        waiting.removeAll { $0.request.deadline <= now }
        for job in expired { finish(job, with: .failure(HTTPSError(.deadlineExceeded))) }
    }

    private func startWaiting() {
        let free = min(configuration.runningRequestsMax - running.count, waiting.count)
        for job in waiting.prefix(free) {
            guard let transfer = Transfer(job.request, configuration: configuration, now: .now) else {
                finish(job, with: .failure(HTTPSError(.resourcesExhausted)))
                continue
            }
            running[transfer.handle] = (job, transfer)
            curl_multi_add_handle(multi, transfer.handle)
        }
        waiting.removeFirst(free)
    }

    private func collectFinished() {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            // The message is valid until the handle is removed: both fields are read before that.
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
                continue
            }
            let code = telehealth_curl_msg_result(message)
            end(handle) { $0.result(of: code, now: .now) }
        }
    }

    private func end(
        _ handle: UnsafeMutableRawPointer, result: (Transfer) -> Result<HTTPSResponse, HTTPSError>
    ) {
        guard let (job, transfer) = running.removeValue(forKey: handle) else { return }
        // Releasing the transfer frees the handle, which must have left the multi handle before.
        let result = withExtendedLifetime(transfer) {
            let result = result(transfer)
            curl_multi_remove_handle(multi, handle)
            return result
        }
        finish(job, with: result)
    }

    private func finish(_ job: Job, with result: Result<HTTPSResponse, HTTPSError>) {
        mailbox.withLock { $0.unfinishedCount -= 1 }
        job.continuation.resume(returning: result)
    }

    private func pollMilliseconds(now: ContinuousClock.Instant) -> Int32 {
        let nearest = waiting.map { ($0.request.deadline - now).wholeMilliseconds + 1 }.min()
        return Int32(clamping: max(0, min(nearest ?? Self.pollMillisecondsMax, Self.pollMillisecondsMax)))
    }
}

extension Duration {
    /// Rounded towards zero.
    var wholeMilliseconds: Int64 {
        components.seconds.multipliedReportingOverflow(by: 1000).partialValue
            + components.attoseconds / 1_000_000_000_000_000
    }
}
