internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `ConsentDocumentService`.
struct ConsentDocumentHandler: Telehealth_V1_ConsentDocumentServiceHandler {
    static let defaultLanguage = "en-US"

    let useCases: UseCases
    let time: any TimeSource

    func putConsentDocument(_ request: Telehealth_V1_PutConsentDocumentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_PutConsentDocumentResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = PutConsentDocument(
            type: fields.consentType("type", request.type, in: useCases.policy.places) ?? .recording,
            version: request.version,
            language: fields.language("language", request.language),
            text: fields.text("text", request.text),
            effectiveAt: fields.optionalTime("effective_time", request.effectiveTime))
        try fields.finish()
        let document = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.documents.put(command, invocation)
        }
        return .with { $0.document = document.wire }
    }

    func getConsentDocument(_ request: Telehealth_V1_GetConsentDocumentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetConsentDocumentResponse
    {
        var fields = RequestFields()
        let type = fields.consentType("type", request.type, in: useCases.policy.places) ?? .recording
        let version = fields.optionalText("version", request.version)
        let language = fields.optionalLanguage("language", request.language) ?? Self.defaultLanguage
        try fields.finish()
        let invocation = try context.readingOnce()
        let documents = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.documents.list(type, invocation)
        }
        let now = time.now
        let found = documents.filter { version == nil ? $0.effectiveAt <= now : $0.version == version }
            .inLanguage(lookedUp: language).max { $0.effectiveAt < $1.effectiveAt }
        guard let found else { throw TelehealthError(.documentNotFound).asRPCError }
        return .with { $0.document = found.wire }
    }

    func listConsentDocuments(
        _ request: Telehealth_V1_ListConsentDocumentsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_ListConsentDocumentsResponse {
        var fields = RequestFields()
        let types =
            request.type.isEmpty
            ? useCases.policy.places.types
            : [fields.consentType("type", request.type, in: useCases.policy.places)].compactMap { $0 }
        let language = fields.optionalLanguage("language", request.language).flatMap(LanguageTag.init)
        try fields.finish()
        let filters = "documents \(request.type) \(request.inForceOnly) \(language?.text ?? "-")"
        let token = try PageToken(request.pageToken, filters: filters)
        let invocation = try context.readingOnce()
        try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.audit.recordRead(context.method.name, invocation)
        }
        var documents: [ConsentDocument] = []
        for type in types {
            let registered = try await mappingDomainErrors { () async throws(TelehealthError) in
                try await useCases.documents.list(type, invocation.withoutOwnAuditRow)
            }
            let texts = request.inForceOnly ? Self.inForce(registered, at: time.now) : registered
            let covered = texts.filter { text in
                language.map { LanguageTag(text.language)?.isCovered(by: $0) ?? false } ?? true
            }
            documents += covered.sorted { ($1.effectiveAt, $0.language) < ($0.effectiveAt, $1.language) }
        }
        let size = PageToken.pageSize(request.pageSize)
        let start = min(max(0, token.map { Int(clamping: $0.number) } ?? 0), documents.count)
        let page = documents[start...].prefix(size)
        var response = Telehealth_V1_ListConsentDocumentsResponse()
        response.documents = page.map(\.basicWire)
        if page.endIndex < documents.count {
            response.nextPageToken = PageToken(number: Int64(page.endIndex), id: "d").text(filters: filters)
        }
        return response
    }

    func listPlacePolicies(_ request: Telehealth_V1_ListPlacePoliciesRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListPlacePoliciesResponse
    {
        .with {
            $0.policies = useCases.documents.placePolicies.map(\.wire)
            $0.homePlace = useCases.policy.places.home
        }
    }

    /// The newest text of each language that is in force.
    private static func inForce(_ documents: [ConsentDocument], at now: Timestamp) -> [ConsentDocument] {
        let effective = documents.filter { $0.effectiveAt <= now }
        return Dictionary(grouping: effective, by: \.language).values
            .compactMap { $0.max { $0.effectiveAt < $1.effectiveAt } }
    }
}
