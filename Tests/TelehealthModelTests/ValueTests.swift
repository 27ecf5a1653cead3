import TelehealthModel
import Testing

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

    @Test func `states are written as the earlier API wrote them`() {
        #expect(
            SessionStatus.allCases.map(wireName) == [
                "SCHEDULED", "WAITING_ROOM", "IN_PROGRESS", "COMPLETED", "CANCELLED", "NO_SHOW",
            ])
    }
}
