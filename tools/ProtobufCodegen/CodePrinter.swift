/// Collects lines at an indentation.
struct CodePrinter {
    private(set) var text = ""
    private var depth = 0
    private let indentation: String

    /// - Parameter indentation: blanks of one level.
    init(indentation: Int = 4) { self.indentation = String(repeating: " ", count: indentation) }

    /// Appends a line; an empty one has no trailing blanks.
    mutating func line(_ line: String = "") {
        if !line.isEmpty {
            for _ in 0..<depth { text += indentation }
            text += line
        }
        text += "\n"
    }

    /// Appends `head {`, the body one level deeper, and `}` followed by `tail`.
    mutating func block(_ head: String, tail: String = "", _ body: (inout CodePrinter) -> Void) {
        line(head + " {")
        depth += 1
        body(&self)
        depth -= 1
        line("}" + tail)
    }

    /// Runs `body` one level deeper.
    mutating func indented(_ body: (inout CodePrinter) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }

    /// Appends a comment as documentation, or `otherwise` when there is none.
    mutating func documentation(_ comment: String?, otherwise: String? = nil) {
        guard let comment = comment ?? otherwise else { return }
        for part in comment.split(separator: "\n", omittingEmptySubsequences: false) {
            line(part.isEmpty ? "///" : "///" + (part.hasPrefix(" ") ? "" : " ") + part)
        }
    }
}
