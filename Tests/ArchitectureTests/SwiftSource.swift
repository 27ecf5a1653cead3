import Foundation

/// A Swift file, line by line, with its code, its comments and the insides of its string literals apart.
struct SwiftSource {
    let path: String
    /// The code of each line; comments and the insides of literals are left out.
    private(set) var code: [String] = []
    /// The comment of each line.
    private(set) var comments: [String] = []
    /// The insides of the literals of each line, each followed by a line break.
    private(set) var literals: [String] = []

    var lineCount: Int { code.count }

    struct Import: Hashable {
        let module: String
        let line: Int
        /// `internal`, `public`, …; empty when the line has none.
        let access: String
    }

    var imports: [Import] {
        // Most lines are sorted out by the plain search, which is far cheaper than the pattern.
        lines(with: "import ").compactMap { line in
            guard let match = code[line - 1].firstMatch(of: Self.importPattern) else { return nil }
            return Import(module: String(match.2), line: line, access: match.1.map(String.init) ?? "")
        }
    }

    private static var importPattern: Regex<(Substring, Substring?, Substring)> {
        /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(\w+)\s+)?import\s+(?:(?:struct|class|enum|func|var|let)\s+)?(\w+)/
    }

    /// The numbers of the lines whose code holds `word`.
    func lines(with word: String) -> [Int] {
        let bytes = Array(word.utf8)
        return code.indices.filter { code[$0].utf8.firstRange(of: bytes) != nil }.map { $0 + 1 }
    }

    /// Whether a comment stands on the line, right below it, or above it with nothing but attributes and the
    /// rest of its own declaration's head in between.
    func isExplained(line: Int) -> Bool {
        let index = line - 1
        if !comments[index].isEmpty || (index + 1 < comments.count && !comments[index + 1].isEmpty) {
            return true
        }
        var above = index - 1
        while above >= 0, comments[above].isEmpty, code[above].firstMatch(of: /^\s*@\w+/) != nil {
            above -= 1
        }
        return above >= 0 && !comments[above].isEmpty
    }

    init(path: String, text: String) {
        self.path = path
        var scanner = SwiftScanner()
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let (code, comment, literal) = scanner.split(Array(line))
            self.code.append(code)
            comments.append(comment.trimmingCharacters(in: .whitespaces))
            literals.append(literal)
        }
        if code.last?.isEmpty == true, comments.last?.isEmpty == true, text.hasSuffix("\n") {
            code.removeLast()
            comments.removeLast()
            literals.removeLast()
        }
    }
}
