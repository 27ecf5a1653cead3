internal import ProtobufWire

extension DescriptorPool {
    /// The options that a method sets, with the extensions that the pool knows.
    ///
    /// - Parameters:
    ///   - method: its name in the service.
    ///   - service: full name.
    /// - Returns: nil for a method without options, or one that the pool does not have.
    public func options(ofMethod method: String, in service: String) -> DynamicMessage? {
        let declared = file(containing: service)?.service.first { Self.isDeclared($0.name, service) }
        return decoded(
            "google.protobuf.MethodOptions", declared?.method.first { $0.name == method }?.options?.encodedBytes())
    }

    /// The options that a value of an enum sets, with the extensions that the pool knows. Of enums that stand in a file
    /// and not in a message.
    ///
    /// - Parameters:
    ///   - value: its name.
    ///   - enumeration: full name.
    /// - Returns: nil for a value without options, or one that the pool does not have.
    public func options(ofValue value: String, in enumeration: String) -> DynamicMessage? {
        let declared = file(containing: enumeration)?.enumType.first { Self.isDeclared($0.name, enumeration) }
        return decoded(
            "google.protobuf.EnumValueOptions", declared?.value.first { $0.name == value }?.options?.encodedBytes())
    }

    private static func isDeclared(_ name: String?, _ fullName: String) -> Bool {
        name.map { fullName == $0 || fullName.hasSuffix("." + $0) } ?? false
    }

    private func decoded(_ type: String, _ bytes: [UInt8]?) -> DynamicMessage? {
        // What was decoded with its file is well formed.
        guard let type = message(named: type), let bytes else { return nil }
        return try? DynamicMessage(type, decoding: bytes)
    }
}
