internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `TelehealthService`: visits from creation to end. Watching, screen shares and the end are in extensions.
struct VisitHandler: Telehealth_V1_TelehealthServiceHandler {
    let useCases: UseCases
    let views: SessionViews
    let longWork: any TaskExecutor
    let watchWork: any TaskExecutor

    func createSession(_ request: Telehealth_V1_CreateSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_CreateSessionResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = CreateSession(
            appointmentID: .init(request.appointmentID),
            admissionPolicy: fields.choiceOrDefault(
                "admission_policy", request.admissionPolicy,
                AdmissionPolicy(request.admissionPolicy).map(Optional.some),
                default: nil))
        try fields.finish()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.create(command, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func getSession(_ request: Telehealth_V1_GetSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetSessionResponse
    {
        let reference: SessionReference =
            switch request.key {
            case .sessionID(let id)?: .session(.init(id))
            case .appointmentID(let id)?: .appointment(.init(id))
            // The contract excludes this.
            case nil: .session(.init(""))
            }
        let invocation = try context.readingOnce()
        let state = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.get(reference, invocation)
        }
        return .with { $0.session = views.view(state, for: invocation.caller) }
    }

    func listSessions(_ request: Telehealth_V1_ListSessionsRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListSessionsResponse
    {
        var fields = RequestFields()
        var query = SessionQuery()
        query.clientID = .given(request.clientID)
        query.clinicianID = .given(request.clinicianID)
        query.appointmentID = .given(request.appointmentID)
        query.statuses = request.statuses.enumerated().map { index, status in
            fields.choice("statuses[\(index)]", status, SessionStatus(status), default: .scheduled)
        }
        query.startsFrom = fields.optionalTime("scheduled_start_time_from", request.scheduledStartTimeFrom)
        query.startsBefore = fields.optionalTime("scheduled_start_time_before", request.scheduledStartTimeBefore)
        query.limit = PageToken.pageSize(request.pageSize)
        try fields.finish()
        let filters = Self.filters(query)
        if let token = try PageToken(request.pageToken, filters: filters) {
            query.after = (Timestamp(microseconds: token.number), SessionID(token.id))
        }
        let invocation = try context.readingOnce()
        let asked = query
        let page = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await useCases.sessions.list(asked, invocation)
        }
        var response = Telehealth_V1_ListSessionsResponse()
        response.sessions = page.sessions.map { row in
            guard let place = page.places[row.id] else { return row.wire(for: Viewer(invocation.caller)) }
            let part = SessionState(session: row, participants: [place])
            return row.wire(for: Viewer(invocation.caller, in: part))
        }
        if let next = page.next {
            response.nextPageToken = PageToken(number: next.startsAt.microseconds, id: next.id.rawValue)
                .text(filters: filters)
        }
        return response
    }

    /// Everything in a list request that selects rows, as one text; ids cannot contain a space.
    private static func filters(_ query: SessionQuery) -> String {
        let parts: [String?] = [
            query.clientID?.rawValue, query.clinicianID?.rawValue, query.appointmentID?.rawValue,
            query.statuses.map(\.rawValue).joined(separator: ","),
            query.startsFrom.map { "\($0.microseconds)" },
            query.startsBefore.map { "\($0.microseconds)" },
        ]
        return "sessions " + parts.map { $0 ?? "-" }.joined(separator: " ")
    }

    func joinSession(_ request: Telehealth_V1_JoinSessionRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_JoinSessionResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        var session = SessionID("")
        var appointment: AppointmentID?
        switch request.key {
        case .sessionID(let id): session = .init(id)
        case .appointmentID(let id): appointment = .init(id)
        // The contract excludes this.
        case nil: break
        }
        let device = ParticipantID.given(request.deviceID)?.rawValue
        let check = request.preVisitCheck.map { PreVisitCheck($0, &fields) }
        if check != nil, invocation.caller.role == .clinician {
            fields.refuse("pre_visit_check", "must come from the patient or guardian, not from a clinician")
        }
        try fields.finish()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            if let appointment {
                let read = invocation.withoutOwnAuditRow
                session = try await useCases.sessions.get(.appointment(appointment), read).session.id
            }
            return try await useCases.sessions.join(
                .init(sessionID: session, preVisitCheck: check, deviceID: device), invocation)
        }
        var response = Telehealth_V1_JoinSessionResponse()
        response.outcome = outcome.media == nil ? .waiting : .admitted
        response.session = views.view(outcome.state, for: invocation.caller)
        response.participant = views.view(
            outcome.participant, in: outcome.state, for: invocation.caller)
        response.credentials = outcome.media?.wire
        return response
    }

    func heartbeat(_ request: Telehealth_V1_HeartbeatRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_HeartbeatResponse
    {
        let session = SessionID(request.sessionID)
        let invocation = try context.reading()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.sessions.heartbeat(session, invocation)
        }
        return .with {
            $0.status = outcome.status.wire
            $0.participantState = outcome.participantState.wire
            $0.sequence = outcome.lastEventSequence
            $0.nextWithin = outcome.nextWithin.wire
        }
    }
}
