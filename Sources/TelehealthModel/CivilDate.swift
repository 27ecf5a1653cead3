internal import TextFormats

/// A day without a time zone, of a person's life: a birth date.
public struct CivilDate: Sendable, Hashable, Comparable {
    /// In the calendar's own arithmetic.
    private let civil: CivilDay

    /// - Parameter text: "2011-03-09"; nil for anything but a day between the years 1900 and 2200.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]),
            (1900...2200).contains(year), let civil = CivilDay(year: year, month: month, day: day)
        else { return nil }
        self.civil = civil
    }

    private init(_ civil: CivilDay) { self.civil = civil }

    /// - Parameter dayNumber: days since 1970-01-01.
    package init(dayNumber: Int64) { self.init(CivilDay(number: dayNumber)) }

    /// Days since 1970-01-01.
    var dayNumber: Int64 { civil.number }

    /// The same day so many years later; 29 February becomes 1 March where there is none.
    package func adding(years: Int) -> CivilDate { CivilDate(civil.adding(years: Int64(years))) }

    public var year: Int { Int(civil.year) }
    /// 1 to 12.
    public var month: Int { Int(civil.month) }
    /// 1 to 31.
    public var day: Int { Int(civil.day) }

    /// "2011-03-09".
    public var text: String { civil.text }

    public static func < (left: CivilDate, right: CivilDate) -> Bool { left.civil < right.civil }
}
