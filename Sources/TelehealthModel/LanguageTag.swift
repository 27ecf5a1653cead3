/// A BCP 47 language tag in canonical form: "EN-us" is "en-US", "iw" is "he", "zh-cmn-hans" is "cmn-Hans".
///
/// Two spellings of one language are one value. The registry's subtags are not all known here: a language of two
/// letters must be one of ISO 639-1, everything else must be well-formed. Grandfathered tags are refused.
/// - Spec: RFC 5646 sections 2.1, 2.2.6 and 4.5; look-up and filtering RFC 4647 sections 3.3.1 and 3.4.
public struct LanguageTag: Sendable, Hashable {
    /// The longest tag taken, in characters.
    public static let charactersMax = 35
    /// ISO 639-1, with the codes that it withdrew.
    private static let languages = Set(
        """
        aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en \
        eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw \
        ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt \
        my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm \
        sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
        """.split(separator: " ").map(String.init))
    /// The registry's preferred values of withdrawn codes.
    private static let preferred = [
        "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr-Latn", "tl": "fil",
    ]

    public let text: String

    /// - Returns: nil for an ill-formed tag, and beyond ``charactersMax``.
    public init?(_ spelling: some StringProtocol) {
        guard (2...Self.charactersMax).contains(spelling.utf8.count),
            spelling.utf8.allSatisfy({ Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        var rest = spelling.lowercased().split(separator: "-", omittingEmptySubsequences: false).map(
            String.init)[...]
        guard rest.allSatisfy({ (1...8).contains($0.utf8.count) }), let first = rest.popFirst() else {
            return nil
        }
        guard var parts = Self.language(first, &rest) else { return nil }
        if let script = rest.first, script.utf8.count == 4, Self.isLetters(script) {
            // A withdrawn code may have brought a script of its own.
            if parts.count > 1 { parts.removeLast() }
            parts.append(script.prefix(1).uppercased() + script.dropFirst())
            rest.removeFirst()
        }
        if let region = rest.first, Self.isRegion(region) {
            parts.append(region.uppercased())
            rest.removeFirst()
        }
        var variants: Set<String> = []
        while let variant = rest.first, Self.isVariant(variant) {
            guard variants.insert(variant).inserted else { return nil }
            parts.append(variant)
            rest.removeFirst()
        }
        guard let extensions = Self.extensions(rest) else { return nil }
        text = (parts + extensions).joined(separator: "-")
    }

    /// Whether a range of languages covers this tag: "es" covers "es" and "es-US".
    public func isCovered(by range: LanguageTag) -> Bool {
        text == range.text || text.hasPrefix(range.text + "-")
    }

    /// The tag to show where this one is asked for: itself, else the first that it covers, else what is left of it
    /// without its last subtags, as long as there is such a tag: who asks for `zh-Hant` is not shown `zh-Hans`.
    public func lookUp(among tags: some Sequence<LanguageTag>) -> LanguageTag? {
        let known = Set(tags)
        if known.contains(self) { return self }
        if let covered = known.filter({ $0.isCovered(by: self) }).min(by: { $0.text < $1.text }) {
            return covered
        }
        var subtags = text.split(separator: "-")[...]
        while subtags.count > 1 {
            subtags.removeLast()
            // A singleton goes with what it announced.
            if subtags.count > 1, subtags.last?.utf8.count == 1 { subtags.removeLast() }
            if let tag = LanguageTag(subtags.joined(separator: "-")), known.contains(tag) { return tag }
        }
        return nil
    }

    /// The language, or what the registry prefers to it: an extended language stands for itself.
    private static func language(_ first: String, _ rest: inout ArraySlice<String>) -> [String]? {
        guard isLetters(first), (2...3).contains(first.utf8.count) else { return nil }
        if first.utf8.count == 2, !languages.contains(first) { return nil }
        if let extended = rest.first, extended.utf8.count == 3, isLetters(extended) {
            rest.removeFirst()
            return [extended]
        }
        return (preferred[first] ?? first).split(separator: "-").map(String.init)
    }

    /// What single letters announce, in their order; `x` is last and private.
    private static func extensions(_ subtags: ArraySlice<String>) -> [String]? {
        var groups: [[String]] = []
        for subtag in subtags {
            if subtag.utf8.count == 1, groups.last?.first != "x" {
                groups.append([subtag])
            } else if groups.isEmpty {
                return nil
            } else {
                groups[groups.count - 1].append(subtag)
            }
        }
        let singletons = Set(groups.compactMap(\.first))
        guard singletons.count == groups.count, groups.allSatisfy({ $0.count > 1 }) else { return nil }
        return groups.sorted { ($0[0] == "x" ? "~" : $0[0]) < ($1[0] == "x" ? "~" : $1[0]) }.flatMap { $0 }
    }

    private static func isRegion(_ text: String) -> Bool {
        text.utf8.count == 2 ? isLetters(text) : text.utf8.count == 3 && text.utf8.allSatisfy(isDigit)
    }

    private static func isVariant(_ text: String) -> Bool {
        switch text.utf8.count {
        case 5...8: true
        case 4: text.utf8.first.map(isDigit) ?? false
        default: false
        }
    }

    private static func isLetters(_ text: String) -> Bool {
        text.utf8.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }
}

extension LanguageTag: CustomStringConvertible {
    public var description: String { text }
}

extension LanguageTag {
    /// The canonical form; an invalid tag is kept as it is: texts from before may stand under anything.
    public static func canonical(_ spelling: String) -> String { LanguageTag(spelling)?.text ?? spelling }
}

extension Sequence<ConsentDocument> {
    /// Those in the language that is to be shown where another is asked for.
    public func inLanguage(lookedUp spelling: String) -> [ConsentDocument] {
        guard let asked = LanguageTag(spelling) else { return filter { $0.language == spelling } }
        let found = asked.lookUp(among: compactMap { LanguageTag($0.language) })
        return found.map { tag in filter { $0.language == tag.text } } ?? []
    }
}
