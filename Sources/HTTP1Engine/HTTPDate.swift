internal import TextFormats

/// An IMF-fixdate, as `Date` has it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
enum HTTPDate {
    /// From the day 0, a Thursday.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter unixSeconds: any; of years beyond 9999 all digits are written.
    static func text(unixSeconds: Int64) -> String {
        let (day, second) = CivilDay.of(unixSeconds: unixSeconds)
        let weekday = Int(((day.number % 7) + 7) % 7)
        let month = months[Int(day.month) - 1]
        let date = "\(day.day.padded(to: 2)) \(month) \(day.year.padded(to: 4))"
        return "\(weekdays[weekday]), \(date) \(ClockText.text(secondOfDay: second)) GMT"
    }
}
