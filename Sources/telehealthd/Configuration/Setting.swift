/// One thing an operator may set: its key, what it takes, what it means.
///
/// The environment name follows from the key (`telehealth.dataDir` is `TELEHEALTH_DATA_DIR`), the flag from that
/// (`--data-dir`; those of other families keep theirs: `--aws-region`), the place in a JSON file is the key's path.
struct Setting: Sendable {
    enum Kind: Sendable {
        case text
        /// Words separated by commas.
        case list
        case integer(ClosedRange<Int>)
        case boolean
        /// A whole number with a unit: `200ms`, `15s`, `15m`, `24h`, `365d`; between these two, both in that form.
        case duration(String, String)
        /// One of these words.
        case choice([String])
    }

    let key: String
    let kind: Kind
    let fallback: String
    let meaning: String
    var isSecret = false

    init(_ key: String, _ kind: Kind, _ fallback: String, _ meaning: String, isSecret: Bool = false) {
        self.key = key
        self.kind = kind
        self.fallback = fallback
        self.meaning = meaning
        self.isSecret = isSecret
    }

    var environmentName: String {
        var name = ""
        for character in key {
            if character == "." {
                name.append("_")
            } else {
                if character.isUppercase { name.append("_") }
                name.append(contentsOf: character.uppercased())
            }
        }
        return name
    }

    var flag: String {
        let name = environmentName.lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
        return "--" + (name.hasPrefix("telehealth-") ? String(name.dropFirst("telehealth-".count)) : name)
    }
}

extension Setting.Kind {
    /// The least and the greatest value in words; nil for what has none.
    var range: String? {
        switch self {
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .duration(let least, let greatest): "\(least) to \(greatest)"
        case .text, .list, .boolean, .choice: nil
        }
    }
}
