internal import ArgumentParser
internal import TextFormats

/// A time limit from the command line: seconds, from a millisecond to 31 years, or `inf`.
struct TimeLimit: ExpressibleByArgument {
    /// nil for no limit.
    let duration: Duration?

    init(_ duration: Duration?) { self.duration = duration }

    init?(argument: String) {
        if ["inf", "infinity", "none"].contains(argument.lowercased()) {
            duration = nil
            return
        }
        guard let duration = Duration(secondsText: argument), duration >= .milliseconds(1) else { return nil }
        self.duration = duration
    }

    /// For APIs without "no limit".
    var finite: Duration { duration ?? .longestInText }

    var defaultValueDescription: String { duration.map { "\($0 / .seconds(1))" } ?? "inf" }
}

/// Seconds to wait, 0 for not at all, up to a day.
struct Patience: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let duration = Duration(secondsText: argument), (.zero ... .seconds(86_400)).contains(duration) else {
            return nil
        }
        self.duration = duration
    }

    var defaultValueDescription: String { "\(duration / .seconds(1))" }
}
