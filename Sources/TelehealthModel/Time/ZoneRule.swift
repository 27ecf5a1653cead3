internal import TextFormats

/// How far a place's clocks are from UTC, by the rule in force there now.
///
/// - Spec: POSIX.1-2017 Base Definitions 8.3, `TZ`, with RFC 8536 section 3.3.1's wider range of hours. Changes on the
///   n-th weekday of a month (`M`) are read, which is all that the IANA database uses.
package struct ZoneRule: Sendable, Hashable {
    /// One of the two changes of a year.
    private struct Change: Sendable, Hashable {
        /// 1 to 12.
        let month: Int64
        /// 5 is the last.
        let week: Int
        /// 0 is Sunday.
        let weekday: Int
        /// Seconds of that day's local time; may be negative or beyond a day.
        let time: Int64

        /// Days since 1970-01-01.
        func day(in year: Int64) -> Int64 {
            let first = CivilDay.firstDay(ofMonth: month, of: year).number
            // 1970-01-01 was a Thursday.
            let offset = (Int64(weekday) - (first + 4) % 7 + 14) % 7
            var day = first + offset + 7 * Int64(week - 1)
            if day >= first + CivilDay.days(inMonth: month, of: year) { day -= 7 }
            return day
        }
    }

    /// The part of the year with other clocks.
    private struct Summer: Sendable, Hashable {
        /// Seconds east of UTC.
        let offset: Int64
        let begin: Change
        let end: Change
    }

    /// Seconds east of UTC.
    private let standard: Int64
    private let summer: Summer?

    /// - Parameter seconds: east of UTC, all the year.
    package init(fixed seconds: Int64) {
        standard = seconds
        summer = nil
    }

    /// - Parameter text: "EST5EDT,M3.2.0,M11.1.0"; nil for any other text.
    init?(posix text: some StringProtocol) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var clock = Scanner(parts[0].utf8)
        guard clock.skipName(), let west = clock.time() else { return nil }
        standard = -west
        guard !clock.isAtEnd else {
            guard parts.count == 1 else { return nil }
            summer = nil
            return
        }
        guard clock.skipName(), parts.count == 3 else { return nil }
        let summerWest = clock.isAtEnd ? west - 3600 : clock.time()
        guard let summerWest, clock.isAtEnd, let begin = Self.change(parts[1]),
            let end = Self.change(parts[2])
        else {
            return nil
        }
        summer = Summer(offset: -summerWest, begin: begin, end: end)
    }

    private static func change(_ text: some StringProtocol) -> Change? {
        var scanner = Scanner(text.utf8)
        guard scanner.skip("M"), let month = scanner.number(), scanner.skip("."), let week = scanner.number(),
            scanner.skip("."), let weekday = scanner.number(), (1...12).contains(month),
            (1...5).contains(week),
            (0...6).contains(weekday)
        else { return nil }
        guard !scanner.isAtEnd else {
            return Change(month: Int64(month), week: week, weekday: weekday, time: 2 * 3600)
        }
        guard scanner.skip("/"), let time = scanner.time(), scanner.isAtEnd else { return nil }
        return Change(month: Int64(month), week: week, weekday: weekday, time: time)
    }

    /// Seconds east of UTC at an instant.
    func offset(at instant: Timestamp) -> Int64 {
        guard let summer else { return standard }
        let seconds = instant.wholeSeconds
        let year = CivilDay.of(unixSeconds: seconds + standard).day.year
        let begin = summer.begin.day(in: year) * 86_400 + summer.begin.time - standard
        let end = summer.end.day(in: year) * 86_400 + summer.end.time - summer.offset
        let isSummer = begin < end ? begin <= seconds && seconds < end : !(end <= seconds && seconds < begin)
        return isSummer ? summer.offset : standard
    }

    /// The day that the place's calendars show.
    package func date(at instant: Timestamp) -> CivilDate {
        CivilDate(dayNumber: (instant.wholeSeconds + offset(at: instant)).floorDivided(by: 86_400).quotient)
    }

    /// The instant at which a day begins there; where the clocks leap over midnight, that of the leap.
    package func start(of date: CivilDate) -> Timestamp {
        let midnight = date.dayNumber * 86_400
        let offsets = [standard, summer?.offset ?? standard]
        let first = Timestamp(seconds: midnight - max(offsets[0], offsets[1]))
        let last = Timestamp(seconds: midnight - min(offsets[0], offsets[1]))
        return self.date(at: first) < date ? last : first
    }
}

/// Reads a TZ text byte by byte.
private struct Scanner {
    private var rest: [UInt8]

    init(_ text: some Sequence<UInt8>) { rest = Array(text) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Letters, or anything between angle brackets.
    mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")), end > 0 else { return false }
            rest.removeFirst(end + 1)
            return true
        }
        let letters = rest.prefix { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 }.count
        rest.removeFirst(letters)
        return letters >= 3
    }

    mutating func number() -> Int? {
        let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard (1...3).contains(digits.count) else { return nil }
        rest.removeFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// `hh[:mm[:ss]]` with a sign, in seconds.
    mutating func time() -> Int64? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard let hours = number() else { return nil }
        var seconds = Int64(hours) * 3600
        for unit in [60, 1] as [Int64] where skip(":") {
            guard let part = number(), part < 60 else { return nil }
            seconds += Int64(part) * unit
        }
        return isNegative ? -seconds : seconds
    }
}
