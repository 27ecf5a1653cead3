internal import ArgumentParser
internal import ProtobufReflection
internal import RPCClient
internal import RPCModel
internal import TextFormats

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Prints a service, message or enum as a .proto file would.")

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var descriptors: DescriptorOptions

    @Argument(help: "A full name, such as telehealth.v1.Session.")
    var symbol: String

    func run() async throws {
        let channel = try target.makeChannel(interceptors: [AddedMetadata(metadata: identity.metadata())])
        let source = DescriptorSource(channel: channel, timeout: target.callTimeout)
        let pool = try await descriptors.pool(containing: symbol, at: source, target: target)
        if let service = pool.service(named: symbol) {
            Terminal.say("\(lines: Self.text(of: service))")
        } else if let message = pool.message(named: symbol) {
            Terminal.say("\(lines: Self.text(of: message))")
        } else if let enumeration = pool.enumeration(named: symbol) {
            Terminal.say("\(lines: Self.text(of: enumeration))")
        } else {
            throw ProbeFailure.call("\(symbol) is no service, message or enum")
        }
        await channel.shutdown()
    }

    static func text(of service: ServiceDescriptor) -> String {
        let methods = service.methods.map { method in
            let input = (method.isClientStreaming ? "stream " : "") + method.input.fullName
            let output = (method.isServerStreaming ? "stream " : "") + method.output.fullName
            return "  rpc \(method.name)(\(input)) returns (\(output));\n"
        }
        return "service \(service.fullName) {\n\(methods.joined())}"
    }

    static func text(of message: MessageDescriptor) -> String {
        let fields = message.fields.sorted { $0.number < $1.number }.map { field in
            let oneof = field.oneofIndex.map { "  // oneof \(message.oneofs[$0])" } ?? ""
            return "  \(label(of: field, in: message)) \(field.name) = \(field.number);\(oneof)\n"
        }
        return "message \(message.fullName) {\n\(fields.joined())}"
    }

    /// What stands before a field's name.
    private static func label(of field: FieldDescriptor, in message: MessageDescriptor) -> String {
        func type(_ field: FieldDescriptor) -> String { field.typeName.isEmpty ? field.kind.keyword : field.typeName }
        if field.isMap {
            let (key, value) = message.entryFields(of: field)
            return "map<\(type(key)), \(type(value))>"
        }
        if field.isRepeated { return "repeated " + type(field) }
        if field.isRequired { return "required " + type(field) }
        let isMessage = field.kind == .message || field.kind == .group
        return (field.hasPresence && field.oneofIndex == nil && !isMessage ? "optional " : "") + type(field)
    }

    static func text(of enumeration: EnumDescriptor) -> String {
        let values = enumeration.values.map { "  \($0.name) = \($0.number);\n" }
        return "enum \(enumeration.fullName) {\n\(values.joined())}"
    }
}
