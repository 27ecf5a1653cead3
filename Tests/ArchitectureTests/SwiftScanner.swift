/// Tells code from comments and literals, line after line. It works on bytes: every mark that counts is
/// ASCII.
struct SwiftScanner {
    private enum State {
        case code
        case blockComment(depth: Int)
        /// `closing` is what ends the literal: quotes and number signs.
        case string(closing: [UInt8], isMultiline: Bool)
    }

    /// What goes over the end of a line: block comments and literals of several lines.
    private var state = State.code
    private var line: [UInt8] = []
    private var index = 0
    private var code: [UInt8] = []
    private var comment: [UInt8] = []
    private var literal: [UInt8] = []

    mutating func split(_ line: [UInt8]) -> (code: String, comment: String, literal: String) {
        self.line = line
        index = 0
        code.removeAll(keepingCapacity: true)
        comment.removeAll(keepingCapacity: true)
        literal.removeAll(keepingCapacity: true)
        while index < line.count {
            switch state {
            case .code: scanCode()
            case .blockComment(let depth): scanBlockComment(depth)
            case .string(let closing, _): scanString(closing)
            }
        }
        if case .string(_, isMultiline: false) = state { state = .code }
        return (
            String(decoding: code, as: UTF8.self), String(decoding: comment, as: UTF8.self),
            String(decoding: literal, as: UTF8.self)
        )
    }

    private func has(_ text: StaticString) -> Bool { line[index...].starts(with: text.description.utf8) }

    private mutating func scanCode() {
        switch line[index] {
        case UInt8(ascii: "/") where has("//"):
            comment += line[index...]
            index = line.count
        case UInt8(ascii: "/") where has("/*"):
            state = .blockComment(depth: 1)
            comment += line[index..<index + 2]
            index += 2
        case UInt8(ascii: "`"):
            let end = line[(index + 1)...].firstIndex(of: UInt8(ascii: "`")) ?? line.count - 1
            index = end + 1
        case UInt8(ascii: "#"), UInt8(ascii: "\""): scanOpening()
        default:
            code.append(line[index])
            index += 1
        }
    }

    /// A quote, or number signs that may stand before one.
    private mutating func scanOpening() {
        let start = index
        while index < line.count, line[index] == UInt8(ascii: "#") { index += 1 }
        let signs = Array(line[start..<index])
        if index < line.count, line[index] == UInt8(ascii: "\"") {
            let isMultiline = has("\"\"\"")
            let quotes = Array(repeating: UInt8(ascii: "\""), count: isMultiline ? 3 : 1)
            index += quotes.count
            state = .string(closing: quotes + signs, isMultiline: isMultiline)
        }
        code += line[start..<index]
    }

    private mutating func scanBlockComment(_ depth: Int) {
        if has("*/") {
            state = depth == 1 ? .code : .blockComment(depth: depth - 1)
            index += 2
        } else if has("/*") {
            state = .blockComment(depth: depth + 1)
            index += 2
        } else {
            comment.append(line[index])
            index += 1
        }
    }

    private mutating func scanString(_ closing: [UInt8]) {
        if line[index...].starts(with: closing) {
            code += closing
            index += closing.count
            state = .code
            literal.append(UInt8(ascii: "\n"))
        } else if line[index] == UInt8(ascii: "\\"), closing.last == UInt8(ascii: "\"") {
            literal += line[index...].prefix(2)
            index += 2
        } else {
            literal.append(line[index])
            index += 1
        }
    }
}
