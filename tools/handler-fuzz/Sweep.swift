internal import ProtobufReflection

/// Every number of every request at its ends and around zero, one after another: what chance would take long to find.
struct Sweep {
    struct Case: Sendable {
        /// Index of the method.
        let method: Int
        /// From the request to the number, by field numbers.
        let path: [UInt32]
        let value: DynamicValue
    }

    /// Messages within messages that are followed; the API's requests have three.
    private static let depthMax = 5

    private let cases: [Case]
    private var place = 0

    init(_ methods: [World.Method]) {
        cases = methods.enumerated().flatMap { index, method in
            Self.numbers(of: method.request, depth: 0).map { Case(method: index, path: $0, value: $1) }
        }
    }

    /// The next case, round and round.
    mutating func next() -> Case? {
        guard !cases.isEmpty else { return nil }
        defer { place = (place + 1) % cases.count }
        return cases[place]
    }

    private static func numbers(of type: MessageDescriptor, depth: Int) -> [(path: [UInt32], value: DynamicValue)] {
        guard depth < depthMax else { return [] }
        return type.fields.filter { !$0.isMap }.flatMap { field in
            if field.kind == .message {
                return numbers(of: type.messageType(of: field), depth: depth + 1).map {
                    ([field.number] + $0.path, $0.value)
                }
            }
            return ends(of: field.kind).map { ([field.number], $0) }
        }
    }

    private static func ends(of kind: FieldKind) -> [DynamicValue] {
        switch kind {
        case .int32, .sint32, .sfixed32: Extremes.int32s.map { .int32($0) }
        case .int64, .sint64, .sfixed64: Extremes.int64s.map { .int64($0) }
        case .uint32, .fixed32: [.uint32(0), .uint32(1), .uint32(.max)]
        case .uint64, .fixed64: [.uint64(0), .uint64(1), .uint64(.max)]
        case .float: Extremes.reals.map { .float(Float($0)) }
        case .double: Extremes.reals.map { .double($0) }
        case .enumeration: Extremes.int32s.map { .enumeration($0) }
        case .bool, .string, .bytes, .message, .group: []
        }
    }
}

extension Sweep.Case {
    /// Puts the number in its place; messages on the way that are absent are made.
    func apply(to message: inout DynamicMessage) { Self.set(path[...], value, in: &message) }

    private static func set(_ path: ArraySlice<UInt32>, _ value: DynamicValue, in message: inout DynamicMessage) {
        guard let number = path.first, let field = message.descriptor.field(number: number) else { return }
        guard path.count > 1 else {
            message[field] = field.isRepeated ? .list([value]) : value
            return
        }
        var inner = DynamicMessage(message.descriptor.messageType(of: field))
        switch message[field] {
        case .message(let present)?: inner = present
        case .list(let list)?: if case .message(let first)? = list.first { inner = first }
        default: break
        }
        set(path.dropFirst(), value, in: &inner)
        message[field] = field.isRepeated ? .list([.message(inner)]) : .message(inner)
    }
}
