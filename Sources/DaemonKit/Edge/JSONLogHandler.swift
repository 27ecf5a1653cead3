internal import Glibc
internal import Logging
internal import Synchronization
internal import TelehealthCore
internal import TextFormats

/// One JSON object per line, into a ``LogOutput``.
///
/// Messages are static texts, metadata is what call sites chose to name; nothing personal is passed to either.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    private let output: LogOutput

    init(label: String, level: Logger.Level, output: LogOutput) {
        self.label = label
        self.output = output
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// What an operator acts upon leaves at once; so do the notices around start and stop.
    func log(event: LogEvent) {
        // Rendered before the output's lock: a value's description is foreign code.
        var fields: [(String, String)] = []
        fields.reserveCapacity(metadata.count + (event.metadata?.count ?? 0))
        for (key, value) in metadata where event.metadata?[key] == nil { fields.append((key, value.description)) }
        for (key, value) in event.metadata ?? [:] { fields.append((key, value.description)) }
        if fields.count > 1 { fields.sort { $0.0 < $1.0 } }
        let message = event.message.description
        output.append(urgent: event.level >= .notice) {
            Self.format(event.level, label: label, message: message, fields: fields, into: &$0)
        }
    }

    /// Appends one line. `fields` come in the order in which they are to stand.
    static func format(
        _ level: Logger.Level, label: String, message: String, fields: [(String, String)], into line: inout [UInt8]
    ) {
        line.append(contentsOf: #"{"time":""#.utf8)
        LogClock.appendNow(to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: #"","logger":"#.utf8)
        label.appendAsJSONString(to: &line)
        line.append(contentsOf: #","message":"#.utf8)
        message.appendAsJSONString(to: &line)
        for (key, value) in fields {
            line.append(UInt8(ascii: ","))
            key.appendAsJSONString(to: &line)
            line.append(UInt8(ascii: ":"))
            value.appendAsJSONString(to: &line)
        }
        line.append(UInt8(ascii: "}"))
        line.append(UInt8(ascii: "\n"))
    }
}

/// The time of a line, RFC 3339 in UTC with milliseconds.
private enum LogClock {
    /// Dates are worked out once a second.
    private struct Second {
        var number: Int64 = -1
        var text: [UInt8] = []
    }

    private static let latest = Mutex(Second())

    static func appendNow(to line: inout [UInt8]) {
        let now = SystemTime().now.microseconds
        // Rounded down, also before 1970.
        let (number, microsecond) = now.floorDivided(by: 1_000_000)
        latest.withLock { second in
            if second.number != number { second = Second(number: number, text: text(of: number)) }
            line.append(contentsOf: second.text)
        }
        line.append(UInt8(ascii: "."))
        appendDigits(Int(microsecond / 1000), 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func text(of second: Int64) -> [UInt8] {
        var second = time_t(second)
        var parts = tm()
        gmtime_r(&second, &parts)
        var text: [UInt8] = []
        appendDigits(Int(parts.tm_year) + 1900, 4, to: &text)
        for (separator, number) in [
            ("-", parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour), (":", parts.tm_min),
            (":", parts.tm_sec),
        ] {
            text.append(contentsOf: separator.utf8)
            appendDigits(Int(number), 2, to: &text)
        }
        return text
    }

    private static func appendDigits(_ number: Int, _ width: Int, to text: inout [UInt8]) {
        var unit = 1
        for _ in 1..<width { unit *= 10 }
        while unit > 0 {
            text.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }
}
