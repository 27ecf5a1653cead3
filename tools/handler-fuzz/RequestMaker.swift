internal import ProtobufReflection
internal import ProtobufWire
internal import TelehealthModel

/// Makes requests from their descriptors: most of them mean something, the rest has one or more fields that nobody
/// would send.
enum RequestMaker {
    /// A request that means something but for the one number.
    static func request(
        of type: MessageDescriptor, method: String, isLeader: Bool, with swept: Sweep.Case, _ scene: inout Scene
    ) -> [UInt8] {
        var message = message(of: type, method: method, &scene)
        Agreement.settle(&message, method: method, isLeader: isLeader, &scene)
        swept.apply(to: &message)
        return message.encodedBytes()
    }

    /// - Returns: the request's bytes.
    /// - Parameter isLeader: whether the caller leads visits.
    static func request(of type: MessageDescriptor, method: String, isLeader: Bool, _ scene: inout Scene) -> [UInt8] {
        var message = message(of: type, method: method, &scene)
        Agreement.settle(&message, method: method, isLeader: isLeader, &scene)
        switch scene.number(1...100) {
        case 1...72: return message.encodedBytes()
        case 73...96:
            for _ in 0...scene.number(0...1) { Extremes.spoil(&message, &scene) }
            return message.encodedBytes()
        default: return Extremes.mutate(message.encodedBytes(), &scene)
        }
    }

    static func message(of type: MessageDescriptor, method: String, _ scene: inout Scene) -> DynamicMessage {
        var message = DynamicMessage(type)
        let chosen = type.oneofs.indices.map { oneof in
            scene.pick(type.fields.filter { $0.oneofIndex == oneof })?.number
        }
        for field in type.fields {
            if let oneof = field.oneofIndex, chosen[oneof] != field.number { continue }
            guard scene.chance(PlausibleValues.presence(of: field.name, method: method)) else { continue }
            message[field] = value(of: field, in: type, method: method, &scene)
        }
        return message
    }

    private static func value(
        of field: FieldDescriptor, in type: MessageDescriptor, method: String, _ scene: inout Scene
    ) -> DynamicValue? {
        if field.isMap { return nil }
        if field.isRepeated {
            let count = scene.number(1...3)
            return .list(
                (0..<count).compactMap { _ in single(of: field, in: type, method: method, &scene) })
        }
        return single(of: field, in: type, method: method, &scene)
    }

    private static func single(
        of field: FieldDescriptor, in type: MessageDescriptor, method: String, _ scene: inout Scene
    ) -> DynamicValue? {
        switch field.kind {
        case .string: return .string(PlausibleValues.text(field.name, method: method, &scene))
        case .bytes: return .bytes(PlausibleValues.bytes(field.name, &scene))
        case .bool: return .bool(scene.chance(0.8))
        case .enumeration:
            let values = type.enumType(of: field).values.map(\.number).filter { $0 != 0 }
            return .enumeration(PlausibleValues.choice(field.name, method: method, of: values, &scene))
        case .message, .group:
            let inner = type.messageType(of: field)
            switch inner.fullName {
            case "google.protobuf.Timestamp":
                return .message(
                    timestamp(PlausibleValues.moment(field.name, &scene), inner))
            case "google.protobuf.Duration":
                return .message(duration(PlausibleValues.seconds(field.name, &scene), inner))
            default: return .message(message(of: inner, method: method, &scene))
            }
        case .double: return .double(Double(scene.number(0...100)))
        case .float: return .float(Float(scene.number(0...100)))
        case .int32, .sint32, .sfixed32: return .int32(Int32(PlausibleValues.count(field.name, &scene)))
        case .int64, .sint64, .sfixed64: return .int64(PlausibleValues.count(field.name, &scene))
        case .uint32, .fixed32: return .uint32(UInt32(PlausibleValues.count(field.name, &scene)))
        case .uint64, .fixed64: return .uint64(UInt64(PlausibleValues.count(field.name, &scene)))
        }
    }

    private static func timestamp(_ moment: Timestamp, _ type: MessageDescriptor) -> DynamicMessage {
        var message = DynamicMessage(type)
        let (seconds, rest) = moment.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        if let field = type.field(named: "seconds") { message[field] = .int64(seconds) }
        if let field = type.field(named: "nanos") { message[field] = .int32(Int32(rest.magnitude) * 1000) }
        return message
    }

    private static func duration(_ seconds: Int64, _ type: MessageDescriptor) -> DynamicMessage {
        var message = DynamicMessage(type)
        if let field = type.field(named: "seconds") { message[field] = .int64(seconds) }
        return message
    }
}
