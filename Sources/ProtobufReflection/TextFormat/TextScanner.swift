/// Splits text format into tokens. Blanks and comments after a token belong to it, so that ``offset`` is always at a
/// token or at the end.
///
/// - Spec: protobuf.dev, "Text Format Language Specification", "Lexical Elements".
struct TextScanner {
    let bytes: [UInt8]
    var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        skipBlanks()
    }

    /// The first byte of the next token; nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// An error at `offset`, or where the scanner stands.
    func error(_ reason: TextFormatError.Reason, at place: Int? = nil) -> TextFormatError {
        // Counted only now: text without errors does not need it.
        let before = bytes[..<min(place ?? offset, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return TextFormatError(reason: reason, line: line, column: column)
    }

    func syntax(_ detail: String) -> TextFormatError { error(.syntax(detail)) }

    mutating func skipBlanks() {
        while let byte = next {
            if byte == UInt8(ascii: "#") {
                while let byte = next, byte != UInt8(ascii: "\n") { offset += 1 }
            } else if Self.isBlank(byte) {
                offset += 1
            } else {
                return
            }
        }
    }

    /// Consumes one byte of punctuation if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        skipBlanks()
        return true
    }

    /// A letter or underscore, then letters, digits and underscores.
    mutating func identifier() throws(TextFormatError) -> String {
        guard let first = next, Self.isLetter(first) else { throw syntax("expected a name") }
        return word()
    }

    private mutating func word() -> String {
        let start = offset
        while let byte = next, Self.isLetter(byte) || Self.isDigit(byte) { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        skipBlanks()
        return text
    }

    /// The content of `[…]`: an extension's full name, or `domain/type`. Blanks around dots and slashes are removed.
    mutating func bracketedName() throws(TextFormatError) -> String {
        guard take(UInt8(ascii: "[")) else { throw syntax("expected '['") }
        var name: [UInt8] = []
        while let byte = next, Self.isURLByte(byte) {
            name.append(byte)
            offset += 1
            let end = offset
            skipBlanks()
            if offset > end, !Self.joins(byte), let following = next, Self.isURLByte(following),
                !Self.joins(following)
            {
                throw syntax("expected ']' after a name")
            }
        }
        guard take(UInt8(ascii: "]")) else { throw syntax("expected ']' after a name") }
        guard !name.isEmpty else { throw syntax("expected a name between '[' and ']'") }
        return String(decoding: name, as: UTF8.self)
    }

    private static func joins(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Characters allowed in a type URL without escape.
    static func isURLByte(_ byte: UInt8) -> Bool {
        if isLetter(byte) || isDigit(byte) { return true }
        return "/.-~!$&()*+=%".utf8.contains(byte)
    }
}
