import RPCModel
import Testing

@Suite("What to do about the copies of a hedged call") struct HedgingTests {
    private func state(maxAttempts: Int = 3) throws -> HedgingState {
        HedgingState(
            policy: try #require(
                HedgingPolicy(
                    maxAttempts: maxAttempts, delay: .milliseconds(50), nonFatalCodes: [.unavailable])))
    }

    @Test("one attempt is not hedging, and more than five are five") func bounds() {
        #expect(HedgingPolicy(maxAttempts: 1) == nil)
        #expect(HedgingPolicy(maxAttempts: 2, delay: .milliseconds(-1)) == nil)
        #expect(HedgingPolicy(maxAttempts: 50)?.maxAttempts == RetryPolicy.attemptsCap)
    }

    @Test("a failure that is not fatal sends the next at once, until all are sent") func nonFatal() throws {
        var throttle = RetryThrottle()
        var state = try state()
        var decisions: [HedgingState.Decision] = []
        for _ in 0..<3 {
            state.attemptSent()
            decisions.append(state.attemptFailed(code: .unavailable, pushback: .absent, throttle: &throttle))
        }
        #expect(decisions == [.sendNext(after: .zero), .sendNext(after: .zero), .waitForOthers])
    }

    @Test("any other failure settles the call and costs no token") func fatal() throws {
        var throttle = RetryThrottle(maxTokens: 1)
        var state = try state()
        state.attemptSent()
        #expect(state.attemptFailed(code: .notFound, pushback: .absent, throttle: &throttle) == .settled)
        #expect(throttle.allowsRetry)
    }

    @Test("pushback sets the time of the next copy, or forbids it") func pushback() throws {
        var throttle = RetryThrottle()
        var state = try state(maxAttempts: 4)
        state.attemptSent()
        let pushed = state.attemptFailed(
            code: .unavailable, pushback: .retry(after: .milliseconds(7)), throttle: &throttle)
        #expect(pushed == .sendNext(after: .milliseconds(7)))
        state.attemptSent()
        let stopped = state.attemptFailed(code: .unavailable, pushback: .doNotRetry, throttle: &throttle)
        #expect(stopped == .waitForOthers)
        #expect(!state.allowsNext(throttle))
    }

    @Test("no copy leaves while most calls to the server fail") func throttled() throws {
        var throttle = RetryThrottle(maxTokens: 2)
        var state = try state()
        state.attemptSent()
        #expect(
            state.attemptFailed(code: .unavailable, pushback: .absent, throttle: &throttle) == .waitForOthers)
        #expect(!state.allowsNext(throttle))
    }

    @Test("a copy that no server touched does not count") func refused() throws {
        var state = try state(maxAttempts: 2)
        state.attemptSent()
        state.attemptSent()
        #expect(!state.allowsNext(RetryThrottle()))
        state.attemptWasRefused()
        #expect(state.allowsNext(RetryThrottle()))
    }
}
