import AWSClient
import HTTPSClient
import Testing

@Suite("Retry rules") struct RetryPolicyTests {
    @Test(
        "the status alone decides",
        arguments: [
            (200, RetryPolicy.Verdict.permanent), (400, .permanent), (401, .permanent), (403, .permanent),
            (404, .permanent), (409, .transient), (422, .permanent), (429, .throttled), (500, .transient),
            (501, .permanent), (502, .transient), (503, .transient), (504, .transient), (505, .permanent),
        ])
    func verdicts(status: Int, verdict: RetryPolicy.Verdict) {
        #expect(RetryPolicy.verdict(onStatus: status) == verdict)
    }

    @Test("back-off doubles, has full jitter, and never undercuts what the service asked for")
    func delays() {
        let policy = RetryPolicy()
        let delay = { (attempt: Int, verdict: RetryPolicy.Verdict, after: Duration?, random: Double) in
            policy.delay(after: attempt, verdict: verdict, retryAfter: after, random: random)
        }
        #expect(delay(1, .transient, nil, 0) == .zero)
        #expect(delay(1, .transient, nil, 0.5) == .milliseconds(50))
        #expect(delay(2, .transient, nil, 0.5) == .milliseconds(100))
        #expect(delay(1, .throttled, nil, 0.5) == .milliseconds(250))
        #expect(delay(1, .throttled, .seconds(3), 0.5) == .seconds(3))
        #expect(delay(3, .transient, nil, 0.5) == nil)
        #expect(delay(1, .permanent, .seconds(1), 0.5) == nil)
    }

    @Test(
        "Retry-After is read in seconds, and other forms count as absent",
        arguments: [
            ("2", Duration.seconds(2)), ("0", .zero), ("-1", nil), ("1.5", nil), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", nil), ("99999999999", .seconds(86_400)),
        ] as [(String, Duration?)])
    func retryAfter(value: String, expected: Duration?) {
        #expect(RetryPolicy.retryAfter(in: ["retry-after": value]) == expected)
    }

    @Test("the budget stops retries after a hundred failures and recovers with success")
    func budget() {
        var budget = RetryBudget()
        for _ in 0..<100 { #expect(budget.take(for: .transient) == 5) }
        #expect(budget.take(for: .transient) == nil)
        budget.succeed(taken: 5)
        #expect(budget.take(for: .timedOut) == nil)
        #expect(budget.take(for: .transient) == 5)
        for _ in 0..<600 { budget.succeed(taken: nil) }
        #expect(budget.tokens == RetryBudget.capacity)
    }
}
