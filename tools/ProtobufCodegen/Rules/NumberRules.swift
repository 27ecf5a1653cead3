internal import ProtobufWire

/// The rules of one number: what the twelve messages of numeric rules hold under the same field numbers, and those of
/// durations and times hold in nanoseconds.
struct NumberRules<Value: Comparable> {
    struct Bound {
        let value: Value
        let isInclusive: Bool
    }

    var const: Value?
    var upper: Bound?
    var lower: Bound?
    var allowed: [Value] = []
    var forbidden: [Value] = []
    var mustBeFinite = false

    /// The checks, in the order protovalidate has them.
    ///
    /// - Parameters:
    ///   - kind: what the rules' ids begin with, such as `int32`.
    ///   - literal: a value in Swift.
    ///   - text: a value for people.
    func checks(
        _ kind: String, literal: @escaping (Value) -> String, text: (Value) -> String
    ) -> [ValueCheck] {
        var checks: [ValueCheck] = []
        if let const {
            checks.append(ValueCheck("\(kind).const", "must be \(text(const))") { "\($0) != \(literal(const))" })
        }
        if let range = rangeCheck(kind, literal: literal, text: text) { checks.append(range) }
        if !allowed.isEmpty {
            let list = allowed.map(literal).joined(separator: ", ")
            checks.append(
                ValueCheck("\(kind).in", "must be one of \(allowed.map(text).joined(separator: ", "))") {
                    "![\(list)].contains(\($0))"
                })
        }
        if !forbidden.isEmpty {
            let list = forbidden.map(literal).joined(separator: ", ")
            checks.append(
                ValueCheck("\(kind).not_in", "must be none of \(forbidden.map(text).joined(separator: ", "))") {
                    "[\(list)].contains(\($0))"
                })
        }
        if mustBeFinite { checks.append(ValueCheck("\(kind).finite", "must be finite") { "!\($0).isFinite" }) }
        return checks
    }

    /// Both bounds are one rule; where the upper lies below the lower, what is between them is forbidden. Written so
    /// that a NaN breaks each.
    private func rangeCheck(
        _ kind: String, literal: @escaping (Value) -> String, text: (Value) -> String
    ) -> ValueCheck? {
        let above = lower.map { bound in (sign: bound.isInclusive ? ">=" : ">", id: bound.isInclusive ? "gte" : "gt") }
        let below = upper.map { bound in (sign: bound.isInclusive ? "<=" : "<", id: bound.isInclusive ? "lte" : "lt") }
        let atLeast = lower.map { "\($0.isInclusive ? "at least" : "more than") \(text($0.value))" } ?? ""
        let atMost = upper.map { "\($0.isInclusive ? "at most" : "less than") \(text($0.value))" } ?? ""
        switch (lower, upper, above, below) {
        case (let lower?, let upper?, let above?, let below?):
            let isOutside = upper.value < lower.value
            let id = "\(kind).\(above.id)_\(below.id)\(isOutside ? "_exclusive" : "")"
            let isPlain = lower.isInclusive && upper.isInclusive && !isOutside
            let sentence =
                isPlain
                ? "\(text(lower.value)) to \(text(upper.value))"
                : "\(atLeast) \(isOutside ? "or" : "and") \(atMost)"
            return ValueCheck(id, "must be \(sentence)") { value in
                "!(\(value) \(above.sign) \(literal(lower.value)) \(isOutside ? "||" : "&&") "
                    + "\(value) \(below.sign) \(literal(upper.value)))"
            }
        case (let lower?, _, let above?, _):
            return ValueCheck("\(kind).\(above.id)", "must be \(atLeast)") {
                "!(\($0) \(above.sign) \(literal(lower.value)))"
            }
        case (_, let upper?, _, let below?):
            return ValueCheck("\(kind).\(below.id)", "must be \(atMost)") {
                "!(\($0) \(below.sign) \(literal(upper.value)))"
            }
        default: return nil
        }
    }
}

extension NumberRules {
    /// Reads one of the twelve messages.
    init<Wire: WireType>(_ rules: some Message, as wire: Wire.Type) throws(CodegenError) where Wire.Value == Value {
        self.init()
        do throws(WireError) {
            try rules.encodedBytes().span.withUnsafeBytes { bytes throws(WireError) in
                var reader = WireReader(bytes)
                while let tag = try reader.nextTag() {
                    switch tag >> 3 {
                    case 1: const = try reader.readValue(as: wire)
                    case 2: upper = Bound(value: try reader.readValue(as: wire), isInclusive: false)
                    case 3: upper = Bound(value: try reader.readValue(as: wire), isInclusive: true)
                    case 4: lower = Bound(value: try reader.readValue(as: wire), isInclusive: false)
                    case 5: lower = Bound(value: try reader.readValue(as: wire), isInclusive: true)
                    case 6: allowed.append(try reader.readValue(as: wire))
                    case 7: forbidden.append(try reader.readValue(as: wire))
                    default: _ = try reader.skipUnknown(tag)
                    }
                }
            }
        } catch {
            throw CodegenError("an option is damaged (\(error.label))")
        }
    }
}

extension NumberRules where Value: BinaryInteger {
    func checks(_ kind: String) -> [ValueCheck] { checks(kind, literal: { "\($0)" }, text: { "\($0)" }) }
}

extension NumberRules where Value: BinaryFloatingPoint & CustomStringConvertible {
    /// - Throws: where a bound is NaN: nothing is more or less than that.
    func checks(_ kind: String) throws(CodegenError) -> [ValueCheck] {
        let named = [const, upper?.value, lower?.value].compactMap(\.self) + allowed + forbidden
        guard !named.contains(where: \.isNaN) else { throw CodegenError("a rule of \(kind) names NaN") }
        return checks(
            kind, literal: { $0.isInfinite ? ($0 < 0 ? "-.infinity" : ".infinity") : $0.description },
            text: { $0.description.hasSuffix(".0") ? String($0.description.dropLast(2)) : $0.description })
    }
}
