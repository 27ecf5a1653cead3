/// A day of the Gregorian calendar, without a time zone: a birth date.
public struct CivilDate: Sendable, Hashable, Comparable {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// - Parameter text: "2011-03-09"; nil for anything but a day between the years 1900 and 2200.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        guard (1900...2200).contains(year), (1...12).contains(month),
            (1...Self.days(in: month, of: year)).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// "2011-03-09".
    public var text: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// The same day so many years later; 29 February becomes 1 March where there is none.
    package func adding(years: Int) -> CivilDate {
        let year = year + years
        if day > Self.days(in: month, of: year) { return CivilDate(year: year, month: month + 1, day: 1) }
        return CivilDate(year: year, month: month, day: day)
    }

    /// - Parameter dayNumber: days since 1970-01-01.
    package init(dayNumber: Int64) {
        let day = Timestamp.civil(day: dayNumber)
        self.init(year: Int(day.year), month: Int(day.month), day: Int(day.day))
    }

    /// Days since 1970-01-01.
    var dayNumber: Int64 { Self.dayNumber(year, month, day) }

    /// Days since 1970-01-01 of the Gregorian calendar, counted in 400-year eras from March.
    static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let marchYear = Int64(month <= 2 ? year - 1 : year)
        let era = marchYear.floorDivided(by: 400).quotient
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    public static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
