import Foundation
import Testing

/// What may stand in a log, held over every call of a logger: a new call can bring neither a text that is put together
/// nor a value under a name that nobody has weighed.
@Suite("Log lines") struct LogTests {
    /// The names of values, and why none of them is anything of a person. A new name is a decision: could its value
    /// say who somebody is, what they said, or where they are?
    private static let keys: Set<String> = [
        // Counts, sizes and times.
        "accepted", "after_ms", "attempts", "batch_max", "cache_hits", "cache_misses", "checkpoints", "commit_max_us",
        "commit_us", "commits", "conflicts", "count", "decisions", "duplicates", "failed", "free_bytes", "ignored",
        "lines", "pages", "repeated", "rows", "size_bytes", "us",
        // Words of fixed lists: ours, gRPC's, SQLite's and AWS's.
        "action", "code", "effect", "method", "operation", "reason", "role", "what",
        // Typed errors, which describe themselves without the values that they are about; what SQLite says of damage.
        "damage", "error",
        // Configuration, which is the operator's own: addresses, names of targets, numbers of keys, sentences about
        // settings.
        "addresses", "advice", "key", "monitoring", "target",
        // Random ids that say nothing outside the database: a visit's, and a queue's for its message.
        "queue_message", "session",
    ]
    /// What the log's own format names.
    private static let reserved: Set<String> = ["time", "level", "logger", "message"]
    /// Files that make names of values otherwise than by literals, and why that is as good.
    private static let computedNames = [
        // Hands on what callers pass.
        "Sources/DaemonKit/Edge/JSONLogHandler.swift",
        // The transport's names of its own limits.
        "Sources/DaemonKit/Assembly/ServerAssembly.swift",
    ]

    private struct Finding: Hashable, CustomStringConvertible {
        let place: String
        let what: String
        var description: String { "\(place): \(what)" }
    }

    /// What a file's calls break, the names that it uses, and how many calls there are.
    private static func check(_ text: String, path: String) -> (findings: [Finding], keys: Set<String>, calls: Int) {
        let text = LiteralText(text)
        var findings: [Finding] = []
        var calls = 0
        for call in text.code.matches(of: /\.(trace|debug|info|notice|warning|error|critical|log)\??\s*\(/) {
            calls += 1
            let place = "\(path):\(text.line(of: call.range.lowerBound))"
            var arguments = text.arguments(from: call.range.upperBound)
            if call.1 == "log" { arguments.removeAll { $0.contains(/^\s*level\s*:/) } }
            guard let message = arguments.first, let mark = message.firstIndex(of: LiteralText.mark),
                message.allSatisfy({ $0 == LiteralText.mark || $0.isWhitespace }), !text.literal(at: mark).contains("\\(")
            else {
                findings.append(Finding(place: place, what: "the message is not one plain literal"))
                continue
            }
            for argument in arguments.dropFirst() where !argument.contains(/^\s*metadata\s*:/) {
                findings.append(Finding(place: place, what: "passes more than a message and metadata"))
            }
        }
        var keys: Set<String> = []
        for key in text.code.matches(of: /(?:[\[,]\s*\u{E000}\s*:|\bmetadata\s*\[\s*\u{E000}\s*\])/) {
            guard let mark = key.output.firstIndex(of: LiteralText.mark) else { continue }
            let name = text.literal(at: mark)
            keys.insert(name)
            if !Self.keys.contains(name) {
                findings.append(Finding(place: "\(path):\(text.line(of: mark))", what: "the name \"\(name)\" is not in the list"))
            }
        }
        guard !computedNames.contains(path) else { return (findings, keys, calls) }
        for name in text.code.matches(of: /\bmetadata\s*\[\s*[^\s\u{E000}]|Logger\.Metadata\s*\(|[Mm]etadata\b[^\n=]*=\s*Dictionary\s*\(/) {
            findings.append(
                Finding(place: "\(path):\(text.line(of: name.range.lowerBound))", what: "a name that is not a literal"))
        }
        return (findings, keys, calls)
    }

    private static var sources: [SwiftSource] {
        Repository.handwritten.filter { source in
            (source.path.hasPrefix("Sources/") || source.path.hasPrefix("tools/"))
                && source.imports.contains { $0.module == "Logging" }
        }
    }

    @Test func `every message is a plain literal, and every value has a name of the list`() throws {
        var keys: Set<String> = []
        var calls = 0
        for source in Self.sources {
            let found = Self.check(try Repository.text(source.path), path: source.path)
            for finding in found.findings { Issue.record("\(finding)") }
            keys.formUnion(found.keys)
            calls += found.calls
        }
        #expect(calls > 30, "the calls were not found")
        #expect(Self.keys.subtracting(keys).sorted() == [], "names that no call uses any more")
        #expect(Self.keys.isDisjoint(with: Self.reserved), "a line would have the name twice")
    }

    @Test(arguments: [
        (#"logger.info("visit of \(name)")"#, 1), (#"logger.info("a" + name)"#, 1), ("logger.info(message)", 1),
        ("logger\n    .error(\n        \"\\(error)\")", 1), (#"log.log(level: .info, "a \(b)")"#, 1),
        (#"self.sink.warning(isLate ? "late" : "in time")"#, 1), (##"logger.info(#"a \#(b)"#)"##, 1),
        (#"logger.info("a", metadata: ["birth_date": "\(date)"])"#, 1),
        (#"logger.info("a", metadata: ["code": "1", "email": .string(mail)])"#, 1),
        (#"var metadata: Logger.Metadata = ["name": "\(x["code"] ?? "")"]"#, 1), (#"metadata["name"] = "x""#, 1),
        ("metadata[name] = \"x\"", 1), ("let metadata = Dictionary(uniqueKeysWithValues: pairs)", 1),
        (#"logger.error("a", error: failure)"#, 1), (#"logger.info("a" /* "b" */, metadata: ["code": "\(f("x"))"])"#, 0),
        (#"logger.log(level: isBad ? .error : .info, "a", metadata: Self.metadata(space))"#, 0), ("// logger.info(x)", 0),
    ])
    func `a call that could tell more is found`(line: String, count: Int) {
        #expect(Self.check(line, path: "Line.swift").findings.count == count, "\(Self.check(line, path: "Line.swift"))")
    }
}
