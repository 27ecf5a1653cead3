import Testing

@testable import TelehealthCore
@testable import VisitSimulation

@Suite("Values") struct ValueTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_424_400, "2026-11-23T09:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ])
    func `instants are written as RFC 3339 says`(seconds: Int64, text: String) {
        #expect(Timestamp(microseconds: seconds * 1_000_000).rfc3339 == text)
    }

    @Test func `every reason is in capitals, has a sentence, and only says what its category says`() {
        for reason in TelehealthError.Reason.allCases {
            #expect(reason.rawValue.utf8.allSatisfy { (65...90).contains($0) || $0 == 95 })
            #expect(reason.sentence != reason.rawValue)
        }
    }

    @Test func `each failure of the store has its reason, and those that pass say when to come again`() {
        #expect(TelehealthError(StoreError.full) == TelehealthError(.storeFull))
        #expect(TelehealthError(StoreError.failed(code: 10, operation: "commit")) == TelehealthError(.storeUnavailable))
        #expect(TelehealthError(StoreError.closed) == TelehealthError(.storeUnavailable))
        #expect(
            TelehealthError(StoreError.overloaded) == TelehealthError(.storeOverloaded, retryAfter: .seconds(1)))
    }

    @Test func `states are written as the earlier API wrote them`() {
        #expect(
            SessionStatus.allCases.map(wireName) == [
                "SCHEDULED", "WAITING_ROOM", "IN_PROGRESS", "COMPLETED", "CANCELLED", "NO_SHOW",
            ])
    }

    @Test func `the default policy contradicts itself nowhere, and contradictions are named`() {
        #expect(Policy().violations.isEmpty)
        var policy = Policy()
        policy.mediaRegion = "eu-central-1"
        policy.playbackValidity = .seconds(301)
        policy.effectLease = policy.gatewayTimeout
        #expect(policy.violations.count == 3)
    }

    @Test func `a doorbell keeps a ring that nobody waited for, once`() async {
        let bell = Doorbell()
        let time = VirtualTime()
        bell.ring()
        bell.ring()
        #expect(await bell.wait(atMost: nil, time))
        let second = Task { await bell.wait(atMost: .seconds(1), time) }
        for _ in 0..<200 {
            time.advance(by: .seconds(1))
            await Task.yield()
        }
        #expect(await second.value == false)
    }
}
