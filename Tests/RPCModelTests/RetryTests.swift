import RPCModel
import Testing

@Suite("Retries and backoff") struct RetryTests {
    private func policy(maxAttempts: Int = 4, multiplier: Double = 2) throws -> RetryPolicy {
        try #require(
            RetryPolicy(
                maxAttempts: maxAttempts, initialBackoff: .milliseconds(100), maxBackoff: .milliseconds(300),
                backoffMultiplier: multiplier, retryableCodes: [.unavailable]))
    }

    @Test("delays grow by the multiplier up to the cap, and attempts are counted") func growsDelays() throws {
        var throttle = RetryThrottle()
        var state = RetryState(policy: try policy(maxAttempts: 9))
        var delays: [RetryState.Decision] = []
        for _ in 0..<5 {
            delays.append(
                state.attemptFailed(code: .unavailable, pushback: .absent, randomUnit: 0.5, throttle: &throttle))
        }
        #expect(
            delays == [
                .retry(after: .milliseconds(100)), .retry(after: .milliseconds(200)),
                .retry(after: .milliseconds(300)),
                .retry(after: .milliseconds(300)), .giveUp,
            ])
        #expect(state.failedAttempts == 5)
    }

    @Test("a code outside the list is final and costs no token") func respectsCodes() throws {
        var throttle = RetryThrottle(maxTokens: 1)
        var state = RetryState(policy: try policy())
        #expect(
            state.attemptFailed(code: .internal, pushback: .absent, randomUnit: 0.5, throttle: &throttle) == .giveUp
        )
        #expect(throttle.allowsRetry)
    }

    @Test("the server's pushback replaces the delay and starts the backoff anew") func obeysPushback() throws
    {
        var throttle = RetryThrottle()
        var state = RetryState(policy: try policy(maxAttempts: 5))
        _ = state.attemptFailed(code: .unavailable, pushback: .absent, randomUnit: 0.5, throttle: &throttle)
        let pushed = state.attemptFailed(
            code: .unavailable, pushback: RetryPushback(trailer: "7"), randomUnit: 0.5, throttle: &throttle)
        #expect(pushed == .retry(after: .milliseconds(7)))
        let next = state.attemptFailed(code: .unavailable, pushback: .absent, randomUnit: 0.5, throttle: &throttle)
        #expect(next == .retry(after: .milliseconds(100)))
    }

    @Test("a negative or unreadable pushback forbids the retry", arguments: ["-1", "x", "", "99999999999"])
    func pushbackForbids(trailer: String) throws {
        var throttle = RetryThrottle()
        var state = RetryState(policy: try policy())
        let decision = state.attemptFailed(
            code: .unavailable, pushback: RetryPushback(trailer: trailer), randomUnit: 0.5, throttle: &throttle)
        #expect(decision == .giveUp)
    }

    @Test("no retries while half of the tokens are gone, until successes bring them back") func throttles()
        throws
    {
        var throttle = RetryThrottle(maxTokens: 4, tokenRatioThousandths: 500)
        throttle.recordFailure()
        #expect(throttle.allowsRetry)
        throttle.recordFailure()
        #expect(!throttle.allowsRetry)
        throttle.recordSuccess()
        #expect(throttle.allowsRetry)
    }

    @Test("policies that would retry nothing or for ever are refused") func refusesPolicies() {
        func make(_ attempts: Int, _ initial: Duration, _ multiplier: Double, _ codes: Set<RPCError.Code>)
            -> RetryPolicy?
        {
            RetryPolicy(
                maxAttempts: attempts, initialBackoff: initial, maxBackoff: .seconds(1),
                backoffMultiplier: multiplier,
                retryableCodes: codes)
        }
        #expect(make(1, .seconds(1), 1, [.aborted]) == nil)
        #expect(make(2, .zero, 1, [.aborted]) == nil)
        #expect(make(2, .seconds(1), 0, [.aborted]) == nil)
        #expect(make(2, .seconds(1), 1, []) == nil)
        #expect(make(100, .seconds(1), 1, [.aborted])?.maxAttempts == 5)
    }

    @Test("the wait before a connection grows to the maximum and is reset by success")
    func connectionBackoff() {
        var backoff = ConnectionBackoff(
            initial: .seconds(1), multiplier: 10, maximum: .seconds(50), jitter: 0.2)
        #expect(backoff.nextDelay(randomUnit: 0.5) == .seconds(1))
        #expect(backoff.nextDelay(randomUnit: 0.5) == .seconds(10))
        #expect(backoff.nextDelay(randomUnit: 0.5) == .seconds(50))
        #expect(backoff.nextDelay(randomUnit: 1) == .seconds(60))
        backoff.reset()
        #expect(backoff.nextDelay(randomUnit: 0) == .milliseconds(800))
    }
}
