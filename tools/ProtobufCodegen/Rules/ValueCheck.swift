/// What is asked of one value: a condition in Swift that holds when the rule is broken, and what is said then.
struct ValueCheck {
    /// The rule's id, as protovalidate names it.
    let rule: String
    /// For people, to be read after the field's name.
    let sentence: String
    /// The condition, given the expression of the value.
    let isBroken: (String) -> String

    init(_ rule: String, _ sentence: String, isBroken: @escaping (String) -> String) {
        self.rule = rule
        self.sentence = sentence
        self.isBroken = isBroken
    }

    /// The same asked of something within the value.
    func of(_ inner: @escaping (String) -> String) -> ValueCheck {
        ValueCheck(rule, sentence) { isBroken(inner($0)) }
    }
}

extension ValueCheck {
    /// "3 bytes", "1 byte".
    static func counted(_ count: some BinaryInteger, _ unit: String) -> String {
        "\(count) \(unit)\(count == 1 ? "" : "s")"
    }

    /// The rules of how much there is of something: all of them where given, in the order protovalidate has them.
    ///
    /// - Parameter unit: "byte", "character".
    static func sizes(
        _ ids: (exact: String, min: String, max: String), exact: UInt64?, min: UInt64?, max: UInt64?, unit: String,
        tooFew: @escaping (String, UInt64) -> String, tooMany: @escaping (String, UInt64) -> String
    ) -> [ValueCheck] {
        var checks: [ValueCheck] = []
        if let exact {
            checks.append(
                ValueCheck(ids.exact, "must have \(counted(exact, unit))") {
                    "\(tooFew($0, exact)) || \(tooMany($0, exact))"
                })
        }
        if let min, min > 0 {
            checks.append(
                ValueCheck(ids.min, "must have at least \(counted(min, unit))") { tooFew($0, min) })
        }
        if let max {
            checks.append(
                ValueCheck(ids.max, "must have at most \(counted(max, unit))") { tooMany($0, max) })
        }
        return checks
    }

    /// The same where `count` gives the size in Swift.
    static func sizes(
        _ ids: (exact: String, min: String, max: String), exact: UInt64?, min: UInt64?, max: UInt64?, unit: String,
        count: @escaping (String) -> String
    ) -> [ValueCheck] {
        sizes(
            ids, exact: exact, min: min, max: max, unit: unit, tooFew: { "\(count($0)) < \($1)" },
            tooMany: { "\(count($0)) > \($1)" })
    }
}
