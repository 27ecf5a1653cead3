internal import ProtobufWire

/// The rules of durations and times, in nanoseconds; rules that depend on the clock are not supported.
enum TimeRules {
    static func checks(_ rules: Buf_Validate_DurationRules) throws(CodegenError) -> [ValueCheck] {
        guard rules.unknownFields.isEmpty else {
            throw CodegenError("predefined rules of durations are not supported")
        }
        var numbers = NumberRules<Int128>()
        numbers.const = rules.const.map(nanoseconds)
        numbers.allowed = rules.in.map(nanoseconds)
        numbers.forbidden = rules.notIn.map(nanoseconds)
        switch rules.lessThan {
        case .lt(let value)?: numbers.upper = .init(value: nanoseconds(value), isInclusive: false)
        case .lte(let value)?: numbers.upper = .init(value: nanoseconds(value), isInclusive: true)
        case nil: break
        }
        switch rules.greaterThan {
        case .gt(let value)?: numbers.lower = .init(value: nanoseconds(value), isInclusive: false)
        case .gte(let value)?: numbers.lower = .init(value: nanoseconds(value), isInclusive: true)
        case nil: break
        }
        return checks(numbers, "duration") { "\(seconds($0)) s" }
    }

    static func checks(_ rules: Buf_Validate_TimestampRules) throws(CodegenError) -> [ValueCheck] {
        guard rules.within == nil, rules.unknownFields.isEmpty else { throw dependsOnClock }
        var numbers = NumberRules<Int128>()
        numbers.const = rules.const.map(nanoseconds)
        switch rules.lessThan {
        case .lt(let value)?: numbers.upper = .init(value: nanoseconds(value), isInclusive: false)
        case .lte(let value)?: numbers.upper = .init(value: nanoseconds(value), isInclusive: true)
        case .ltNow?: throw dependsOnClock
        case nil: break
        }
        switch rules.greaterThan {
        case .gt(let value)?: numbers.lower = .init(value: nanoseconds(value), isInclusive: false)
        case .gte(let value)?: numbers.lower = .init(value: nanoseconds(value), isInclusive: true)
        case .gtNow?: throw dependsOnClock
        case nil: break
        }
        return checks(numbers, "timestamp") { "\(seconds($0)) s after 1970 began" }
    }

    private static var dependsOnClock: CodegenError {
        CodegenError("rules of timestamps that depend on the clock, and predefined ones, are not supported")
    }

    private static func checks(
        _ numbers: NumberRules<Int128>, _ kind: String, text: (Int128) -> String
    ) -> [ValueCheck] {
        numbers.checks(kind, literal: { "\($0)" }, text: text).map { $0.of { "RuleChecks.nanoseconds(\($0))" } }
    }

    private static func nanoseconds(_ value: Google_Protobuf_Duration) -> Int128 { RuleChecks.nanoseconds(value) }

    private static func nanoseconds(_ value: Google_Protobuf_Timestamp) -> Int128 { RuleChecks.nanoseconds(value) }

    /// "90", "0.000000001", "-1.5".
    private static func seconds(_ nanoseconds: Int128) -> String {
        let (whole, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(rest + 1_000_000_000).dropFirst()
        let fraction = String(digits.reversed().drop { $0 == "0" }.reversed())
        return (nanoseconds < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : "." + fraction)
    }
}
