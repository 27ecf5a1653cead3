/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// Its calendar arithmetic is independent of the product's on purpose: the simulator judges the product's times.
public struct Timestamp: Comparable, Hashable, Sendable {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    public static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: instant.microseconds + duration.microseconds)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    var milliseconds: Int64 { microseconds / 1000 }

    /// `2022-12-22T10:26:00.433Z`, as the bodies and events of AWS write it.
    var iso8601: String {
        let (date, time) = fields
        return "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(time.hour)):\(two(time.minute)):"
            + "\(two(time.second)).\(padded(Int(milliseconds % 1000), 3))Z"
    }

    /// `20221222T102600Z`, as a signature's `X-Amz-Date` writes it.
    public var basic: String {
        let (date, time) = fields
        return "\(date.year)\(two(date.month))\(two(date.day))"
            + "T\(two(time.hour))\(two(time.minute))\(two(time.second))Z"
    }

    /// `Thu, 22 Dec 2022 10:26:00 GMT` (RFC 9110 section 5.6.7).
    var httpDate: String {
        let (date, time) = fields
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][
            Int(microseconds / 86_400_000_000 % 7)]
        let month = Self.monthNames[date.month - 1]
        return "\(weekday), \(two(date.day)) \(month) \(date.year) "
            + "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) GMT"
    }

    /// - Parameter basic: `yyyyMMdd'T'HHmmss'Z'`; anything else, also a 13th month, gives `nil`.
    init?(basic: String) {
        let bytes = Array(basic.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(into: Int?.some(0)) { total, byte in
                total = byte.isDigit ? total.map { $0 * 10 + Int(byte - UInt8(ascii: "0")) } : nil
            }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
            year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        microseconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000
    }

    private struct CalendarDate { var year, month, day: Int }
    private struct TimeOfDay { var hour, minute, second: Int }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Instants before 1970 do not occur here, so plain division is floor division.
    private var fields: (CalendarDate, TimeOfDay) {
        let seconds = Int(microseconds / 1_000_000)
        let time = TimeOfDay(hour: seconds / 3600 % 24, minute: seconds / 60 % 60, second: seconds % 60)
        // Years that begin in March put the leap day last, and 400 of them are always 146 097 days.
        let marchDays = seconds / 86_400 + 719_468
        let era = marchDays / 146_097
        let dayOfEra = marchDays % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let date = CalendarDate(
            year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        return (date, time)
    }

    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Duration {
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

private func two(_ number: Int) -> String { padded(number, 2) }

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
