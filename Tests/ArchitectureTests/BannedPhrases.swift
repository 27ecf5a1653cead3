/// Phrases that make a reader stumble, and what to write instead. CONTRIBUTING.md has the terms.
struct BannedPhrase: Sendable {
    /// Lower case; found at the start of a word. A blank at the end requires the end of a word.
    let text: String
    /// Longer phrases that contain the text and are good English.
    let except: [String]
    let instead: String

    init(_ text: String, except: [String] = [], _ instead: String) {
        (self.text, self.except, self.instead) = (text, except, instead)
    }
}

extension BannedPhrase {
    static let all: [BannedPhrase] = indirect + british

    private static let indirect: [BannedPhrase] = [
        BannedPhrase("is no ", except: ["there is no ", "is no longer ", "is no one "], "is not a, has no, or cannot"),
        BannedPhrase("are no ", except: ["there are no ", "are no longer "], "are not, or have no"),
        BannedPhrase("who leads", "the lead clinician"),
        BannedPhrase("told of", "notified of, or receives"),
        BannedPhrase("tells of", "reports"),
        BannedPhrase("leaves with ", "exits with status"),
        BannedPhrase("of theirs", "their"),
        BannedPhrase("of before", "earlier, or previous"),
        BannedPhrase("what is more", "the rest"),
        BannedPhrase("is nobody", except: ["there is nobody"], "is unauthenticated, or does not belong to"),
        BannedPhrase("worth nothing", "invalid"),
        BannedPhrase("stands in ", except: ["stands in for"], "is in"),
        BannedPhrase("stands there", "is there"),
        BannedPhrase("stands beside", "accompanies"),
        BannedPhrase("behind each ", "after each"),
        BannedPhrase("behind what ", "after what"),
        BannedPhrase("behind the last ", "after the last"),
        BannedPhrase("behind an event", "after an event"),
        BannedPhrase("behind its length", "after its length"),
        BannedPhrase("text behind", "text after"),
        BannedPhrase("is not understood", "is not supported, or unknown"),
        BannedPhrase("in vain", "without success"),
    ]

    private static let british: [BannedPhrase] =
        [
            "author", "canonical", "custom", "final", "general", "initial", "minim", "normal", "optim", "organ",
            "recogn", "serial", "special", "summar", "synchron", "util",
        ].flatMap { stem in
            ["ise", "ising", "isation"].map { BannedPhrase(stem + $0, "\(stem)iz…") }
        } + [
            BannedPhrase("behaviour", "behavior"), BannedPhrase("catalogue", "catalog"),
            BannedPhrase("centre", "center"), BannedPhrase("colour", "color"),
            BannedPhrase("dialling", "dialing"), BannedPhrase("favour", "favor"),
            BannedPhrase("honour", "honor"), BannedPhrase("labelled", "labeled"),
            BannedPhrase("learnt", "learned"), BannedPhrase("licence", "license"),
            BannedPhrase("misspelt", "misspelled"), BannedPhrase("modelled", "modeled"),
            BannedPhrase("neighbour", "neighbor"), BannedPhrase("signalling", "signaling"),
            BannedPhrase("travelled", "traveled"), BannedPhrase("whilst", "while"),
        ]
}

/// Files whose text is checked for phrases.
enum ReadText {
    /// Texts of others, the baseline, which is a release's, and what quotes phrases in order to ban them.
    static let exempt = [
        "proto/vendor/", "proto/baseline/", "LICENSE", "CONTRIBUTING.md",
        "Tests/ArchitectureTests/BannedPhrases.swift", "Tests/ArchitectureTests/PhraseTests.swift",
    ]

    static func isChecked(_ path: String) -> Bool {
        !Repository.isGenerated(path) && !exempt.contains { path.hasPrefix($0) }
    }

    /// The comments and literals of each line, without comment marks, so that a phrase is found across a line break.
    static func lines(of source: SwiftSource) -> [String] {
        source.code.indices.map { index in
            let comment = unmarked(source.comments[index])
            if source.literals[index].isEmpty { return comment.isEmpty ? "\n" : comment }
            return "\n\(comment)\n\(source.literals[index])"
        }
    }

    /// Of a schema the comments; of scripts and documents everything.
    static func lines(of path: String, _ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if path.hasSuffix(".proto"), !line.drop(while: { $0 == " " }).hasPrefix("//") { return "\n" }
            return unmarked(line)
        }
    }

    private static func unmarked(_ line: some StringProtocol) -> String {
        String(line.drop { $0 == " " || $0 == "/" || $0 == "#" })
    }
}
