/// A day of the Gregorian calendar, also before that was introduced.
///
/// The arithmetic counts in eras of 400 years (146,097 days) that begin on 1 March, so that the leap day is the last
/// day of its year.
public struct CivilDay: Hashable, Comparable, Sendable {
    public let year: Int64
    /// 1 to 12.
    public let month: Int64
    /// 1 to 31.
    public let day: Int64

    private static let daysPerEra: Int64 = 146_097
    /// Days from 0000-03-01 to 1970-01-01.
    private static let epochShift: Int64 = 719_468

    /// nil for a day that the calendar does not have, such as 30 February.
    public init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    private init(year: Int64, month: Int64, dayOrMore day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Parameter number: days since 1970-01-01, within some trillion years.
    public init(number: Int64) {
        let shifted = number + Self.epochShift
        let (era, dayOfEra) = shifted.floorDivided(by: Self.daysPerEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// - Parameter month: 1 to 12.
    public static func firstDay(ofMonth month: Int64, of year: Int64) -> CivilDay {
        CivilDay(number: CivilDay(year: year, month: month, dayOrMore: 1).number)
    }

    /// The day and the second in it of a Unix time, also before 1970.
    public static func of(unixSeconds: Int64) -> (day: CivilDay, secondOfDay: Int64) {
        let (number, second) = unixSeconds.floorDivided(by: 86_400)
        return (CivilDay(number: number), second)
    }

    /// Days since 1970-01-01.
    public var number: Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).floorDivided(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * Self.daysPerEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - Self.epochShift
    }

    /// `2026-11-22`, as RFC 3339 writes a date of the years 0 to 9999.
    public var text: String { "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))" }

    /// The same day so many years later; 29 February becomes 1 March where there is none.
    public func adding(years: Int64) -> CivilDay {
        CivilDay(number: CivilDay(year: year + years, month: month, dayOrMore: day).number)
    }

    public static func < (left: CivilDay, right: CivilDay) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    public static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// A time of day as RFC 3339 writes it.
public enum ClockText {
    /// `09:30:00` of a second from 0 to 86,399.
    public static func text(secondOfDay: Int64) -> String {
        [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map { $0.padded(to: 2) }.joined(separator: ":")
    }

    /// `2026-11-22T09:30:00` of a Unix time, without its zone.
    public static func dateAndTime(unixSeconds: Int64) -> String {
        let (day, second) = CivilDay.of(unixSeconds: unixSeconds)
        return "\(day.text)T\(text(secondOfDay: second))"
    }
}

extension Int64 {
    /// Rounded down, so that the remainder is never negative: what instants before 1970 need.
    ///
    /// - Parameter divisor: above 0.
    public func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// In decimal digits, with zeros in front of them up to so many characters.
    public func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
    }
}
