public import HTTPSClient
internal import Synchronization

/// Sends calls to one AWS service: limits, signs, sends, evaluates and retries them.
///
/// Every attempt is signed anew, because a signature is valid for five minutes and credentials may have changed.
/// Callers' requests must be safe to repeat; those of this project have a client token or are idempotent by nature.
/// - Isolation: any.
public final class AWSServiceClient: Sendable {
    public struct Configuration: Sendable {
        public var retry = RetryPolicy()
        public var limits = DeadlineQueue.Limits()
        /// Time limit of one attempt, so that a lost packet leaves time for another within a call of 5 s.
        public var attemptTimeout: Duration = .milliseconds(2_400)
        /// A call admitted later than this before its deadline is pointless: the call itself needs the time.
        public let serviceTime: Duration = .milliseconds(400)

        public init() {}
    }

    /// One operation of the service's API.
    public struct Operation: Hashable, Sendable {
        public let name: String
        /// Operations with the same key share one quota; nil for no limit on this side.
        public let limitKey: String?

        public init(name: String, limitKey: String?) {
            self.name = name
            self.limitKey = limitKey
        }
    }

    public let signer: RequestSigner
    private let http: HTTPSClient
    private let credentials: CredentialsChain
    private let configuration: Configuration
    private let sources: RuntimeSources
    private let limiter: RequestLimiter
    private let budget = Mutex(RetryBudget())
    private let skew = Mutex(ClockSkew())

    public init(
        signer: RequestSigner, http: HTTPSClient, credentials: CredentialsChain,
        configuration: Configuration = Configuration(), sources: RuntimeSources = .system
    ) {
        self.signer = signer
        self.http = http
        self.credentials = credentials
        self.configuration = configuration
        self.sources = sources
        limiter = RequestLimiter(limits: configuration.limits, sources: sources)
    }

    /// Sends one call and retries it according to ``RetryPolicy``.
    ///
    /// Two refusals are caused by this machine and corrected once within the call: credentials that were replaced are
    /// looked up again, and a clock that differs from AWS's is corrected by the response's date.
    ///
    /// - Parameter timeout: for all attempts together, including waiting in the rate limit.
    /// - Returns: a response with a 2xx status.
    /// - Throws: ``AWSError`` of the last attempt.
    public func send(
        _ operation: Operation, _ request: AWSRequest, timeout: Duration
    ) async throws(AWSError) -> HTTPSResponse {
        var call = Call(operation: operation, deadline: sources.monotonic() + timeout)
        while true {
            let failure: Failure
            do throws(Failure) {
                let response = try await attempt(request, call: &call)
                guard (200..<300).contains(response.status) else {
                    throw Failure(response)
                }
                budget.withLock { $0.succeed(taken: call.budgetTaken) }
                return response
            } catch {
                failure = error
            }
            if failure.mayHaveTakenEffect { call.mayHaveTakenEffect = true }
            if await isMended(failure, call: &call) { continue }
            guard try await waits(before: failure, call: &call) else { throw call.error(failure.reason) }
        }
    }

    /// A presigned URL for `request`. Needs credentials, sends nothing to the service.
    ///
    /// - Throws: ``AWSError`` with `.credentials`.
    public func presignedURL(
        _ operation: Operation, _ request: AWSRequest, validitySeconds: Int
    ) async throws(AWSError) -> String {
        do {
            return signer.presignedURL(
                request, with: try await credentials.current(), at: signingTime,
                validitySeconds: validitySeconds)
        } catch {
            throw AWSError(
                operation: operation.name, reason: .credentials(error), attempts: 0, mayHaveTakenEffect: false
            )
        }
    }

    /// This machine's clock, corrected by the known difference from AWS's.
    private var signingTime: Int64 { sources.wallClock() + skew.withLock { $0.seconds } }

    /// Whether to sign and send the refused call again at once.
    private func isMended(_ failure: Failure, call: inout Call) async -> Bool {
        guard case .service(let status, let code, _, _) = failure.reason, call.deadline > sources.monotonic() else {
            return false
        }
        let now = sources.wallClock()
        if !call.hasCorrectedClock,
            skew.withLock({ $0.correct(status: status, code: code, date: failure.date, now: now) })
        {
            call.hasCorrectedClock = true
            return true
        }
        guard failure.isCredentialsRefusal, let used = call.credentials else { return false }
        await credentials.forget(used)
        guard !call.hasRefreshedCredentials else { return false }
        call.hasRefreshedCredentials = true
        // The same credentials would be refused again: left to the caller, who waits longer.
        return (try? await credentials.current()).map { $0 != used } ?? false
    }

    // MARK: One attempt

    /// The history of a call.
    private struct Call {
        let operation: Operation
        let deadline: ContinuousClock.Instant
        var attempts = 0
        var mayHaveTakenEffect = false
        var budgetTaken: Int?
        var credentials: AWSCredentials?
        var hasCorrectedClock = false
        var hasRefreshedCredentials = false

        func error(_ reason: AWSError.Reason) -> AWSError {
            AWSError(
                operation: operation.name, reason: reason, attempts: attempts,
                mayHaveTakenEffect: mayHaveTakenEffect)
        }
    }

    private struct Failure: Error {
        var reason: AWSError.Reason
        var verdict: RetryPolicy.Verdict
        var retryAfter: Duration?
        var mayHaveTakenEffect = false
        var isCredentialsRefusal = false
        /// Date header of the response, as sent.
        var date: String?

        init(_ reason: AWSError.Reason, _ verdict: RetryPolicy.Verdict = .permanent) {
            self.reason = reason
            self.verdict = verdict
        }

        init(_ response: HTTPSResponse) {
            retryAfter = RetryPolicy.retryAfter(in: response.headers)
            reason = .service(
                status: response.status, code: ServiceErrorCode.of(response),
                requestID: response.headers["x-amzn-RequestId"] ?? response.headers["x-amz-request-id"],
                retryAfter: retryAfter)
            verdict = RetryPolicy.verdict(onStatus: response.status)
            date = response.headers["Date"]
            // With 4xx or 503 the service says that it did nothing; other 5xx leave it open.
            mayHaveTakenEffect = response.status >= 500 && response.status != 503
            isCredentialsRefusal = response.status == 401 || response.status == 403
        }

        init(_ error: HTTPSError) {
            verdict = RetryPolicy.verdict(on: error)
            reason = error.reason == .cancelled ? .cancelled : .transport(error)
            mayHaveTakenEffect = error.mayHaveReachedServer
        }
    }

    private func attempt(_ request: AWSRequest, call: inout Call) async throws(Failure) -> HTTPSResponse {
        if let key = call.operation.limitKey {
            do {
                try await limiter.admit(key, latestStart: call.deadline - configuration.serviceTime)
            } catch {
                switch error {
                case .cancelled: throw Failure(.cancelled)
                case .overloaded(let retryAfter): throw Failure(.rateLimited(retryAfter: retryAfter))
                }
            }
        }
        try await fetchCredentials(call: &call)
        let remaining = call.deadline - sources.monotonic()
        guard remaining > .zero, let used = call.credentials else { throw Failure(.deadlineExceeded) }
        let signed = signer.signed(request, with: used, at: signingTime)
        call.attempts += 1
        do {
            let url = try HTTPSURL(signed.urlText)
            return try await http.send(
                HTTPSRequest(
                    signed.method, url, headers: signed.headers, body: signed.body,
                    deadline: .now + min(remaining, configuration.attemptTimeout)))
        } catch {
            throw Failure(error)
        }
    }

    private func fetchCredentials(call: inout Call) async throws(Failure) {
        do {
            call.credentials = try await credentials.current()
        } catch {
            throw Failure(.credentials(error))
        }
    }

    /// Sleeps before the next attempt.
    /// - Returns: false when there is none: by the policy, the budget, or the deadline.
    private func waits(before failure: Failure, call: inout Call) async throws(AWSError) -> Bool {
        guard
            let delay = configuration.retry.delay(
                after: call.attempts, verdict: failure.verdict, retryAfter: failure.retryAfter,
                random: sources.random()),
            sources.monotonic() + delay + configuration.serviceTime < call.deadline,
            let taken = budget.withLock({ $0.take(for: failure.verdict) })
        else { return false }
        call.budgetTaken = taken
        do {
            try await sources.sleep(delay)
        } catch {
            throw call.error(.cancelled)
        }
        return true
    }
}
