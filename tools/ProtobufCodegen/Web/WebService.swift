internal import ProtobufReflection

/// A service as a class of a package of ES modules.
struct WebService {
    struct Call {
        /// The method's name in the class.
        let name: String
        let method: Google_Protobuf_MethodDescriptorProto
        /// The method's position in its service.
        let index: Int32
        let isStream: Bool
        /// Whether the request has a `request_id`.
        let hasRequestID: Bool
        /// Whether there is anything to ask.
        let asks: Bool
    }

    /// As a member of the class of all services, and as a module: `sessions`.
    let property: String
    /// `SessionsClient`
    let className: String
    /// `telehealth.v1.TelehealthService`
    let fullName: String
    let file: Google_Protobuf_FileDescriptorProto
    /// The service's position in its file.
    let index: Int32
    /// Without the methods to which a client sends a stream: no browser can.
    let calls: [Call]

    var module: String { "services/" + property }

    /// The services of a file, in the order of the schema.
    static func services(of file: Google_Protobuf_FileDescriptorProto, _ schema: SchemaIndex) -> [WebService] {
        let named = CallGroup.groups(of: file, schema)
        return file.service.enumerated().map { index, service in
            let group =
                named.first { $0.index == Int32(index) }
                ?? CallGroup(
                    property: Self.property(service.name ?? ""), noun: "", service: service, index: Int32(index))
            return WebService(group, file, schema)
        }
    }

    private static func property(_ name: String) -> String {
        let short = name.hasSuffix("Service") && name != "Service" ? String(name.dropLast(7)) : name
        return short.prefix(1).lowercased() + short.dropFirst()
    }

    private init(_ group: CallGroup, _ file: Google_Protobuf_FileDescriptorProto, _ schema: SchemaIndex) {
        let package = file.package ?? ""
        property = group.property
        className = group.property.prefix(1).uppercased() + group.property.dropFirst() + "Client"
        fullName = (package.isEmpty ? "" : package + ".") + (group.service.name ?? "")
        self.file = file
        index = group.index
        let short = group.shortNames()
        calls = group.service.method.enumerated().compactMap { place, method in
            guard method.clientStreaming != true else { return nil }
            let fields = schema.messages[method.inputType ?? ""]?.descriptor.field ?? []
            let name = short[method.name ?? ""] ?? NamingRules.methodName(method.name ?? "")
            return Call(
                name: name == "constructor" ? "constructor_" : name, method: method, index: Int32(place),
                isStream: method.serverStreaming == true, hasRequestID: fields.contains { $0.name == "request_id" },
                asks: !fields.isEmpty)
        }
    }
}
