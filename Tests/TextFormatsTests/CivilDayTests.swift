import Foundation
import Testing
import TextFormats

@Suite("Days of the calendar") struct CivilDayTests {
    @Test(
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (11_017, "2000-03-01"),
            (20_779, "2026-11-22"),
            (-25_509, "1900-02-28"), (-25_508, "1900-03-01"), (-719_162, "0001-01-01"),
            (-719_528, "0000-01-01"), (2_932_896, "9999-12-31"),
        ] as [(Int64, String)])
    func `a day has its number and its text`(number: Int64, text: String) {
        let day = CivilDay(number: number)
        #expect(day.text == text && day.number == number)
        #expect(CivilDay(year: day.year, month: day.month, day: day.day) == day)
    }

    @Test func `every day of 800 years follows the one before, as Foundation counts them too`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "GMT"))
        var before = CivilDay(number: -135_140)
        for number in Int64(-135_139)...157_000 {
            let day = CivilDay(number: number)
            #expect(before < day && day.number == number)
            if number % 97 == 0, number > -100_000 {
                let parts = calendar.dateComponents(
                    [.year, .month, .day], from: Date(timeIntervalSince1970: Double(number) * 86_400))
                #expect(
                    parts.year == Int(day.year) && parts.month == Int(day.month) && parts.day == Int(day.day))
            }
            before = day
        }
    }

    @Test(
        arguments: [
            (2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0),
            (2026, 12, 32), (2026, -1, 1),
        ] as [(Int64, Int64, Int64)])
    func `a day that the calendar does not have is refused`(year: Int64, month: Int64, day: Int64) {
        #expect(CivilDay(year: year, month: month, day: day) == nil)
    }

    @Test func `a leap day has its anniversary on 1 March where the year has none`() throws {
        let leapDay = try #require(CivilDay(year: 2024, month: 2, day: 29))
        #expect(leapDay.adding(years: 18).text == "2042-03-01" && leapDay.adding(years: 4).text == "2028-02-29")
        #expect(leapDay.adding(years: -124).text == "1900-03-01" && leapDay.adding(years: 0) == leapDay)
        #expect((1...12).map { CivilDay.firstDay(ofMonth: $0, of: 2026).text.suffix(6) }.joined(separator: " ")
            == "-01-01 -02-01 -03-01 -04-01 -05-01 -06-01 -07-01 -08-01 -09-01 -10-01 -11-01 -12-01")
    }

    @Test func `a Unix time is a day and a second in it, also before 1970`() {
        #expect(CivilDay.of(unixSeconds: -1) == (CivilDay(number: -1), 86_399))
        #expect(CivilDay.of(unixSeconds: 86_400) == (CivilDay(number: 1), 0))
        #expect(
            ClockText.text(secondOfDay: 0) == "00:00:00" && ClockText.text(secondOfDay: 86_399) == "23:59:59")
        #expect(ClockText.dateAndTime(unixSeconds: -1) == "1969-12-31T23:59:59")
        #expect(Int64(7).padded(to: 3) == "007" && Int64(1234).padded(to: 3) == "1234")
    }
}
