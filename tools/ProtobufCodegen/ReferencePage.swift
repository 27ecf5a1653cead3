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
        page.line("<!-- Made by tools/generate from proto/, never edited. -->")
        page.line("# The API in tables")
        page.line()
        page.line("Made from the options `\(CallComments.callOption)` and `\(CallComments.reasonOption)` of the")
        page.line(".proto files, which the service itself follows. Fields and their units are described there. A call")
        page.line("without side effects may be asked again by whoever lost its answer, a proxy too.")
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
        page.line("| call | roles | of these | may be refused with |")
        page.line("|---|---|---|---|")
        for (place, method) in service.method.enumerated() {
            guard let contract = comments.contract(of: method) else { continue }
            var roles = contract.isOpen ? "no token needed" : contract.roles.joined(separator: ", ")
            if contract.hasEmergency { roles += "; in an emergency any clinician" }
            let reasons = contract.reasons.map { "`\($0.word)`" }.joined(separator: ", ")
            let what = Self.firstSentence(written[[6, Int32(index), 2, Int32(place)]] ?? "")
            let traits = [
                method.serverStreaming == true ? "stream" : nil,
                contract.hasNoSideEffects ? "no side effects" : nil,
            ].compactMap(\.self)
            let name = "**\(method.name ?? "")**" + (traits.isEmpty ? "" : " (\(traits.joined(separator: ", ")))")
            page.line("| \(name): \(what) | \(roles) | \(contract.standing ?? "all") | \(reasons) |")
        }
    }

    private func writeReasons(to page: inout CodePrinter) {
        page.line()
        page.line("## Reasons")
        page.line()
        page.line("`google.rpc.ErrorInfo.reason`, with its domain `telehealth.v1`. The keys stand in its metadata;")
        page.line("a key with `?` may be absent. Every call may answer those that say so.")
        page.line()
        page.line("| reason | code | metadata | comes with | what it means |")
        page.line("|---|---|---|---|---|")
        for reason in comments.reasons {
            let keys = reason.metadata.map { "`\($0)`" } + reason.sometimes.map { "`\($0)`?" }
            let scope = reason.scope == "EVERY_CALL" ? " Every call." : ""
            page.line(
                "| `\(reason.word)` | \(reason.code) | \(keys.joined(separator: ", ")) | "
                    + "\(reason.details.joined(separator: ", ")) | \(reason.comment)\(scope) |")
        }
    }

    private static func firstSentence(_ comment: String) -> String {
        let text = CallComments.oneLine(comment)
        guard let end = text.firstRange(of: ". ") else { return text }
        return text[..<end.lowerBound] + "."
    }
}
