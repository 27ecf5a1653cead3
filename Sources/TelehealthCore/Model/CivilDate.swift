/// A day of the Gregorian calendar, without a time zone: a birth date.
public struct CivilDate: Sendable, Hashable, Comparable {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// - Parameter text: "2011-03-09"; nil for anything that is no day between the years 1900 and 2200.
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
    func adding(years: Int) -> CivilDate {
        let year = year + years
        if day > Self.days(in: month, of: year) { return CivilDate(year: year, month: month + 1, day: 1) }
        return CivilDate(year: year, month: month, day: day)
    }

    /// The day in UTC: at most a day off in any zone, which is within what a birth date can decide.
    static func utc(_ instant: Timestamp) -> CivilDate {
        CivilDate(String(instant.rfc3339.prefix(10))) ?? CivilDate(year: 1900, month: 1, day: 1)
    }

    public static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
