internal import ProtobufReflection

/// The page that lists every call and every reason of a package, in Markdown.
struct ReferencePage {
    private let files: [Google_Protobuf_FileDescriptorProto]
    private let comments: CallComments

    init(_ files: [Google_Protobuf_FileDescriptorProto], _ schema: SchemaIndex) {
        self.files = files.filter { !$0.service.isEmpty }
        comments = CallComments(schema)
    }

    func text() -> String {
        var page = CodePrinter()
        page.line("<!-- Generated from proto/ by tools/generate; do not edit. -->")
        page.line("# API reference")
        page.line()
        page.line("Generated from the options `\(CallComments.callOption)` and `\(CallComments.reasonOption)` of the")
        page.line(".proto files, which the service itself enforces. The .proto files describe each field and its unit.")
        page.line("A call without side effects is safe to retry, also for a proxy.")
        for file in files {
            let comments = SourceComments(file)
            for (index, service) in file.service.enumerated() { write(service, index, comments, to: &page) }
        }
        writeReasons(to: &page)
        return page.text
    }

    private func write(
        _ service: Google_Protobuf_ServiceDescriptorProto, _ index: Int, _ written: SourceComments,
        to page: inout CodePrinter
    ) {
        page.line()
        page.line("## \(service.name ?? "")")
        page.line()
        page.line("| call | roles | restriction | reasons |")
        page.line("|---|---|---|---|")
        for (place, method) in service.method.enumerated() {
            guard let contract = comments.contract(of: method) else { continue }
            var roles = contract.isOpen ? "no token needed" : contract.roles.joined(separator: ", ")
            if contract.hasEmergency { roles += "; any clinician in an emergency" }
            let reasons = contract.reasons.map { "`\($0.word)`" }.joined(separator: ", ")
            let what = Self.firstSentence(written[[6, Int32(index), 2, Int32(place)]] ?? "")
            let traits = [
                method.serverStreaming == true ? "stream" : nil,
                contract.hasNoSideEffects ? "no side effects" : nil,
            ].compactMap(\.self)
            let name = "**\(method.name ?? "")**" + (traits.isEmpty ? "" : " (\(traits.joined(separator: ", ")))")
            page.line("| \(name): \(what) | \(roles) | \(contract.standing ?? "none") | \(reasons) |")
        }
    }

    private func writeReasons(to page: inout CodePrinter) {
        page.line()
        page.line("## Reasons")
        page.line()
        page.line("Values of `google.rpc.ErrorInfo.reason` in the domain `telehealth.v1`, with the keys of its metadata;")
        page.line("a key marked `?` may be absent. Every call may return the reasons marked 'Every call.'")
        page.line()
        page.line("| reason | code | metadata | details | meaning |")
        page.line("|---|---|---|---|---|")
        for reason in comments.reasons {
            let keys = reason.metadata.map { "`\($0)`" } + reason.sometimes.map { "`\($0)`?" }
            let scope = reason.scope == "EVERY_CALL" ? " Every call." : ""
            page.line(
                "| `\(reason.word)` | \(reason.code) | \(keys.joined(separator: ", ")) | "
                    + "\(reason.details.joined(separator: ", ")) | \(reason.comment)\(scope) |")
        }
    }

    static func firstSentence(_ comment: String) -> String {
        let text = CallComments.oneLine(comment)
        guard let end = text.firstRange(of: ". ") else { return text }
        return text[..<end.lowerBound] + "."
    }
}
