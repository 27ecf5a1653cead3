/// The plugin's parameter: `key=value` pairs, separated by commas.
///
/// | key | value |
/// |---|---|
/// | `module` | name of the Swift module the files are generated into |
/// | `import` | `proto.package:SwiftModule`: where the types of another package live; may repeat |
/// | `described` | a file of which only the descriptor is generated: others import it, and nobody here needs its types;
/// may repeat |
/// | `notice` | a license line for files whose `.proto` has no comments (descriptor sets without source); may
/// repeat |
/// | `option` | full name of a message-typed option: of methods or enum values it becomes Swift data; may repeat |
/// | `client` | a Swift type: instead of messages, the calls of services with `CallGroup.option` as members of it |
/// | `script` | a Swift type: instead of messages, what the same calls are scripted to answer, as members of it |
/// | `web` | a JavaScript class: instead of Swift, ES modules for browsers, and this class of the clients of all services |
/// | `reference` | name of a further file: a page of all calls and reasons, from the options of `CallComments` |
struct GeneratorOptions {
    var module = ""
    /// Proto package to Swift module. The well-known types are always at home in ProtobufWire.
    var modules: [String: String] = [
        "google.protobuf": "ProtobufWire", "google.protobuf.compiler": "ProtobufCodegen",
    ]
    var notice: [String] = []
    var customOptions: [String] = []
    var reference: String?
    /// The type that gathers calls in groups.
    var client: String?
    /// The type whose members say what calls are answered.
    var script: String?
    /// The class of the clients of all services, in a package of ES modules.
    var web: String?
    /// Whether services alone are generated, in groups.
    var writesGroups: Bool { client != nil || script != nil }
    /// Files of which only the descriptor is wanted.
    var described: Set<String> = []

    init(parameter: String) throws(CodegenError) {
        for pair in parameter.split(separator: ",") {
            guard let equals = pair.firstIndex(of: "=") else {
                throw CodegenError("parameter \"\(pair)\" must be key=value")
            }
            let value = String(pair[pair.index(after: equals)...])
            switch pair[..<equals] {
            case "module":
                module = value
            case "import":
                let parts = value.split(separator: ":")
                guard parts.count == 2 else {
                    throw CodegenError("parameter import=\(value) must be proto.package:SwiftModule")
                }
                modules[String(parts[0])] = String(parts[1])
            case "described":
                described.insert(value)
            case "notice":
                notice.append(value)
            case "option":
                customOptions.append(value)
            case "client":
                client = value
            case "script":
                script = value
            case "web":
                web = value
            case "reference":
                reference = value
            default:
                throw CodegenError("unknown parameter \"\(pair[..<equals])\"")
            }
        }
    }

    /// The module that holds the types of a file, nil when it is the one being generated.
    func module(ofPackage package: String, file: String) -> String? {
        let home =
            switch file {
            case "google/protobuf/descriptor.proto": "ProtobufReflection"
            default: modules[package] ?? module
            }
        return home == module ? nil : home
    }
}
