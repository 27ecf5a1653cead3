internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension ConsentHandler {
    func getConsentStatus(_ request: Telehealth_V1_GetConsentStatusRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetConsentStatusResponse
    {
        var fields = RequestFields()
        let asked = request.actions.enumerated().map { index, action in
            fields.choice("actions[\(index)]", action, ConsentAction(action), default: .join)
        }
        let purpose = fields.choiceOrDefault(
            "purpose", request.purpose, Recording.Purpose(request.purpose), default: .clinical)
        let person = SubjectID(request.personID)
        let matter: ConsentMatter
        if let session = SessionID.given(request.sessionID) {
            matter = .visit(session, person: .given(request.personID))
        } else {
            matter = .person(person)
            if request.personID.isEmpty { fields.refuse("person_id", "is required without a session_id") }
        }
        try fields.finish()
        let invocation = try context.readingOnce()
        let status = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.status(
                of: asked.isEmpty ? ConsentAction.allCases : asked, for: purpose, in: matter, invocation)
        }
        var response = Telehealth_V1_GetConsentStatusResponse()
        response.judgements = status.judgements.map(\.wire)
        response.consents = status.file.map(wireCounting) ?? []
        response.evaluateTime = status.evaluatedAt.wire
        return response
    }

    /// For each type the record in effect, or the last one ended.
    private func wireCounting(_ file: ConsentFile) -> [Telehealth_V1_Consent] {
        // Types that no policy defines any longer follow the others.
        let known = useCases.policy.places.types
        let others = Set(file.records.map(\.type)).subtracting(known).sorted { $0.id < $1.id }
        return (known + others).compactMap { type in
            let own = file.records.filter { $0.type == type }
            let counting = own.last { $0.supersededBy == nil && $0.revokedAt == nil }
            return (counting ?? own.last).map { wire($0, in: file) }
        }
    }

    func listConsents(_ request: Telehealth_V1_ListConsentsRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListConsentsResponse
    {
        var fields = RequestFields()
        let subject = SubjectID(request.personID)
        let type: ConsentType? =
            request.type.isEmpty
            ? nil : fields.consentType("type", request.type, in: useCases.policy.places)
        let limit = PageToken.pageSize(request.pageSize)
        try fields.finish()
        let onlyRenewals = request.renewalRequiredOnly
        let filters =
            "consents \(subject.rawValue) \(type?.rawValue ?? "-")\(onlyRenewals ? " renewals" : "")"
        let token = try PageToken(request.pageToken, filters: filters)
        let invocation = try context.readingOnce()
        let file = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.consents.file(of: subject, invocation)
        }
        let records = file.records
        // The history only grows at its end, so a position counted from the beginning remains the same row.
        let before = token.map { Int(clamping: $0.number) } ?? records.count
        let rows = records.enumerated().prefix(max(0, before)).reversed().filter {
            (type == nil || $0.element.type == type)
                && (!onlyRenewals || file.renewals.contains($0.element.id))
        }
        var response = Telehealth_V1_ListConsentsResponse()
        response.consents = rows.prefix(limit).map { wire($0.element, in: file) }
        if rows.count > limit {
            let last = rows[limit - 1]
            response.nextPageToken = PageToken(number: Int64(last.offset), id: last.element.id.rawValue)
                .text(filters: filters)
        }
        return response
    }

    func wire(_ record: ConsentRecord, in file: ConsentFile) -> Telehealth_V1_Consent {
        record.wire(
            now: time.now, isDueForRenewal: file.renewals.contains(record.id),
            hasEnded: file.ended.contains(record.id))
    }
}
