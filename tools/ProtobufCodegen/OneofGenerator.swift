internal import ProtobufReflection

/// Generates the enum of a oneof and its share of the message's methods.
struct OneofGenerator {
    let members: [FieldPlan]
    let comment: String?
    let quotedName: String
    let typeName: String
    let reachedName: String
    private let fieldComments: [String?]
    /// Numbers of the members whose message is large or recursive.
    private let indirect: Set<UInt32>

    init(
        _ names: MemberNames.Oneof, members: [FieldPlan], comment: String?,
        fieldComments: [String?], schema: SchemaIndex, indirect: Set<UInt32>
    ) {
        self.members = members
        self.comment = comment
        self.fieldComments = fieldComments
        self.indirect = indirect
        quotedName = NamingRules.quoted(names.property)
        reachedName = NamingRules.reached(names.property)
        typeName = names.type
    }

    func writeType(to printer: inout CodePrinter) {
        printer.documentation(comment, otherwise: "Which field of `\(quotedName)` is set.")
        printer.block("public enum \(typeName): Sendable, Hashable") { printer in
            for (member, comment) in zip(members, fieldComments) {
                printer.documentation(comment)
                let keyword = indirect.contains(member.number) ? "indirect case" : "case"
                printer.line("\(keyword) \(member.quotedName)(\(member.valueType))")
            }
        }
    }

    func writeEncode(to printer: inout CodePrinter) {
        printer.line("switch \(reachedName) {")
        for member in members {
            let call =
                switch member.shape {
                case .message: "writeMessage(\(member.number), value)"
                case .group: "writeGroup(\(member.number), value)"
                default: "write(\(member.number), value, as: \(member.wireType).self)"
                }
            printer.line("case .\(member.quotedName)(let value)?: buffer.\(call)")
        }
        // Not `case nil`: of some hundred cases the compiler does not check whether they are all.
        printer.line("default: break")
        printer.line("}")
    }

    func writeMerge(of member: FieldPlan, to printer: inout CodePrinter) {
        let assign = "\(reachedName) = .\(member.quotedName)"
        switch member.shape {
        case .message, .group:
            let call = member.shape == .group ? "readGroup(\(member.number), &value)" : "readMessage(&value)"
            printer.line("case \(member.tag):")
            printer.indented { printer in
                printer.line("var value: \(member.valueType)?")
                printer.line("if case .\(member.quotedName)(let old)? = \(reachedName) { value = old }")
                printer.line("try reader.\(call)")
                printer.line("\(reachedName) = value.map { .\(member.quotedName)($0) }")
            }
        default:
            guard member.isClosedEnum else {
                printer.line(
                    "case \(member.tag): \(assign)(try reader.readValue(as: \(member.wireType).self))")
                return
            }
            printer.line("case \(member.tag): if let value = \(member.readClosed) { \(assign)(value) }")
        }
    }
}
