import EventCore
import Foundation
import Logging
import Synchronization
import Testing
import TextFormats

@testable import DaemonKit

/// A pipe whose other end a test reads.
final class LogPipe: Sendable {
    let reading: FileHandle
    let writing: FileHandle

    init() {
        let pipe = Pipe()
        reading = pipe.fileHandleForReading
        writing = pipe.fileHandleForWriting
    }

    /// Everything that was written, after the writing end is closed.
    func lines() throws -> [JSONText] {
        try writing.close()
        return try (reading.readToEnd() ?? Data()).split(separator: UInt8(ascii: "\n")).map {
            try JSONText(parsing: Array($0))
        }
    }
}

@Suite("The log's lines") struct JSONLogHandlerTests {
    /// What no reader may trip over: quotes, escapes, controls, marks that displays obey, halves of a pair, and far planes.
    private static let texts: [String] =
        [
            "", "plain", #"a "quote" and \ a stroke"#, "\r\n\t", "\u{7f}\u{85}\u{9b}31m",
            "\u{202e}gnp\u{2066}\u{2028}\u{2029}", "é\u{301}😀\u{e0041}", "\u{fffd}",
        ]
        + stride(from: 0, to: 0x3000, by: 64).map { start in
            String(String.UnicodeScalarView((start..<start + 64).compactMap { Unicode.Scalar($0) }))
        }
        + (0...255).map { String(decoding: [UInt8($0), 0x41], as: UTF8.self) }

    @Test func `a line is one JSON object that holds exactly what was logged, whatever bytes it had`() throws
    {
        for text in Self.texts {
            var line: [UInt8] = []
            JSONLogHandler.format(
                .warning, label: text, message: text, fields: [("a" + text, text), ("z", "1")], into: &line)
            #expect(line.last == UInt8(ascii: "\n") && line.count { $0 == UInt8(ascii: "\n") } == 1)
            let object = try JSONText(parsing: line)
            #expect(object["level"] == .string("warning") && object["logger"] == .string(text))
            #expect(
                object["message"] == .string(text) && object["a" + text] == .string(text)
                    && object["z"] == .string("1"))
        }
    }

    @Test func `nothing in a line is a character that a terminal obeys`() {
        for text in Self.texts {
            var line: [UInt8] = []
            JSONLogHandler.format(
                .info, label: text, message: text, fields: [(text + "k", text)], into: &line)
            let shown = String(decoding: line.dropLast(), as: UTF8.self)
            #expect(!shown.unicodeScalars.contains { $0.isActedUponByDisplays })
        }
    }

    @Test func `the time of a line is RFC 3339 in UTC with milliseconds`() throws {
        let before = Date().timeIntervalSince1970
        var line: [UInt8] = []
        JSONLogHandler.format(.info, label: "l", message: "m", fields: [], into: &line)
        let text = try #require(try JSONText(parsing: line)["time"]?.stringValue)
        #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(text)")
        let time = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
            .timeIntervalSince1970
        #expect(time >= before - 0.002 && time <= Date().timeIntervalSince1970)
    }

    @Test func `a call site's metadata goes before the logger's, in alphabetical order`() throws {
        let pipe = LogPipe()
        let output = LogOutput(descriptor: pipe.writing.fileDescriptor)
        var logger = Logger(label: "calls") { JSONLogHandler(label: $0, level: .info, output: output) }
        logger[metadataKey: "zone"] = "logger"
        logger[metadataKey: "same"] = "logger"
        logger.notice(
            "call", metadata: ["same": "call", "number": "\(7)", "list": ["a", "b"], "inner": ["k": "v"]])
        output.flush()
        let bytes = try pipe.lines()
        #expect(
            bytes.count == 1 && bytes[0]["same"] == .string("call") && bytes[0]["zone"] == .string("logger"))
        #expect(bytes[0]["number"] == .string("7") && bytes[0]["logger"] == .string("calls"))
        #expect(bytes[0]["list"]?.stringValue != nil && bytes[0]["inner"]?.stringValue != nil)
    }

    @Test(arguments: [Logger.Level.trace, .debug, .info, .notice, .warning, .error, .critical])
    func `lines below the configured level are not written`(level: Logger.Level) throws {
        let pipe = LogPipe()
        let output = LogOutput(descriptor: pipe.writing.fileDescriptor)
        let logger = Logger(label: "l") { JSONLogHandler(label: $0, level: level, output: output) }
        for each in Logger.Level.allCases { logger.log(level: each, "a line") }
        output.flush()
        let written = try pipe.lines().compactMap { $0["level"]?.stringValue }
        #expect(written == Logger.Level.allCases.filter { $0 >= level }.map(\.rawValue))
    }
}

@Suite("The log's way out") struct LogOutputTests {
    private static let lines = 20_000

    private func write(_ output: LogOutput, _ count: Int = lines) {
        let logger = Logger(label: "l") { JSONLogHandler(label: $0, level: .info, output: output) }
        for number in 0..<count { logger.info("line", metadata: ["number": "\(number)"]) }
    }

    /// Reads to the end.
    private func reading(_ pipe: LogPipe) -> OwnThread<Data> {
        OwnThread { (try? pipe.reading.readToEnd()) ?? Data() }
    }

    private func parsed(_ data: Data) throws -> [JSONText] {
        try data.split(separator: UInt8(ascii: "\n")).map { try JSONText(parsing: Array($0)) }
    }

    @Test func `many lines come out whole, in order and none missing while somebody reads`() async throws {
        let pipe = LogPipe()
        let output = LogOutput(descriptor: pipe.writing.fileDescriptor)
        let reading = reading(pipe)
        write(output)
        output.flush()
        try pipe.writing.close()
        let numbers = try parsed(try #require(await reading.value)).compactMap {
            $0["number"]?.stringValue.flatMap { Int($0) }
        }
        #expect(numbers == Array(0..<Self.lines))
    }

    @Test(arguments: [false, true])
    func `while nobody reads a caller never waits, and lines that do not fit are counted`(isNonBlocking: Bool)
        async throws
    {
        let pipe = LogPipe()
        if isNonBlocking { _ = fcntl(pipe.writing.fileDescriptor, F_SETFL, O_NONBLOCK) }
        let output = LogOutput(descriptor: pipe.writing.fileDescriptor)
        // Some 6 MB; 4 MiB are held. It returns although no line can leave but for a pipe's worth.
        let count = 80_000
        write(output, count)
        let reading = reading(pipe)
        output.flush()
        try pipe.writing.close()
        let lines = try parsed(try #require(await reading.value))
        let numbers = lines.compactMap { $0["number"]?.stringValue.flatMap { Int($0) } }
        let dropped = lines.filter { $0["message"] == .string("lines dropped: the log's reader is too slow") }
        let droppedLines = dropped.compactMap { $0["lines"]?.stringValue.flatMap { Int($0) } }.reduce(0, +)
        #expect(droppedLines > 0 && numbers.count + droppedLines == count)
        #expect(numbers == numbers.sorted() && numbers.first == 0)
        #expect(dropped.allSatisfy { $0["level"] == .string("warning") && $0["logger"] == .string("log") })
    }

    @Test func `a descriptor that takes nothing loses lines and stops nobody`() {
        // /dev/full fails every write.
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let output = LogOutput(descriptor: full)
        write(output, 1000)
        output.flush()
        output.flush()
    }
}
