/// A Swift text whose string literals are one mark each, and whose comments are blanks: what a call's arguments are cut
/// out of.
struct LiteralText {
    /// Stands for one literal.
    static let mark: Character = "\u{E000}"

    private(set) var code = ""
    /// The insides of the literals in their order, interpolations included.
    private(set) var literals: [String] = []

    init(_ text: String) {
        var rest = Substring(text)
        while let character = rest.first {
            if rest.hasPrefix("//") {
                rest = rest.drop { $0 != "\n" }
            } else if rest.hasPrefix("/*") {
                rest = rest.firstRange(of: "*/").map { rest[$0.upperBound...] } ?? ""
            } else if let opening = rest.prefixMatch(of: /(#*)("""|")/) {
                rest = rest[opening.range.upperBound...]
                literals.append(Self.inside(&rest, signs: String(opening.1), quotes: String(opening.2)))
                code.append(Self.mark)
            } else {
                code.append(character)
                rest.removeFirst()
            }
        }
    }

    /// Takes a literal up to its end, also over quotes within its interpolations.
    private static func inside(_ rest: inout Substring, signs: String, quotes: String) -> String {
        var inside = ""
        while let character = rest.first {
            if rest.hasPrefix(quotes + signs) {
                rest = rest.dropFirst(quotes.count + signs.count)
                return inside
            }
            if rest.hasPrefix("\\" + signs + "(") {
                inside += "\\("
                rest = rest.dropFirst(2 + signs.count)
                skipInterpolation(&rest, &inside)
            } else if rest.hasPrefix("\\" + signs) {
                inside += rest.prefix(2 + signs.count)
                rest = rest.dropFirst(2 + signs.count)
            } else {
                inside.append(character)
                rest.removeFirst()
            }
        }
        return inside
    }

    private static func skipInterpolation(_ rest: inout Substring, _ inside: inout String) {
        var depth = 1
        while depth > 0, let character = rest.popFirst() {
            inside.append(character)
            switch character {
            case "(": depth += 1
            case ")": depth -= 1
            case "\"": inside += Self.inside(&rest, signs: "", quotes: "\"") + "\""
            default: break
            }
        }
    }

    /// The literal whose mark is at an index of the code.
    func literal(at index: String.Index) -> String { literals[code[..<index].count { $0 == Self.mark }] }

    /// The arguments of the call whose parenthesis opens before an index, cut at the commas between them, each with its
    /// place.
    func arguments(from index: String.Index) -> [Substring] {
        var arguments: [Substring] = []
        var (depth, start, index) = (0, index, index)
        while index < code.endIndex {
            switch code[index] {
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                if depth == 0 { return arguments + [code[start..<index]] }
                depth -= 1
            case "," where depth == 0:
                arguments.append(code[start..<index])
                start = code.index(after: index)
            default: break
            }
            index = code.index(after: index)
        }
        return arguments
    }

    func line(of index: String.Index) -> Int { code[..<index].count { $0.isNewline } + 1 }
}
