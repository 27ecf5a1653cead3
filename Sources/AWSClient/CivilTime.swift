internal import TextFormats

/// A Unix time in the three spellings that AWS uses, in UTC.
struct CivilTime: Hashable, Sendable {
    let day: CivilDay
    let secondOfDay: Int64

    init(unixSeconds: Int64) { (day, secondOfDay) = CivilDay.of(unixSeconds: unixSeconds) }

    /// `20261122`, the date of a signature's scope.
    var dateStamp: String { day.text.filter { $0 != "-" } }

    /// `20261122T100000Z`, as in `X-Amz-Date`.
    var timestamp: String {
        let clock = ClockText.text(secondOfDay: secondOfDay).filter { $0 != ":" }
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
            let date = CivilDay(year: year, month: month, day: day), hour < 24, minute < 60, second <= 60,
            bytes.count == 20 || bytes.count > 21 && number(bytes[20..<min(bytes.count - 1, 38)]) != nil
        else { return nil }
        return date.number * 86_400 + hour * 3600 + minute * 60 + second
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
            let date = CivilDay(year: year, month: Int64(month) + 1, day: day), hour < 24, minute < 60, second <= 60
        else { return nil }
        return date.number * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
