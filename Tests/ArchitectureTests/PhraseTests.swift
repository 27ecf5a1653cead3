import Foundation
import Testing

@Suite("English") struct PhraseTests {
    /// A phrase in a text, with the number of the line in which it begins.
    private func phrases(in lines: [String]) -> [(line: Int, phrase: BannedPhrase)] {
        var starts: [Int] = []
        var bytes = Data(" ".utf8)
        for line in lines {
            starts.append(bytes.count)
            bytes += line.lowercased().utf8.map { $0 == UInt8(ascii: "\t") ? UInt8(ascii: " ") : $0 }
            bytes.append(UInt8(ascii: " "))
        }
        var found: [(line: Int, phrase: BannedPhrase)] = []
        for phrase in BannedPhrase.all {
            for offset in Self.offsets(of: phrase.text, in: bytes) {
                if Self.isExcused(phrase, at: offset, in: bytes) { continue }
                let line = starts.lastIndex { $0 <= offset } ?? 0
                found.append((line + 1, phrase))
            }
        }
        return found
    }

    private static func offsets(of text: String, in bytes: Data) -> [Int] {
        let wanted = Data(text.utf8)
        var offsets: [Int] = []
        var from = 0
        while let hit = bytes.range(of: wanted, in: from..<bytes.count) {
            let offset = hit.lowerBound
            if offset == 0 || !isLetter(bytes[offset - 1]) { offsets.append(offset) }
            from = offset + 1
        }
        return offsets
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isExcused(_ phrase: BannedPhrase, at offset: Int, in bytes: Data) -> Bool {
        phrase.except.contains { longer in
            guard let within = longer.firstRange(of: phrase.text) else { return false }
            let before = longer[..<within.lowerBound].utf8.count
            return offset >= before && bytes[(offset - before)...].starts(with: longer.utf8)
        }
    }

    private func report(_ file: String, _ lines: [String]) {
        for (line, phrase) in phrases(in: lines) {
            Issue.record("\(file):\(line): \"\(phrase.text)\": write \(phrase.instead)")
        }
    }

    @Test func `comments and literals have no phrase that makes a reader stumble`() {
        let sources = Repository.handwritten.filter { ReadText.isChecked($0.path) }
        #expect(sources.count > 300, "the tree could not be read")
        for source in sources { report(source.path, ReadText.lines(of: source)) }
    }

    @Test func `schemas, scripts and documents have no phrase that makes a reader stumble`() {
        let files = Repository.files(withExtensions: ["proto", "md", "sh", "py", "", "yaml", "yml", "js", "mjs", "ts"])
            .filter(ReadText.isChecked)
        #expect(files.count > 50, "the tree could not be read")
        for file in files {
            // Binary files have no text to read.
            if let text = try? Repository.text(file) { report(file, ReadText.lines(of: file, text)) }
        }
    }

    @Test(arguments: [
        ("let a = 1  // This is no comment", true), ("// There is no comment", false), ("// It is no longer so", false),
        ("// The value is\n/// no number", true), ("let text = \"this is no text\"", true), ("let is = no + 1", false),
        ("// told of it", true), ("// untold of", false), ("let c = \"colour\"", true), ("// a neighborhood", false),
        ("let a = \"this is\" + \"no error\"", false), ("// It stands in for another", false),
    ])
    func `a phrase is found in comments and literals, and across lines`(text: String, isFound: Bool) {
        let source = SwiftSource(path: "Some.swift", text: text)
        #expect(!phrases(in: ReadText.lines(of: source)).isEmpty == isFound)
    }

    @Test func `a schema is read by its comments, a script as a whole`() {
        #expect(phrases(in: ReadText.lines(of: "a.proto", "string behaviour = 1;")).isEmpty)
        #expect(phrases(in: ReadText.lines(of: "a.proto", "  // Its behaviour.")).map(\.line) == [1])
        #expect(phrases(in: ReadText.lines(of: "tools/a", "x\necho 'its behaviour'")).map(\.line) == [2])
    }
}
