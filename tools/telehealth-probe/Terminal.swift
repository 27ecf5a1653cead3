internal import FoundationEssentials
internal import Glibc
internal import ProgramEdge
internal import TextFormats

/// Handles the differences between a person's terminal and a script's pipe.
///
/// Lines are written immediately and atomically. When the reader is gone, the program ends as Unix tools do.
enum Terminal {
    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
    }

    static let isOutputATerminal = isatty(STDOUT_FILENO) == 1

    /// Colors are for terminals only, and never used when NO_COLOR is set (no-color.org).
    static let isInteractive = isOutputATerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    static func styled(_ text: DisplayText, _ style: Style) -> DisplayText {
        isInteractive ? DisplayText("\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m") : text
    }

    /// Writes a line to standard output.
    static func say(_ line: DisplayText) { check(StandardStream.output.write(line.description + "\n")) }

    /// Writes a document byte by byte to standard output; to a terminal, with control characters escaped.
    static func say(document: [UInt8]) {
        guard isOutputATerminal else { return check(StandardStream.output.write(document)) }
        let text: DisplayText = "\(lines: String(decoding: document, as: UTF8.self))"
        check(StandardStream.output.write(text.description))
    }

    static func complain(_ message: DisplayText) { StandardStream.error.write(message.description + "\n") }

    /// A line that the next one replaces; nothing when standard error is not a terminal.
    static func progress(_ message: DisplayText) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        StandardStream.error.write("\r\u{1B}[K" + message.description)
    }

    static func endProgress() { progress("") }

    private static func check(_ outcome: StandardStream.Outcome) {
        switch outcome {
        case .written: return
        case .readerGone: ProgramEnd.becauseNobodyReads()
        case .failed(let number):
            complain("cannot write to standard output: \(String(cString: strerror(number)))")
            exit(1)
        }
    }
}

extension Duration {
    /// "1.2 ms", "340 us", "2.10 s".
    var forPeople: String {
        let microseconds = Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12
        return switch microseconds {
        case ..<1000: microseconds.text(decimals: 0) + " us"
        case ..<1_000_000: (microseconds / 1000).text(decimals: 1) + " ms"
        default: (microseconds / 1_000_000).text(decimals: 2) + " s"
        }
    }

    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
