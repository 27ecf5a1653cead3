internal import Logging
internal import Synchronization
internal import TelehealthModel
internal import TextFormats

/// One JSON object per line, into a ``LogOutput``.
///
/// Messages are static texts and metadata are named values; call sites pass nothing personal in either.
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

    /// Lines that an operator acts upon, and the notices around start and stop, are written at once.
    func log(event: LogEvent) {
        // Before the output's lock is taken, since a value's description may run any code.
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

    /// Appends one line, with `fields` in their given order.
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
    /// The text of a date and time, computed once per second.
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
            if second.number != number {
                second = Second(number: number, text: Array(ClockText.dateAndTime(unixSeconds: number).utf8))
            }
            line.append(contentsOf: second.text)
        }
        line.append(UInt8(ascii: "."))
        appendMilliseconds(microsecond / 1000, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func appendMilliseconds(_ count: Int64, to text: inout [UInt8]) {
        for unit: Int64 in [100, 10, 1] { text.append(UInt8(ascii: "0") + UInt8(count / unit % 10)) }
    }
}
