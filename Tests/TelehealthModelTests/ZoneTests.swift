import Testing

@testable import TelehealthModel

@Suite("Time zones") struct ZoneTests {
    private func instant(_ text: String) throws -> Timestamp {
        let day = try #require(CivilDate(String(text.prefix(10))))
        let clock = text.dropFirst(11).split(separator: ":").compactMap { Int64($0) }
        return Timestamp(seconds: day.dayNumber * 86_400 + clock[0] * 3600 + clock[1] * 60)
    }

    @Test(arguments: [
        // What Python's zoneinfo says of the same instants.
        ("America/New_York", "2026-03-08 06:59", -5.0), ("America/New_York", "2026-03-08 07:00", -4),
        ("America/New_York", "2026-11-01 05:59", -4), ("America/New_York", "2026-11-01 06:00", -5),
        ("Australia/Sydney", "2026-01-01 00:00", 11), ("Australia/Sydney", "2026-04-04 15:59", 11),
        ("Australia/Sydney", "2026-04-04 16:00", 10), ("Australia/Sydney", "2026-10-03 16:00", 11),
        ("Asia/Kolkata", "2026-07-01 00:00", 5.5), ("Pacific/Kiritimati", "2026-07-01 00:00", 14),
        ("Etc/GMT+12", "2026-07-01 00:00", -12), ("Europe/Dublin", "2026-07-01 00:00", 1),
        ("Europe/Dublin", "2026-01-01 00:00", 0), ("America/Nuuk", "2026-03-29 00:59", -2),
        ("America/Nuuk", "2026-03-29 01:00", -1), ("Asia/Jerusalem", "2026-03-27 00:00", 3),
        ("Pacific/Chatham", "2026-01-01 00:00", 13.75), ("UTC", "2026-01-01 00:00", 0),
    ])
    func `clocks go as the place's rule says`(zone: String, at text: String, hours: Double) throws {
        let rule = try #require(ZoneBook.rule(zone))
        #expect(rule.offset(at: try instant(text)) == Int64(hours * 3600))
    }

    @Test(arguments: [
        ("America/New_York", "2026-11-30", "2026-11-30 05:00"),
        ("America/New_York", "2026-07-04", "2026-07-04 04:00"),
        ("America/New_York", "2026-11-01", "2026-11-01 04:00"),
        ("Asia/Kolkata", "2026-07-04", "2026-07-03 18:30"),
        // The clocks leap from midnight to one.
        ("Africa/Cairo", "2026-04-24", "2026-04-23 22:00"),
        ("America/Santiago", "2026-09-06", "2026-09-06 04:00"),
    ])
    func `a day begins at midnight there, or where the clocks leap over it`(
        zone: String, day: String, text: String
    )
        throws
    {
        let rule = try #require(ZoneBook.rule(zone))
        let date = try #require(CivilDate(day))
        let begin = rule.start(of: date)
        #expect(begin == (try instant(text)))
        #expect(rule.date(at: begin) == date)
        #expect(rule.date(at: begin - .microseconds(1)) < date)
    }

    @Test func `every name of the database is known, and nothing else`() {
        #expect(ZoneBook.count > 590)
        for name in ["America/New_York", "US/Eastern", "Etc/UTC", "UTC", "Asia/Calcutta", "GMT"] {
            #expect(ZoneBook.knows(name), "\(name)")
        }
        for name in [
            "Mars/Phobos", "", "america/new_york", "America/New_York ", "EDT", "America", "Factory", "+05:00",
        ] {
            #expect(!ZoneBook.knows(name), "\(name)")
        }
    }

    @Test(arguments: [
        "", "X5", "EST", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,J60,J300", "<>5",
    ])
    func `what is not a rule is refused`(text: String) { #expect(ZoneRule(posix: text) == nil) }

    @Test func `days are counted as the calendar does`() throws {
        for (text, number) in [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("1900-03-01", -25_508),
        ] {
            let date = try #require(CivilDate(text))
            #expect(date.dayNumber == Int64(number) && CivilDate(dayNumber: Int64(number)) == date)
        }
    }
}
