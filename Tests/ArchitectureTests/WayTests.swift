import Foundation
import Testing

/// The pages that follow one thing through the code, file by file.
@Suite("Ways through the code") struct WayTests {
    static let pages = ["call", "event", "outbound-operation", "client-call"]

    /// A row of a page: `| 3 | [Wire.swift](…) | \`Wire.read\`, \`Wire.process\` | … |`.
    private struct Step {
        let number: Int
        let file: String
        let names: [String]
        let line: Int
    }

    private static func steps(_ document: Document) -> [Step] {
        document.prose.compactMap { row in
            let cells = Document.cells(of: row.text)
            guard row.text.hasPrefix("|"), cells.count == 4, let number = Int(cells[0]) else { return nil }
            let link = cells[1].firstMatch(of: /\]\(([^)\s]+)\)/).map { String($0.1) } ?? ""
            return Step(
                number: number, file: document.destination(of: .init(target: link, line: row.line)),
                names: cells[2].matches(of: /`([^`]+)`/).map { String($0.1) }, line: row.line)
        }
    }

    @Test(arguments: pages) func `its steps are numbered in order`(page: String) throws {
        let steps = Self.steps(try Document.read("docs/ways/\(page).md"))
        #expect(steps.count >= 10)
        #expect(steps.map(\.number) == Array(1...max(1, steps.count)))
    }

    @Test(arguments: pages) func `each step names a file and what is declared in it`(page: String) throws {
        for step in Self.steps(try Document.read("docs/ways/\(page).md")) {
            let place = "docs/ways/\(page).md:\(step.line)"
            guard let source = Repository.sources.first(where: { $0.path == step.file }) else {
                Issue.record("\(place): \(step.file) is not a Swift file of the tree")
                continue
            }
            #expect(!step.names.isEmpty, "\(place): nothing is named")
            for name in step.names where !Self.declares(source, name) {
                Issue.record("\(place): \(step.file) declares no \(name)")
            }
        }
    }

    /// Whether a file declares each part of a name such as `ServerCall.run`: the type, or an extension of it, and the
    /// member.
    private static func declares(_ source: SwiftSource, _ name: String) -> Bool {
        name.split(separator: ".").enumerated().allSatisfy { index, part in
            let word = NSRegularExpression.escapedPattern(for: String(part))
            let pattern = part == "init" ? "\\binit[?(<]" : "\\b(?:\(index == 0 ? "extension|" : "")\(kinds))\\s+`?\(word)\\b|\\bcase\\s.*\\b\(word)\\b"
            guard let regex = try? Regex(pattern) else { return false }
            return source.code.contains { $0.firstMatch(of: regex) != nil }
        }
    }

    private static let kinds = "func|var|let|class|struct|enum|actor|protocol|typealias"

    @Test func `a name is found only where it is declared`() {
        let source = SwiftSource(path: "Some.swift", text: "extension A {\n    func b() { c() }\n    case d, e\n}\n")
        #expect(Self.declares(source, "A.b") && Self.declares(source, "A.e") && Self.declares(source, "A"))
        #expect(!Self.declares(source, "A.c") && !Self.declares(source, "B.b") && !Self.declares(source, "b.A"))
    }
}
