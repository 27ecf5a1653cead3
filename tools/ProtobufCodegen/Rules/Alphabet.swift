internal import ProtobufReflection

/// A predefined rule of a project's own that says of which ASCII characters, and how many, a text is made.
///
/// Such a rule is an extension of `buf.validate.StringRules` of type bool, whose CEL expression is
/// `!rule || this.matches('^[A-Za-z0-9._:-]{1,64}$')`, with any set and count: foreign validators evaluate that, and a
/// loop over bytes is made of it here.
struct Alphabet {
    let number: UInt32
    let id: String
    let sentence: String
    private let low: UInt64
    private let high: UInt64
    private let count: ClosedRange<Int>

    /// - Throws: ``CodegenError`` for a rule of another form.
    init(_ field: Google_Protobuf_FieldDescriptorProto) throws(CodegenError) {
        let name = field.name ?? ""
        guard let rules = try RuleOptions.predefined(field)?.cel, rules.count == 1, let rule = rules.first,
            field.type == .bool, field.label != .repeated,
            let set = Self.set(of: rule.expression ?? "")
        else {
            throw CodegenError(
                "\(name): a predefined rule must be a bool whose only expression is "
                    + "!rule || this.matches('^[SET]{MIN,MAX}$'), of ASCII characters")
        }
        number = UInt32(bitPattern: field.number ?? 0)
        id = rule.id ?? ""
        sentence = rule.message ?? ""
        (low, high, count) = set
        guard !id.isEmpty, !sentence.isEmpty else {
            throw CodegenError("\(name): a predefined rule needs an id and a message")
        }
    }

    var check: ValueCheck {
        let (low, high, count) = (low, high, count)
        return ValueCheck(id, sentence) { value in
            "!RuleChecks.isText(\(value), of: 0x\(String(low, radix: 16)), 0x\(String(high, radix: 16)), "
                + "count: \(count.lowerBound)...\(count.upperBound))"
        }
    }

    private static func set(of expression: String) -> (low: UInt64, high: UInt64, count: ClosedRange<Int>)? {
        let form = /!rule \|\| this\.matches\('\^\[([^\]\[\\^]+)\]\{([0-9]+),([0-9]+)\}\$'\)/
        guard let match = expression.wholeMatch(of: form), let min = Int(match.2), let max = Int(match.3), min <= max,
            match.1.utf8.allSatisfy({ $0 < 0x80 })
        else { return nil }
        var bits: (low: UInt64, high: UInt64) = (0, 0)
        let letters = Array(match.1.utf8)
        var index = 0
        while index < letters.count {
            // A hyphen between two characters is a range, as in RE2; at an end it is itself.
            let isRange = index + 2 < letters.count && letters[index + 1] == UInt8(ascii: "-")
            let last = isRange ? letters[index + 2] : letters[index]
            guard letters[index] <= last else { return nil }
            for letter in letters[index]...last {
                if letter < 64 { bits.low |= 1 << UInt64(letter) } else { bits.high |= 1 << UInt64(letter - 64) }
            }
            index += isRange ? 3 : 1
        }
        return (bits.low, bits.high, min...max)
    }
}
