internal import ProtobufWire

extension TextFormatParser {
    /// Reads a value of any kind but enums, messages and groups.
    mutating func parseScalar(_ kind: FieldKind) throws(TextFormatError) -> DynamicValue {
        switch kind {
        case .int32, .sint32, .sfixed32: .int32(try parseInteger("a 32-bit whole number"))
        case .int64, .sint64, .sfixed64: .int64(try parseInteger("a 64-bit whole number"))
        case .uint32, .fixed32: .uint32(try parseInteger("a 32-bit whole number, not negative"))
        case .uint64, .fixed64: .uint64(try parseInteger("a 64-bit whole number, not negative"))
        case .float: .float(try parseFloat())
        case .double: .double(try parseFloat())
        case .bool: .bool(try parseBool())
        case .string: .string(try parseString())
        case .bytes: .bytes(try scanner.string())
        case .enumeration, .message, .group: throw scanner.error(.wrongValue(expected: "a scalar value"))
        }
    }

    private mutating func parseInteger<I: FixedWidthInteger>(
        _ expected: String
    ) throws(TextFormatError) -> I {
        let start = scanner.offset
        let isNegative = scanner.take(UInt8(ascii: "-"))
        guard scanner.isAtNumber, let value: I = try scanner.number().integer(isNegative: isNegative) else {
            throw scanner.error(.wrongValue(expected: expected), at: start)
        }
        return value
    }

    private mutating func parseFloat<F: BinaryFloatingPoint & LosslessStringConvertible>()
        throws(TextFormatError) -> F
    {
        let start = scanner.offset
        let isNegative = scanner.take(UInt8(ascii: "-"))
        var value: F?
        if scanner.isAtNumber {
            value = try scanner.number().float()
        } else if let first = scanner.next, TextScanner.isLetter(first) {
            switch try scanner.identifier().lowercased() {
            case "inf", "infinity": value = .infinity
            case "nan": value = .nan
            default: break
            }
        }
        guard let value else { throw scanner.error(.wrongValue(expected: "a number"), at: start) }
        return isNegative ? -value : value
    }

    private mutating func parseBool() throws(TextFormatError) -> Bool {
        let start = scanner.offset
        if scanner.isAtNumber {
            let number: UInt64? = try scanner.number().integer(isNegative: false)
            if let number, number <= 1 { return number == 1 }
        } else if let first = scanner.next, TextScanner.isLetter(first) {
            switch try scanner.identifier() {
            case "true", "True", "t": return true
            case "false", "False", "f": return false
            default: break
            }
        }
        throw scanner.error(.wrongValue(expected: "true or false"), at: start)
    }

    private mutating func parseString() throws(TextFormatError) -> String {
        let start = scanner.offset
        guard let text = String(validating: try scanner.string(), as: UTF8.self) else {
            throw scanner.error(.wrongValue(expected: "a string of valid UTF-8"), at: start)
        }
        return text
    }

    /// Reads an enum value by name or number; a closed enum takes only numbers that have a name.
    mutating func parseEnum(_ type: EnumDescriptor) throws(TextFormatError) -> Int32 {
        let start = scanner.offset
        if let first = scanner.next, TextScanner.isLetter(first) {
            if let number = type.number(of: try scanner.identifier()) { return number }
        } else {
            let isNegative = scanner.take(UInt8(ascii: "-"))
            if scanner.isAtNumber, let number: Int32 = try scanner.number().integer(isNegative: isNegative),
                !type.isClosed || type.name(of: number) != nil
            {
                return number
            }
        }
        throw scanner.error(.wrongValue(expected: "a name of \(type.fullName)"), at: start)
    }
}
