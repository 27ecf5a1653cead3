internal import ProtobufReflection

/// Generates a Swift enum with a case per name and `unrecognized` for other numbers.
struct EnumGenerator {
    private let descriptor: Google_Protobuf_EnumDescriptorProto
    private let swiftName: String
    private let fullName: String
    private let path: [Int32]
    private let comments: SourceComments

    init(
        _ descriptor: Google_Protobuf_EnumDescriptorProto, scope: String, path: [Int32], schema: SchemaIndex,
        comments: SourceComments
    ) {
        self.descriptor = descriptor
        fullName = String((scope + "." + (descriptor.name ?? "")).dropFirst())
        swiftName = schema.declaredName(of: "." + fullName)
        self.path = path
        self.comments = comments
    }

    private struct Case {
        let name: String
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
        }
    }

    private func plannedCases() -> [Case] {
        var names = NameScope { ReservedNames.enumMembers.contains($0) }
        var first: [Int32: String] = [:]
        return descriptor.value.enumerated().map { index, value in
            let number = value.number ?? 0
            let wanted = NamingRules.caseName(value.name ?? "", enumName: descriptor.name ?? "")
            let isReserved = ReservedNames.enumMembers.contains(wanted)
            let name = names.claim(wanted, suffix: isReserved ? "_" : "_\(index)")
            let aliased = first[number]
            if aliased == nil { first[number] = name }
            return Case(
                name: name, number: number, comment: comments[path + [2, Int32(index)]], aliased: aliased)
        }
    }
}
