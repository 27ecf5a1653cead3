internal import ProtobufReflection

/// Generates a Swift enum with a case per name and `unrecognized` for other numbers.
struct EnumGenerator {
    private let descriptor: Google_Protobuf_EnumDescriptorProto
    private let swiftName: String
    private let fullName: String
    private let path: [Int32]
    private let schema: SchemaIndex
    private let comments: SourceComments

    init(
        _ descriptor: Google_Protobuf_EnumDescriptorProto, scope: String, path: [Int32], schema: SchemaIndex,
        comments: SourceComments
    ) {
        self.descriptor = descriptor
        fullName = String((scope + "." + (descriptor.name ?? "")).dropFirst())
        swiftName = schema.declaredName(of: "." + fullName)
        self.path = path
        self.schema = schema
        self.comments = comments
    }

    private struct Case {
        let name: String
        let schemaName: String
        let number: Int32
        let comment: String?
        let aliased: String?
    }

    func write(to printer: inout CodePrinter) {
        let cases = plannedCases()
        printer.documentation(comments[path], otherwise: "`\(fullName)`")
        printer.block("public enum \(swiftName): ProtobufEnum") { printer in
            for value in cases {
                printer.documentation(value.comment)
                if let aliased = value.aliased {
                    printer.line(
                        "public static var \(NamingRules.quoted(value.name)): Self { .\(NamingRules.quoted(aliased)) }"
                    )
                } else {
                    printer.line("case \(NamingRules.quoted(value.name))")
                }
            }
            printer.line("/// A number this version of the enum has no name for.")
            printer.line("case unrecognized(Int32)")
            printer.line()
            printer.line("public static let fullName = \"\(fullName)\"")
            let own = cases.filter { $0.aliased == nil }
            printer.line()
            printer.block("public init(rawValue: Int32)") { printer in
                printer.line("switch rawValue {")
                for value in own {
                    printer.line("case \(value.number): self = .\(NamingRules.quoted(value.name))")
                }
                printer.line("default: self = .unrecognized(rawValue)")
                printer.line("}")
            }
            printer.line()
            printer.block("public var rawValue: Int32") { printer in
                printer.line("switch self {")
                for value in own {
                    printer.line("case .\(NamingRules.quoted(value.name)): \(value.number)")
                }
                printer.line("case .unrecognized(let number): number")
                printer.line("}")
            }
            printer.line()
            printer.block("public var isRecognized: Bool") { printer in
                printer.line("if case .unrecognized = self { false } else { true }")
            }
            let told = schema.customOptions.ofValues.map { write($0, to: &printer) }
            if told.contains(true) { writeNames(to: &printer) }
        }
    }

    private func writeNames(to printer: inout CodePrinter) {
        printer.line()
        printer.line("/// The names of its values in the schema.")
        printer.line("public static let valueNames: [\(swiftName): String] = [")
        for value in plannedCases() where value.aliased == nil {
            printer.line("    .\(NamingRules.quoted(value.name)): \"\(value.schemaName)\",")
        }
        printer.line("]")
    }

    /// - Returns: false when no value has the option.
    private func write(_ option: CustomOptions.Option, to printer: inout CodePrinter) -> Bool {
        var seen: Set<Int32> = []
        let told = zip(descriptor.value, Self.names(of: descriptor)).compactMap { value, name in
            schema.customOptions.value(option, of: value).flatMap { message in
                seen.insert(value.number ?? 0).inserted ? (name: name, message: message) : nil
            }
        }
        guard !told.isEmpty else { return false }
        let type = "[\(swiftName): \(schema.swiftName(of: option.typeName))]"
        printer.line()
        printer.line("/// What `\(option.fullName)` says of each value that has it.")
        printer.block("public static let \(option.property): \(type) =", tail: "()") { printer in
            printer.line("var options: \(type) = [:]")
            for (name, message) in told {
                OptionLiteral(schema: schema).write(
                    message, after: "options[.\(NamingRules.quoted(name))] = ", before: "", to: &printer)
            }
            printer.line("return options")
        }
        return true
    }

    private func plannedCases() -> [Case] {
        var first: [Int32: String] = [:]
        return zip(descriptor.value, Self.names(of: descriptor)).enumerated().map { index, pair in
            let (number, name) = (pair.0.number ?? 0, pair.1)
            let aliased = first[number]
            if aliased == nil { first[number] = name }
            return Case(
                name: name, schemaName: pair.0.name ?? "", number: number, comment: comments[path + [2, Int32(index)]],
                aliased: aliased)
        }
    }

    /// The Swift name of each value, in the order of the schema.
    private static func names(of descriptor: Google_Protobuf_EnumDescriptorProto) -> [String] {
        var names = NameScope { ReservedNames.enumMembers.contains($0) }
        return descriptor.value.enumerated().map { index, value in
            let wanted = NamingRules.caseName(value.name ?? "", enumName: descriptor.name ?? "")
            return names.claim(wanted, suffix: ReservedNames.enumMembers.contains(wanted) ? "_" : "_\(index)")
        }
    }

    /// The Swift case of each number.
    static func caseNames(of descriptor: Google_Protobuf_EnumDescriptorProto) -> [Int32: String] {
        Dictionary(
            zip(descriptor.value.map { $0.number ?? 0 }, names(of: descriptor)),
            uniquingKeysWith: { first, _ in first })
    }
}
