internal import ProtobufReflection
internal import ProtobufWire

/// The custom options of services, methods and enum values that the generated code goes by, as the plugin's parameter
/// names them.
struct CustomOptions {
    /// One extension of `google.protobuf.ServiceOptions`, `MethodOptions` or `EnumValueOptions`.
    struct Option {
        /// As a Swift member: `callOptions` of `telehealth.v1.call`.
        let property: String
        let fullName: String
        fileprivate let field: FieldDescriptor
        /// With a leading dot, as the schema's index names types.
        var typeName: String { "." + field.typeName }
    }

    let ofServices: [Option]
    let ofMethods: [Option]
    let ofValues: [Option]
    private let serviceOptions: MessageDescriptor?
    private let methodOptions: MessageDescriptor?
    private let valueOptions: MessageDescriptor?

    /// - Throws: ``CodegenError`` for a name that is not an option of a message type.
    init(named names: [String], in files: [Google_Protobuf_FileDescriptorProto]) throws(CodegenError) {
        guard !names.isEmpty else {
            (ofServices, ofMethods, ofValues) = ([], [], [])
            (serviceOptions, methodOptions, valueOptions) = (nil, nil, nil)
            return
        }
        let pool: DescriptorPool
        do throws(DescriptorError) { pool = try DescriptorPool(files: files) } catch {
            throw CodegenError("\(error)")
        }
        serviceOptions = pool.message(named: "google.protobuf.ServiceOptions")
        methodOptions = pool.message(named: "google.protobuf.MethodOptions")
        valueOptions = pool.message(named: "google.protobuf.EnumValueOptions")
        var found: (services: [Option], methods: [Option], values: [Option]) = ([], [], [])
        for name in names {
            let simple = name.split(separator: ".").last.map(String.init) ?? name
            let property = NamingRules.propertyName(simple + "_options")
            if let field = methodOptions?.field(named: "[\(name)]"), field.kind == .message {
                found.methods.append(Option(property: property, fullName: name, field: field))
            } else if let field = valueOptions?.field(named: "[\(name)]"), field.kind == .message {
                found.values.append(Option(property: property, fullName: name, field: field))
            } else if let field = serviceOptions?.field(named: "[\(name)]"), field.kind == .message {
                found.services.append(Option(property: property, fullName: name, field: field))
            } else {
                throw CodegenError(
                    "option=\(name): not a message-typed extension of ServiceOptions, MethodOptions or EnumValueOptions")
            }
        }
        (ofServices, ofMethods, ofValues) = found
    }

    /// What a service says by an option; nil when it does not.
    func value(_ option: Option, of service: Google_Protobuf_ServiceDescriptorProto) -> DynamicMessage? {
        value(option, serviceOptions, service.options?.encodedBytes())
    }

    /// What a method says by an option; nil when it does not.
    func value(_ option: Option, of method: Google_Protobuf_MethodDescriptorProto) -> DynamicMessage? {
        value(option, methodOptions, method.options?.encodedBytes())
    }

    /// What an enum value says by an option; nil when it does not.
    func value(_ option: Option, of value: Google_Protobuf_EnumValueDescriptorProto) -> DynamicMessage? {
        self.value(option, valueOptions, value.options?.encodedBytes())
    }

    private func value(_ option: Option, _ type: MessageDescriptor?, _ bytes: [UInt8]?) -> DynamicMessage? {
        // What protoc sent was read once already, so it parses.
        guard let type, let bytes, let whole = try? DynamicMessage(type, decoding: bytes),
            case .message(let value)? = whole[option.field]
        else { return nil }
        return value
    }
}
