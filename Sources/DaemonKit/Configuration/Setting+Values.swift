internal import TextFormats

extension Setting.Kind {
    /// The values that are allowed, for the help; nil where the meaning says it all.
    var range: String? {
        switch self {
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .duration(let least, let greatest): "\(least) to \(greatest)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .text, .list, .boolean: nil
        }
    }

    /// What a value has to be, for errors.
    var expectation: String {
        switch self {
        case .text: "a text"
        case .list: "words separated by commas, or in the file a list of words"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .duration(let least, let greatest):
            "a whole number with a unit (ms, s, m, h or d), such as 15m, from \(least) to \(greatest)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }

    /// A value of a flag or an environment variable in its usual form, such as `true` for `YES`; nil for one that is
    /// not of this kind or outside its range.
    func normalized(_ text: String) -> String? {
        switch self {
        case .text, .list: return text
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else { return nil }
            return String(number)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1": return "true"
            case "false", "no", "0": return "false"
            default: return nil
            }
        case .duration(let least, let greatest):
            guard let value = Duration(setting: text), let least = Duration(setting: least),
                let greatest = Duration(setting: greatest), (least...greatest).contains(value)
            else { return nil }
            return text
        case .choice(let words): return words.contains(text) ? text : nil
        }
    }

    /// A value of the JSON file in the form that flags have; nil for one of another type.
    ///
    /// Stricter than flags, which are text whatever they mean: a number must be a number there, and `true` is not text.
    func text(of value: JSONText) -> String? {
        switch (self, value) {
        case (.text, .string(let text)), (.list, .string(let text)), (.duration, .string(let text)),
            (.choice, .string(let text)):
            return text
        case (.integer, .number(let number)): return String(number)
        case (.boolean, .bool(let flag)): return String(flag)
        case (.list, .array(let items)):
            let words = items.compactMap(\.stringValue)
            // A comma would make two words of one.
            guard words.count == items.count, !words.contains(where: { $0.contains(",") }) else { return nil }
            return words.joined(separator: ",")
        default: return nil
        }
    }
}

extension Duration {
    /// `200ms`, `15s`, `15m`, `24h`, `365d`; nil for anything else, and beyond a billion of the unit.
    init?(setting text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": self = .milliseconds(count)
        case "s": self = .seconds(count)
        case "m": self = .seconds(count * 60)
        case "h": self = .seconds(count * 3_600)
        case "d": self = .seconds(count * 86_400)
        default: return nil
        }
    }
}
