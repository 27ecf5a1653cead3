/// UTC calendar fields of a Unix time, in the three spellings AWS uses.
///
/// The arithmetic is the proleptic Gregorian calendar counted in eras of 400 years (146,097 days) that begin
/// on 1 March, which puts the leap day at the end of a year.
struct CivilTime: Hashable, Sendable {
    private static let daysPerEra: Int64 = 146_097
    /// Days from 0000-03-01 to 1970-01-01.
    private static let epochShiftDays: Int64 = 719_468
    private static let secondsPerDay: Int64 = 86_400

    let year: Int64
    let month: Int64
    let day: Int64
    let secondOfDay: Int64

    init(unixSeconds: Int64) {
        var days = unixSeconds / Self.secondsPerDay
        var rest = unixSeconds % Self.secondsPerDay
        if rest < 0 {
            days -= 1
            rest += Self.secondsPerDay
        }
        let shifted = days + Self.epochShiftDays
        let era = (shifted >= 0 ? shifted : shifted - Self.daysPerEra + 1) / Self.daysPerEra
        let dayOfEra = shifted - era * Self.daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        secondOfDay = rest
    }

    /// `20261122`, the date of a signature's scope.
    var dateStamp: String {
        Self.padded(year, 4) + Self.padded(month, 2) + Self.padded(day, 2)
    }

    /// `20261122T100000Z`, as in `X-Amz-Date`.
    var timestamp: String {
        let hour = secondOfDay / 3600
        let minute = secondOfDay / 60 % 60
        let clock = [hour, minute, secondOfDay % 60].map { Self.padded($0, 2) }.joined()
        return "\(dateStamp)T\(clock)Z"
    }

    /// Reads `2026-11-22T10:00:00Z`, also with a fraction, as credentials' `Expiration` has it.
    /// - Returns: seconds since 1970; nil for any other form, offsets other than `Z` included.
    static func unixSeconds(ofISO8601 text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes.last == UInt8(ascii: "Z"), bytes.count == 20 || bytes[19] == UInt8(ascii: "."),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            bytes.count == 20 || bytes.count > 21 && number(bytes[20..<min(bytes.count - 1, 38)]) != nil
        else { return nil }
        return unixSeconds(year, month, day) + hour * 3600 + minute * 60 + second
    }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
    /// - Returns: seconds since 1970; nil for any other form, the two obsolete ones included.
    /// - Spec: RFC 9110 section 5.6.7, IMF-fixdate.
    static func unixSeconds(ofHTTPDate text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, text.hasSuffix(" GMT"), bytes[3] == UInt8(ascii: ","),
            [4, 7, 11, 16].allSatisfy({ bytes[$0] == UInt8(ascii: " ") }), bytes[19] == UInt8(ascii: ":"),
            bytes[22] == UInt8(ascii: ":"), let day = number(bytes[5..<7]),
            let month = monthNames.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self)),
            let year = number(bytes[12..<16]), let hour = number(bytes[17..<19]),
            let minute = number(bytes[20..<22]), let second = number(bytes[23..<25]),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        return unixSeconds(year, Int64(month) + 1, day) + hour * 3600 + minute * 60 + second
    }

    /// Midnight of a day.
    private static func unixSeconds(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * daysPerEra + dayOfEra - epochShiftDays) * secondsPerDay
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
