internal import ProtobufWire

extension DescriptorPool {
    /// The options set on a method, including extensions that the pool knows.
    ///
    /// - Parameters:
    ///   - method: its name in the service.
    ///   - service: full name.
    /// - Returns: nil for a method without options, or an unknown one.
    public func options(ofMethod method: String, in service: String) -> DynamicMessage? {
        let declared = file(containing: service)?.service.first { Self.isDeclared($0.name, service) }
        return decoded(
            "google.protobuf.MethodOptions", declared?.method.first { $0.name == method }?.options?.encodedBytes())
    }

    /// The options set on an enum value, including extensions that the pool knows. For enums declared in a file, not
    /// in a message.
    ///
    /// - Parameters:
    ///   - value: its name.
    ///   - enumeration: full name.
    /// - Returns: nil for a value without options, or an unknown one.
    public func options(ofValue value: String, in enumeration: String) -> DynamicMessage? {
        let declared = file(containing: enumeration)?.enumType.first { Self.isDeclared($0.name, enumeration) }
        return decoded(
            "google.protobuf.EnumValueOptions", declared?.value.first { $0.name == value }?.options?.encodedBytes())
    }

    private static func isDeclared(_ name: String?, _ fullName: String) -> Bool {
        name.map { fullName == $0 || fullName.hasSuffix("." + $0) } ?? false
    }

    private func decoded(_ type: String, _ bytes: [UInt8]?) -> DynamicMessage? {
        // Decoded together with its file, so it is valid.
        guard let type = message(named: type), let bytes else { return nil }
        return try? DynamicMessage(type, decoding: bytes)
    }
}
