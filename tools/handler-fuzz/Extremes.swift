internal import ProtobufReflection
internal import ProtobufWire

/// What nobody sends who means well: the ends of every numeric type, texts of every wrong shape, bytes that were
/// changed on the way.
enum Extremes {
    static let int64s: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max, 1 << 53, -62_135_596_801, 253_402_300_800]
    static let int32s: [Int32] = [.min, -1, 0, 1, .max, 999_999_999, 1_000_000_000, 99]
    static let reals: [Double] = [
        -.infinity, -1.7e308, -1, -0.0, .leastNonzeroMagnitude, 100, 1.7e308, .infinity, .nan,
    ]
    static let texts = [
        "", " ", "\0", "x\0y", String(repeating: "x", count: 70_000), "'; DROP TABLE sessions; --", "../../etc/passwd",
        String(repeating: "\u{202E}\u{1F4A5}", count: 200), "%s%n{}$\\", "dr\u{212A}", "\u{FEFF}", "e\u{301}",
        "-1", "9223372036854775808", "{}", "[", "{\"a\":1e999}",
    ]

    /// Puts an end of its type into one field, somewhere in the message.
    static func spoil(_ message: inout DynamicMessage, _ scene: inout Scene) {
        let type = message.descriptor
        guard let field = scene.pick(type.fields.filter { !$0.isMap }) else { return }
        if field.kind == .message {
            var inner = DynamicMessage(type.messageType(of: field))
            if case .message(let present)? = message[field] { inner = present }
            spoil(&inner, &scene)
            message[field] = field.isRepeated ? .list([.message(inner)]) : .message(inner)
            return
        }
        guard let value = value(of: field.kind, &scene) else { return }
        message[field] =
            field.isRepeated ? .list(Array(repeating: value, count: Int(scene.number(1...40)))) : value
    }

    private static func value(of kind: FieldKind, _ scene: inout Scene) -> DynamicValue? {
        switch kind {
        case .int32, .sint32, .sfixed32: scene.pick(int32s).map { .int32($0) }
        case .int64, .sint64, .sfixed64: scene.pick(int64s).map { .int64($0) }
        case .uint32, .fixed32: .uint32(scene.chance(0.5) ? .max : 0)
        case .uint64, .fixed64: .uint64(scene.chance(0.5) ? .max : 0)
        case .double: scene.pick(reals).map { .double($0) }
        case .float: scene.pick(reals).map { .float(Float($0)) }
        case .bool: .bool(scene.chance(0.5))
        case .enumeration: scene.pick(int32s).map { .enumeration($0) }
        case .string: scene.pick(texts).map { .string($0) }
        case .bytes: .bytes(Array(repeating: 0xFF, count: Int(scene.number(0...100_000))))
        case .message, .group: nil
        }
    }

    /// Changes, removes, doubles or cuts bytes of an encoded message.
    static func mutate(_ bytes: [UInt8], _ scene: inout Scene) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<scene.number(1...4) where !bytes.isEmpty {
            let place = Int(scene.number(0...Int64(bytes.count - 1)))
            switch scene.number(0...3) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: scene.number(0...255))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(truncatingIfNeeded: scene.number(0...255)), at: place)
            default: bytes.removeLast(bytes.count - place)
            }
        }
        return bytes
    }
}
