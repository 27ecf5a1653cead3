internal import ProtobufReflection

/// Generates the struct of one message: properties, nested types, one encode and one merge method.
struct MessageGenerator {
    private let descriptor: Google_Protobuf_DescriptorProto
    private let swiftName: String
    private let fullName: String
    private let path: [Int32]
    private let isProto3: Bool
    private let schema: SchemaIndex
    private let comments: SourceComments
    private let fields: [FieldPlan]
    private let oneofs: [OneofGenerator]

    /// - Parameters:
    ///   - scope: full name of what encloses the message, with a leading dot.
    init(
        _ descriptor: Google_Protobuf_DescriptorProto, scope: String, path: [Int32], isProto3: Bool,
        schema: SchemaIndex, comments: SourceComments
    ) {
        self.descriptor = descriptor
        fullName = String((scope + "." + (descriptor.name ?? "")).dropFirst())
        self.path = path
        self.schema = schema
        self.comments = comments
        swiftName = schema.declaredName(of: "." + fullName)
        let names =
            schema.messages["." + fullName]?.members ?? MemberNames(of: descriptor, isType: schema.isTopLevelType)
        fields = descriptor.field.enumerated().map { index, field in
            FieldPlan(
                field, index: index, name: names.fields[index], box: names.boxes[index], isProto3: isProto3,
                schema: schema)
        }
        let plans = fields
        oneofs = names.oneofs.enumerated().compactMap { index, names in
            let members = plans.filter { $0.oneof == index }
            guard !members.isEmpty else { return nil }
            return OneofGenerator(
                names, members: members, comment: comments[path + [8, Int32(index)]],
                fieldComments: members.map { comments[path + [2, Int32($0.index)]] }, schema: schema,
                indirect: Set(
                    members.filter { schema.boxed.contains(descriptor.field[$0.index].typeName ?? "") }.map(
                        \.number)))
        }
        self.isProto3 = isProto3
    }

    func write(to printer: inout CodePrinter) {
        printer.documentation(comments[path], otherwise: "`\(fullName)`")
        printer.block("public struct \(swiftName): Message") { printer in
            printer.line("public static let fullName = \"\(fullName)\"")
            writeProperties(to: &printer)
            printer.line()
            printer.line("public init() {}")
            printer.line()
            writeEncode(to: &printer)
            printer.line()
            writeMerge(to: &printer)
            writeChecks(to: &printer)
            for oneof in oneofs {
                printer.line()
                oneof.writeType(to: &printer)
            }
            writeNestedTypes(to: &printer)
        }
    }

    private func writeProperties(to printer: inout CodePrinter) {
        var writtenOneofs: Set<Int> = []
        for field in fields {
            if let index = field.oneof {
                guard writtenOneofs.insert(index).inserted, let oneof = oneof(index) else { continue }
                printer.documentation(oneof.comment)
                printer.line("public var \(oneof.quotedName): \(oneof.typeName)?")
                continue
            }
            printer.documentation(comments[path + [2, Int32(field.index)]])
            guard field.isBoxed else {
                printer.line("public var \(field.quotedName): \(field.propertyType)\(field.initialValue)")
                continue
            }
            printer.block("public var \(field.quotedName): \(field.propertyType)") { printer in
                printer.line("get { \(field.storedName)?.value }")
                printer.line("set { \(field.storedName) = newValue.map(Boxed.init) }")
            }
            printer.line("private var \(field.storedName): Boxed<\(field.valueType)>?")
        }
        printer.line("public var unknownFields = UnknownFields()")
    }

    private func oneof(_ index: Int) -> OneofGenerator? {
        oneofs.first { $0.members.first?.oneof == index }
    }

    private func writeEncode(to printer: inout CodePrinter) {
        printer.block("public func encode(into buffer: inout ByteBuffer)") { printer in
            var writtenOneofs: Set<Int> = []
            for field in fields.sorted(by: { $0.number < $1.number }) {
                if let index = field.oneof {
                    guard writtenOneofs.insert(index).inserted else { continue }
                    oneof(index)?.writeEncode(to: &printer)
                } else {
                    printer.line(field.encodeLine)
                }
            }
            printer.line("buffer.writeUnknown(unknownFields)")
        }
    }

    private func writeMerge(to printer: inout CodePrinter) {
        printer.block("public mutating func merge(from reader: inout WireReader) throws(WireError)") {
            printer in
            printer.block("while let tag = try reader.nextTag()") { printer in
                printer.line("switch tag {")
                for field in fields.sorted(by: { $0.number < $1.number }) {
                    if let index = field.oneof {
                        oneof(index)?.writeMerge(of: field, to: &printer)
                    } else {
                        for line in field.mergeLines { printer.line(line) }
                    }
                }
                printer.line("default: guard try reader.keepUnknown(tag, in: &unknownFields) else { return }")
                printer.line("}")
            }
        }
    }

    private func writeChecks(to printer: inout CodePrinter) {
        guard let rules = schema.rules(of: "." + fullName) else { return }
        printer.line()
        let reached = oneofs.map { ($0.members.first?.oneof ?? 0, $0.reachedName) }
        CheckGenerator(
            descriptor: descriptor, rules: rules, fields: fields,
            oneofs: Dictionary(reached) { first, _ in first }, schema: schema
        ).write(to: &printer)
    }

    private func writeNestedTypes(to printer: inout CodePrinter) {
        let scope = "." + fullName
        for (index, type) in descriptor.enumType.enumerated() {
            printer.line()
            EnumGenerator(
                type, scope: scope, path: path + [4, Int32(index)], schema: schema, comments: comments
            ).write(to: &printer)
        }
        for (index, message) in descriptor.nestedType.enumerated() where message.options?.mapEntry != true {
            printer.line()
            MessageGenerator(
                message, scope: scope, path: path + [3, Int32(index)], isProto3: isProto3, schema: schema,
                comments: comments
            ).write(to: &printer)
        }
    }
}
