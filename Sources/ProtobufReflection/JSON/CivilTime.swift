internal import TextFormats

/// RFC 3339 times and `"1.5s"` durations, in the proleptic Gregorian calendar.
///
/// - Spec: google/protobuf/timestamp.proto and duration.proto, "JSON Mapping".
enum CivilTime {
    /// 0001-01-01T00:00:00Z, seconds.
    static let earliest: Int64 = -62_135_596_800
    /// 9999-12-31T23:59:59Z, seconds.
    static let latest: Int64 = 253_402_300_799
    /// About 10,000 years, seconds; nanoseconds may come on top.
    static let longestDuration: Int64 = 315_576_000_000

    /// - Returns: nil out of the range of years 1 to 9999, or when nanos are not 0...999,999,999.
    static func timestampText(seconds: Int64, nanos: Int32) -> String? {
        guard (earliest...latest).contains(seconds), (0...999_999_999).contains(nanos) else { return nil }
        return "\(ClockText.dateAndTime(unixSeconds: seconds))\(fraction(nanos.magnitude))Z"
    }

    /// - Returns: nil when the text is not an RFC 3339 time or out of range.
    static func parseTimestamp(_ text: String) -> (seconds: Int64, nanos: Int32)? {
        var scanner = DigitScanner(text)
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2),
            scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T"), let hour = scanner.digits(2), scanner.take(":"),
            let minute = scanner.digits(2), scanner.take(":"), let second = scanner.digits(2),
            let nanos = scanner.fraction(),
            year >= 1, let date = CivilDay(year: year, month: month, day: day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var offset: Int64 = 0
        if !scanner.take("Z") {
            let isWest = scanner.take("-")
            guard isWest || scanner.take("+"), let hours = scanner.digits(2), scanner.take(":"),
                let minutes = scanner.digits(2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
        }
        let seconds = date.number * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard scanner.isAtEnd, (earliest...latest).contains(seconds) else { return nil }
        return (seconds, nanos)
    }

    /// - Returns: nil out of range, or when seconds and nanos have different signs.
    static func durationText(seconds: Int64, nanos: Int32) -> String? {
        guard seconds.magnitude <= longestDuration.magnitude, (-999_999_999...999_999_999).contains(nanos),
            !(seconds < 0 && nanos > 0), !(seconds > 0 && nanos < 0)
        else { return nil }
        let sign = seconds < 0 || nanos < 0 ? "-" : ""
        return "\(sign)\(seconds.magnitude)\(fraction(nanos.magnitude))s"
    }

    /// - Returns: nil when the text is not a duration or out of range.
    static func parseDuration(_ text: String) -> (seconds: Int64, nanos: Int32)? {
        var scanner = DigitScanner(text)
        let isNegative = scanner.take("-")
        guard let seconds = scanner.number(), let nanos = scanner.fraction(), scanner.take("s"),
            scanner.isAtEnd,
            seconds <= longestDuration
        else { return nil }
        return isNegative ? (-seconds, -nanos) : (seconds, nanos)
    }

    private static func fraction(_ nanos: UInt32) -> String {
        if nanos == 0 { return "" }
        if nanos % 1_000_000 == 0 { return "." + Int64(nanos / 1_000_000).padded(to: 3) }
        if nanos % 1_000 == 0 { return "." + Int64(nanos / 1_000).padded(to: 6) }
        return "." + Int64(nanos).padded(to: 9)
    }
}

/// Steps through text of fixed digits.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Exactly `count` digits.
    mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = rest.first, (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - 0x30)
            rest.removeFirst()
        }
        return value
    }

    /// One to twelve digits.
    mutating func number() -> Int64? {
        let count = rest.prefix { (0x30...0x39).contains($0) }.count
        return (1...12).contains(count) ? digits(count) : nil
    }

    /// Nothing, or a point and one to nine digits, as nanoseconds.
    mutating func fraction() -> Int32? {
        guard take(".") else { return 0 }
        let count = rest.prefix { (0x30...0x39).contains($0) }.count
        guard (1...9).contains(count), var value = digits(count) else { return nil }
        for _ in count..<9 { value *= 10 }
        return Int32(value)
    }
}
