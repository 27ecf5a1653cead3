import Testing

@testable import ChimeSimulation

@Suite("Timestamps") struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399_999_000, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_671_704_760_433_000, "2022-12-22T10:26:00.433Z", "Thu, 22 Dec 2022 10:26:00 GMT"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String, String)])
    func `an instant is written in UTC`(microseconds: Int64, iso8601: String, httpDate: String) {
        let instant = Timestamp(microseconds: microseconds)
        #expect(instant.iso8601 == iso8601)
        #expect(instant.httpDate == httpDate)
    }

    @Test func `the basic form is read back, to the second, for every month of four years`() throws {
        for day in 0..<1461 {
            let instant = Timestamp(
                microseconds: (1_700_000_000 + Int64(day) * 86_400 + Int64(day)) * 1_000_000)
            #expect(Timestamp(basic: instant.basic) == instant)
        }
    }

    @Test(arguments: [
        "", "20221222T102600", "2022-12-22T10:26Z", "20221322T102600Z", "20221222T252600Z",
        "2022122aT102600Z",
    ])
    func `another form is not a date`(text: String) {
        #expect(Timestamp(basic: text) == nil)
    }
}
