internal import ProtobufReflection

/// Generates `checkRules(_:)` of one message: plain comparisons in the order in which protovalidate names what is
/// wrong.
struct CheckGenerator {
    let descriptor: Google_Protobuf_DescriptorProto
    let rules: MessageRules
    let fields: [FieldPlan]
    /// How the message's methods reach each oneof, by its index in the descriptor.
    let oneofs: [Int: String]
    let schema: SchemaIndex

    func write(to printer: inout CodePrinter) {
        printer.block("public func checkRules(_ violations: inout RuleViolations)") { printer in
            for index in rules.requiredOneofs.sorted() {
                guard let oneof = oneofs[index] else { continue }
                let name = NamingRules.literal(descriptor.oneofDecl[index].name ?? "")
                printer.block("if \(oneof) == nil") { printer in
                    printer.line("violations.add(\"\(name)\", \"required\", \"must have one of its fields set\")")
                }
            }
            for field in fields {
                if let own = rules.fields[field.index] { write(field, own, to: &printer) }
            }
        }
    }

    private func name(of field: FieldPlan) -> String { NamingRules.literal(descriptor.field[field.index].name ?? "") }

    private func write(_ field: FieldPlan, _ own: FieldRules, to printer: inout CodePrinter) {
        let oneof = field.oneof.flatMap { oneofs[$0] }
        switch field.shape {
        case .implicit where oneof == nil:
            writeImplicit(field, own, to: &printer)
        case .implicit, .explicit, .message, .group:
            writePresent(field, own, oneof, to: &printer)
        case .repeated, .repeatedMessage, .repeatedGroup, .map:
            let present = "!\(field.reachedName).isEmpty"
            writeGuarded(own, present: present, field, to: &printer) { printer in
                writeChecks(own.checks, field.reachedName, "\"\(name(of: field))\"", to: &printer)
                writeElements(field, own, to: &printer)
            }
        }
    }

    private func writeImplicit(_ field: FieldPlan, _ own: FieldRules, to printer: inout CodePrinter) {
        let present = FieldPlan.isPresent(field.reachedName, field.kind)
        writeGuarded(own, present: present, field, to: &printer) { printer in
            writeChecks(own.checks, field.reachedName, "\"\(name(of: field))\"", to: &printer)
        }
    }

    /// What counts only where the field is not zero or not empty, or must be.
    private func writeGuarded(
        _ own: FieldRules, present: String, _ field: FieldPlan, to printer: inout CodePrinter,
        _ body: (inout CodePrinter) -> Void
    ) {
        guard own.isRequired || own.ignoresZero else { return body(&printer) }
        if own.checks.isEmpty && own.elements.isEmpty && own.keys.isEmpty {
            // `!x.isEmpty` asked the other way round.
            let absent = present.hasPrefix("!") ? String(present.dropFirst()) : "!(\(present))"
            if own.isRequired { writeMissing("if \(absent)", field, to: &printer) }
            return
        }
        writeBranches("if \(present)", field, isRequired: own.isRequired, to: &printer, body)
    }

    /// A field whose presence is known: nothing is asked of one that is not set, but to be.
    private func writePresent(
        _ field: FieldPlan, _ own: FieldRules, _ oneof: String?, to printer: inout CodePrinter
    ) {
        guard own.isChecked || !own.checks.isEmpty else {
            guard let oneof else { return writeMissing("if \(field.storedName) == nil", field, to: &printer) }
            return writeMissing("if case .\(field.quotedName)? = \(oneof) {} else", field, to: &printer)
        }
        let condition =
            oneof.map { "if case .\(field.quotedName)(let value)? = \($0)" } ?? "if let value = \(field.reachedName)"
        writeBranches(condition, field, isRequired: own.isRequired, to: &printer) { printer in
            writeChecks(own.checks, "value", "\"\(name(of: field))\"", to: &printer)
            if own.isChecked { printer.line("violations.check(value, in: \"\(name(of: field))\")") }
        }
    }

    private func writeBranches(
        _ condition: String, _ field: FieldPlan, isRequired: Bool, to printer: inout CodePrinter,
        _ body: (inout CodePrinter) -> Void
    ) {
        printer.line(condition + " {")
        printer.indented(body)
        if isRequired { writeMissing("} else", field, to: &printer) } else { printer.line("}") }
    }

    private func writeMissing(_ head: String, _ field: FieldPlan, to printer: inout CodePrinter) {
        printer.block(head) { printer in
            printer.line("violations.add(\"\(name(of: field))\", \"required\", \"is required\")")
        }
    }

    private func writeElements(_ field: FieldPlan, _ own: FieldRules, to printer: inout CodePrinter) {
        if own.elements.isEmpty && own.keys.isEmpty { return }
        let name = name(of: field)
        guard let entry = schema.mapEntry(of: descriptor.field[field.index]) else {
            printer.block("for (index, value) in \(field.reachedName).enumerated()") { printer in
                write(own.elements, "value", field.kind, "\"\(name)\"", at: "index", to: &printer)
            }
            return
        }
        let value = own.elements.isEmpty ? "_" : "value"
        printer.block("for (key, \(value)) in \(field.reachedName).pairs") { printer in
            let kinds = entry.field.map { $0.type ?? .int32 }
            write(own.keys, "key", kinds.first ?? .int32, "\"\(name)\"", at: "key", to: &printer)
            write(own.elements, "value", kinds.last ?? .int32, "\"\(name)\"", at: "key", to: &printer)
        }
    }

    private func write(
        _ elements: FieldRules.Elements, _ value: String, _ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum,
        _ name: String, at place: String, to printer: inout CodePrinter
    ) {
        func writeBody(_ printer: inout CodePrinter) {
            writeChecks(elements.checks, value, "\(name), at: \(place)", to: &printer)
            if elements.areChecked { printer.line("violations.check(\(value), in: \(name), at: \(place))") }
        }
        if elements.isEmpty { return }
        guard elements.ignoresZero else { return writeBody(&printer) }
        printer.block("if \(FieldPlan.isPresent(value, kind))", writeBody)
    }

    private func writeChecks(
        _ checks: [ValueCheck], _ value: String, _ place: String, to printer: inout CodePrinter
    ) {
        for check in checks {
            let said = "\"\(NamingRules.literal(check.rule))\", \"\(NamingRules.literal(check.sentence))\""
            printer.block("if \(check.isBroken(value))") { $0.line("violations.add(\(place), \(said))") }
        }
    }
}
