internal import TelehealthModel

/// The registered texts as far as a judgement needs them: which version is in force, and since when an older one
/// is replaced.
struct ConsentTexts: Sendable {
    private let byType: [ConsentType: [ConsentDocument]]

    init(_ documents: [ConsentDocument] = []) {
        byType = Dictionary(grouping: documents, by: \.type)
    }

    /// The newest text in force, per language, by language.
    func inForce(_ type: ConsentType, at now: Timestamp) -> [ConsentDocument] {
        var newest: [String: ConsentDocument] = [:]
        for document in byType[type] ?? [] where document.effectiveAt <= now {
            let known = newest[document.language]
            if known.map({ $0.effectiveAt <= document.effectiveAt }) ?? true {
                newest[document.language] = document
            }
        }
        return newest.values.sorted { $0.language < $1.language }
    }

    /// From when on another text is in force in the language of this one; nil = none, also none announced.
    ///
    /// A new version that says the very same replaces nothing: nobody needs to sign it again.
    func replaced(_ type: ConsentType, version: String, language: String, textHash: [UInt8]) -> Timestamp? {
        let all = byType[type] ?? []
        // Texts are kept in the canonical form; what was signed before may name another spelling.
        let tag = all.contains { $0.language == language } ? language : LanguageTag.canonical(language)
        let texts = all.filter { $0.language == tag }
        guard let own = texts.first(where: { $0.version == version }) else { return nil }
        return texts.filter { $0.effectiveAt > own.effectiveAt && $0.textHash != textHash }
            .map(\.effectiveAt).min()
    }
}
