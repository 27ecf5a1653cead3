import Foundation
import Testing

@Suite("Documents") struct DocumentTests {
    let documents: [Document]

    init() throws { documents = try Document.all() }

    private func report(_ document: Document, _ line: Int, _ what: String) {
        Issue.record("\(document.path):\(line): \(what)")
    }

    @Test func `every link leads to a file, and every anchor to a heading`() throws {
        #expect(documents.flatMap(\.links).count > 100, "the documents could not be read")
        let anchors = Dictionary(uniqueKeysWithValues: documents.map { ($0.path, $0.anchors) })
        for document in documents {
            for link in document.links where !link.isElsewhere {
                let place = document.destination(of: link)
                guard FileManager.default.fileExists(atPath: Repository.root.appending(path: place).path) else {
                    report(document, link.line, "\(link.target): there is no such file")
                    continue
                }
                guard !link.anchor.isEmpty, let known = anchors[place] else { continue }
                if !known.contains(link.anchor) { report(document, link.line, "\(link.target): there is no such heading") }
            }
        }
    }

    @Test func `a heading is found by the anchor that GitHub makes of it`() {
        #expect(Document.anchor(ofHeading: "## Upgrade and roll back") == "upgrade-and-roll-back")
        #expect(Document.anchor(ofHeading: "### The caller's `policy`, [here](x.md)") == "the-callers-policy-here")
        #expect(Document.anchor(ofHeading: "no heading") == nil)
    }

    @Test func `every page of docs can be reached from the README`() {
        let byPath = Dictionary(uniqueKeysWithValues: documents.map { ($0.path, $0) })
        var reached: Set<String> = []
        var next = ["README.md"]
        while let path = next.popLast() {
            guard reached.insert(path).inserted, let document = byPath[path] else { continue }
            next += document.links.filter { !$0.isElsewhere }.map(document.destination)
        }
        let pages = documents.filter(\.isPage).map(\.path)
        #expect(pages.count > 15)
        for page in pages where !reached.contains(page) { Issue.record("\(page): no page leads to it from the README") }
    }

    @Test func `the README has at most 200 lines`() throws {
        #expect(try Document.read("README.md").lineCount <= 200)
    }

    /// Rows of tables are as long as what they say.
    @Test func `prose has at most 120 columns`() {
        for document in documents where document.isPage && !document.isGenerated {
            for row in document.prose where row.text.count > 120 && !row.text.hasPrefix("|") {
                report(document, row.line, "\(row.text.count) columns")
            }
        }
    }

    @Test func `every error of the log that has advice is logged by the daemon`() throws {
        let rows = try Document.read("docs/operating.md").table(below: "Errors in the log")
        #expect(rows.count > 8, "the table could not be read")
        let daemon = try Repository.files(in: "Sources", withExtensions: ["swift"]).map(Repository.text)
        for row in rows {
            let message = row[0].trimmingCharacters(in: ["`"])
            #expect(daemon.contains { $0.contains("\"" + message) }, "'\(message)' is logged nowhere")
        }
    }

    @Test func `every limit that refuses somebody is explained by the name that its counter has`() throws {
        let explained = Set(
            try Document.read("docs/operating.md").table(below: "Limits that callers meet").map {
                $0[0].trimmingCharacters(in: ["`"])
            })
        var counted: Set<String> = []
        for name in ["enum CallLimit: ", "enum ConnectionLimit: ", "final class CallLimits: "] {
            let source = try #require(
                Repository.sources.first { $0.path.hasPrefix("Sources/") && !$0.lines(with: name).isEmpty }, "\(name)")
            let names = try Repository.text(source.path).matches(of: /\n *case \w+ = "(\w+)"/).map { String($0.1) }
            #expect(!names.isEmpty, "\(source.path) names no limit")
            counted.formUnion(names)
        }
        #expect(explained == counted)
    }
}
