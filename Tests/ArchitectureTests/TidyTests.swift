import Foundation
import Testing

@Suite("Tidiness") struct TidyTests {
    /// Longer files hide more than one concept.
    private static let linesMax = 500
    /// What fits beside another file on one screen, with some room above what the formatter aims at.
    private static let columnsMax = 120
    /// What can be read without scrolling.
    private static let functionLinesMax = 60

    let sources: [SwiftSource]
    let manifest: Manifest

    init() throws {
        sources = Repository.handwritten
        manifest = try Repository.manifest()
    }

    private func report(_ source: SwiftSource, _ line: Int, _ what: String) {
        Issue.record("\(source.path):\(line): \(what)")
    }

    @Test func `a file has at most 500 lines`() {
        #expect(sources.count > 20, "the tree could not be read")
        for source in sources where source.lineCount > Self.linesMax {
            report(source, source.lineCount, "more than \(Self.linesMax) lines")
        }
    }

    @Test func `a Python file has at most 500 lines`() throws {
        let files = Repository.files(withExtensions: ["py"])
        #expect(files.count > 20, "the tree could not be read")
        for file in files {
            let lines = try Repository.text(file).utf8.count { $0 == UInt8(ascii: "\n") }
            if lines > Self.linesMax { Issue.record("\(file): \(lines) lines") }
        }
    }

    @Test func `a JavaScript or TypeScript file has at most 500 lines, and 120 columns`() throws {
        let files = Repository.files(withExtensions: ["js", "mjs", "ts"]).filter { !Repository.isGenerated($0) }
            .filter { !$0.contains("/Fixtures/") }
        #expect(files.count > 20, "the tree could not be read")
        for file in files {
            let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
            if lines.count > Self.linesMax { Issue.record("\(file): \(lines.count) lines") }
            for (index, line) in lines.enumerated() where line.count > Self.columnsMax && !file.hasPrefix("Tests/") {
                Issue.record("\(file):\(index + 1): \(line.count) columns")
            }
        }
    }

    /// Texts in literals and rows of tables are as long as what they say.
    @Test func `a line has at most 120 columns`() {
        for source in sources where !source.path.hasPrefix("Tests/") {
            for line in source.code.indices where !source.comments[line].hasPrefix("/// |") {
                let width = source.code[line].count + source.comments[line].count
                if width > Self.columnsMax { report(source, line + 1, "\(width) columns") }
            }
        }
    }

    /// By the formatter's layout: what a line begins, the next brace at that line's indentation ends.
    @Test func `a function has at most 60 lines`() {
        var functions = 0
        for source in sources where !source.path.hasPrefix("Tests/") {
            var begun: [(indent: Int, line: Int)] = []
            for (index, code) in source.code.enumerated() {
                let indent = code.prefix { $0 == " " }.count
                let text = code.dropFirst(indent)
                if text.firstMatch(of: /^(?:@\w+ |\w+(?:\(\w+\))? )*(?:func |init[?(<]|deinit\b|subscript[(<])/) != nil {
                    functions += 1
                    begun.removeAll { $0.indent >= indent }
                    if !text.hasSuffix("}") { begun.append((indent, index)) }
                } else if text.hasPrefix("}") {
                    begun.removeAll { $0.indent > indent }
                    guard let last = begun.last, last.indent == indent else { continue }
                    begun.removeLast()
                    let length = index - last.line + 1
                    if length > Self.functionLinesMax { report(source, last.line + 1, "\(length) lines") }
                }
            }
        }
        #expect(functions > 1000, "the functions were not found")
    }

    @Test func `nothing is tried by force`() {
        for source in sources {
            for line in source.lines(with: "try!") { report(source, line, "a forced try") }
        }
    }

    /// `abs` traps at the least integer, which a peer can send: `magnitude` has no such case.
    @Test func `no absolute value can trap`() {
        for source in sources where !source.path.hasPrefix("Tests/") {
            for line in source.lines(with: "abs(")
            where source.code[line - 1].firstMatch(of: /(^|[^\w.])abs\(/) != nil {
                report(source, line, "abs(…), where .magnitude cannot trap")
            }
        }
    }

    @Test func `a program's death is explained where it happens`() {
        for source in sources {
            for line in source.lines(with: "fatalError(") where !source.isExplained(line: line) {
                report(source, line, "a fatal error without a comment that says why")
            }
        }
    }

    @Test func `what the compiler is told to believe is explained`() {
        for source in sources {
            for claim in ["@unchecked Sendable", "nonisolated(unsafe)"] {
                for line in source.lines(with: claim) where !source.isExplained(line: line) {
                    report(
                        source, line, "\(claim) without a comment that says which lock or thread guards it")
                }
            }
        }
    }

    @Test func `libraries print nothing`() throws {
        for target in manifest.targets where target.kind == .module && !target.isTest {
            for source in sources where source.path.hasPrefix(target.path + "/") {
                for line in source.lines(with: "rint(") + source.lines(with: "dump(")
                where source.code[line - 1].firstMatch(of: /(^|[^\w.])(debugPrint|print|dump)\(/) != nil {
                    report(source, line, "a library that prints")
                }
            }
        }
    }

    /// Those of the pipes between protoc or a test runner and them print nothing for people.
    @Test func `a program that prints begins as every program does`() {
        let programs = manifest.targets.filter { target in
            // The example shows how somebody else's program uses the client, with nothing of ours beside it.
            guard target.kind == .program, target.name != "telehealth-client-example" else { return false }
            return Repository.sources(in: target.path).contains { source in
                source.code.contains { $0.firstMatch(of: /(^|[^\w.])(print\(|Terminal\.say|StandardStream\.)/) != nil }
            }
        }
        #expect(programs.count > 5, "the programs were not found")
        for program in programs {
            let begins = Repository.sources(in: program.path).contains { !$0.lines(with: "Program.begin(").isEmpty }
            #expect(begins, "\(program.name) never calls Program.begin")
        }
    }

    @Test func `what a peer said reaches a terminal by one way`() {
        for source in sources
        where source.path.hasPrefix("tools/telehealth-probe/") || source.path.hasPrefix("Sources/DaemonKit/") {
            for word in ["rint(", "FileHandle.standardOutput", "FileHandle.standardError"] {
                for line in source.lines(with: word)
                where source.code[line - 1].firstMatch(of: /(^|[^\w.])print\(|FileHandle/) != nil {
                    report(source, line, "prints past the escaping of DisplayText")
                }
            }
        }
    }

    @Test func `no work is left in comments`() {
        for source in sources {
            for line in source.comments.indices
            where source.comments[line].firstMatch(of: /\b(FIXME|TODO|XXX|HACK)\b/) != nil {
                report(source, line + 1, "unfinished work")
            }
        }
    }

    @Test func `a file is named after what it holds`() {
        let vague = /(Utils?|Utilities|Helpers?|Managers?|Common|Misc)$/
        for source in sources {
            let name = URL(filePath: source.path).deletingPathExtension().lastPathComponent
            if name.firstMatch(of: vague) != nil { report(source, 1, "a file named after nothing") }
        }
    }

    @Test func `Foundation stays out of the lower layers`() throws {
        for target in manifest.targets where Repository.isPresent(target) {
            guard let layer = LayerTable.row(target.name)?.layer,
                layer <= LayerTable.lastLayerWithoutFoundation
            else { continue }
            for source in Repository.sources(in: target.path) {
                for entry in source.imports where entry.module == "Foundation" {
                    report(source, entry.line, "Foundation in layer \(layer)")
                }
            }
        }
    }

    /// One import would put all of it and 30 MB of ICU's tables into the program.
    @Test func `Foundation stays out of the programs that are linked statically`() throws {
        let programs = manifest.targets.filter(\.isLinkedStatically)
        let names = programs.map(\.name)
        #expect(names.contains("telehealthd") && names.contains("telehealth-probe"), "\(names) are linked statically")
        for program in programs {
            for target in manifest.linked(into: program) {
                for source in Repository.sources(in: target.path) {
                    for entry in source.imports where entry.module == "Foundation" {
                        report(source, entry.line, "Foundation in \(program.name), which is linked statically")
                    }
                }
            }
        }
    }

    @Test func `no file knows somebody's machine`() throws {
        let extensions: Set = [
            "swift", "py", "sh", "md", "proto", "json", "yml", "yaml", "toml", "h", "modulemap", "sql", "txt",
            "",
        ]
        let homes = ["work", "home", "root", "Users"]
        let path = try Regex("(^|[\\s\"'`=:(])/(\(homes.joined(separator: "|")))/")
        let marks = homes.map { Array("/\($0)/".utf8) }
        for file in Repository.files(withExtensions: extensions) {
            // Binary files have no text to read.
            guard let text = try? Repository.text(file),
                marks.contains(where: { text.utf8.firstRange(of: $0) != nil })
            else { continue }
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            where line.firstMatch(of: path) != nil {
                Issue.record("\(file):\(index + 1): a path of one machine")
            }
        }
    }

    @Test(arguments: [".build", ".build-release", ".build_tests", ".venv", ".venv-interop", "__pycache__"])
    func `git ignores what builds and runs leave behind`(folder: String) throws {
        let patterns = try Repository.text(".gitignore").split(separator: "\n").map(String.init)
        let isIgnored = patterns.contains { pattern in
            let bare = pattern.drop { $0 == "/" }
            return fnmatch(bare.hasSuffix("/") ? String(bare.dropLast()) : String(bare), folder, 0) == 0
        }
        #expect(isIgnored, ".gitignore does not cover \(folder)")
    }
}
