import Foundation

/// A Markdown file of the tree, without its blocks of code.
struct Document {
    struct Link {
        /// As it is written: a path relative to the document, with an anchor or without.
        let target: String
        let line: Int

        var isElsewhere: Bool { target.contains("://") || target.hasPrefix("mailto:") }
        var file: String { String(target.prefix { $0 != "#" }) }
        /// Empty for the file as a whole.
        var anchor: String { String(target.drop { $0 != "#" }.dropFirst()) }
    }

    let path: String
    let lineCount: Int
    /// What stands outside of code blocks, by line number from 1.
    let prose: [(line: Int, text: String)]

    init(path: String, text: String) {
        self.path = path
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        lineCount = text.hasSuffix("\n") ? lines.count - 1 : lines.count
        var isCode = false
        var prose: [(line: Int, text: String)] = []
        for (index, line) in lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
            } else if !isCode {
                prose.append((index + 1, String(line)))
            }
        }
        self.prose = prose
    }

    static func read(_ path: String) throws -> Document { try Document(path: path, text: Repository.text(path)) }

    static func all() throws -> [Document] {
        try Repository.files(withExtensions: ["md"]).map(read)
    }

    /// At the root or in docs, written for whoever runs or calls the service; not a part of a module's documentation.
    var isPage: Bool { path.hasPrefix("docs/") || !path.contains("/") }

    var isGenerated: Bool { prose.first?.text.hasPrefix("<!-- Made by ") ?? false }

    var links: [Link] {
        prose.flatMap { row in
            row.text.matches(of: /\]\(([^)\s]+)\)/).map { Link(target: String($0.1), line: row.line) }
        }
    }

    /// What a link to a heading may name, made as GitHub makes it.
    var anchors: Set<String> { Set(prose.compactMap { Self.anchor(ofHeading: $0.text) }) }

    static func anchor(ofHeading line: String) -> String? {
        guard let match = line.wholeMatch(of: /#{1,6} +(.*?) *#*/) else { return nil }
        let text = String(match.1).replacing(/\[([^\]]*)\]\([^)]*\)/) { String($0.1) }
        return text.lowercased().compactMap { character in
            character == " " ? "-" : character.isLetter || character.isNumber || "-_".contains(character) ? String(character) : nil
        }.joined()
    }

    /// The path from the root of what a link leads to.
    func destination(of link: Link) -> String {
        guard !link.file.isEmpty else { return path }
        let folder = Repository.root.appending(path: path).deletingLastPathComponent()
        let place = folder.appending(path: link.file).standardizedFileURL.path
        return String(place.dropFirst(Repository.root.standardizedFileURL.path.count + 1))
    }

    /// The rows below the head of the table that follows a heading, by cells.
    func table(below heading: String) -> [[String]] {
        let section = prose.drop { $0.text.drop { $0 == "#" } != " " + heading }.dropFirst()
        let rows = section.prefix { !$0.text.hasPrefix("#") }.drop { !$0.text.hasPrefix("|") }.prefix { $0.text.hasPrefix("|") }
        return rows.dropFirst(2).map { Self.cells(of: $0.text) }
    }

    static func cells(of row: String) -> [String] {
        row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
