// Which sessions a caller is shown in a list: by appointment, and by the roster.

internal import TelehealthModel
public import TelehealthRules

extension SessionUseCases {
    /// The caller's own sessions; all, for the clinic's staff.
    ///
    /// - Throws: `INVALID_FIELD`.
    public func list(_ query: SessionQuery, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionPage
    {
        guard (1...200).contains(query.limit) else { throw .invalid("page_size", "must be 1 to 200") }
        switch invocation.caller.role {
        case .service, .scheduler, .admin: break
        case .guest: return try await guestSession(query, invocation)
        case .client:
            guard let own = invocation.caller.clientID else { return SessionPage(sessions: [], next: nil) }
            return try await personalSessions(of: own, query, invocation)
        case .clinician:
            return try await staffSessions(query, invocation)
        }
        return try await page(of: try await sessions(query), query, invocation)
    }

    private func sessions(_ query: SessionQuery) async throws(TelehealthError) -> [Session] {
        try await reading(await pipeline.store.sessions(query))
    }

    /// The visits in which the person is the client, and those of the clients whose guardian they are and still have a
    /// say in; none that they were sent away from.
    private func personalSessions(of person: SubjectID, _ query: SessionQuery, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionPage
    {
        var rows: [Session] = []
        if query.clientID == nil || query.clientID == person {
            var own = query
            own.clientID = person
            own.openTo = person
            rows += try await sessions(own)
        }
        if query.clientID != person {
            var asGuardian = query
            asGuardian.guardianID = person
            asGuardian.openTo = person
            rows += try await sessions(asGuardian)
        }
        rows.sort { ($0.startsAt, $0.id.rawValue) < ($1.startsAt, $1.id.rawValue) }
        rows = Array(rows.prefix(query.limit))
        var strangers: Set<SessionID> = []
        for row in rows where row.clientID != person && !row.guardsAdult {
            let state = try await reading(await pipeline.store.session(row.id))
            if let state, try await !pipeline.access.hasGuardian(state) { strangers.insert(row.id) }
        }
        return try await page(of: rows, query, invocation, hiding: strangers)
    }

    /// The visits that somebody with a clinician's token leads, and those that they were invited to.
    private func staffSessions(_ query: SessionQuery, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionPage
    {
        guard let own = invocation.caller.clinicianID else { return try await nothing(query, invocation) }
        var led: [Session] = []
        if query.clinicianID == nil || query.clinicianID == own {
            var asClinician = query
            asClinician.clinicianID = own
            led = try await sessions(asClinician)
        }
        var invited: [Session] = []
        if query.clinicianID != own {
            var asInvited = query
            asInvited.invitedID = own
            invited = try await sessions(asInvited)
        }
        if led.isEmpty && invited.isEmpty && query.clinicianID != nil && query.clinicianID != own {
            return try await nothing(query, invocation)
        }
        // A place that the appointment has replaced is announced by the appointment.
        var rows = led + invited.filter { $0.clinicianID != own }
        rows.sort { ($0.startsAt, $0.id.rawValue) < ($1.startsAt, $1.id.rawValue) }
        rows = Array(rows.prefix(query.limit))
        var places: [SessionID: Participant] = [:]
        for row in rows where row.clinicianID != own {
            places[row.id] = try await place(of: invocation.caller, in: row.id)
        }
        return try await page(of: rows, query, invocation, places: places)
    }

    /// A guest's pass is good for one visit. They are not shown whose it is, so they cannot ask by that.
    private func guestSession(_ query: SessionQuery, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionPage
    {
        guard let id = invocation.caller.guest?.sessionID, query.clientID == nil, query.clinicianID == nil,
            query.appointmentID == nil, let place = try await place(of: invocation.caller, in: id)
        else { return try await nothing(query, invocation) }
        let (state, _) = try await pipeline.access.visible(id, invocation.caller)
        let rows = [state.session].filter(query.matches)
        return try await page(of: rows, query, invocation, places: [id: place])
    }

    /// - Returns: nil for a place that one was sent away from.
    private func place(of caller: Caller, in id: SessionID) async throws(TelehealthError) -> Participant? {
        let state = try await reading(await pipeline.store.session(id))
        return state?.place(of: caller).flatMap { $0.isBarred ? nil : $0 }
    }

    private func page(
        of rows: [Session], _ query: SessionQuery, _ invocation: Invocation,
        places: [SessionID: Participant] = [:], hiding strangers: Set<SessionID> = []
    ) async throws(TelehealthError) -> SessionPage {
        // One row for the page: what a list shows of each visit is its time, people and status.
        try await pipeline.audit.read(
            "ListSessions", person: query.clientID, target: query.appointmentID?.rawValue, invocation)
        let next = rows.count == query.limit ? rows.last.map { ($0.startsAt, $0.id) } : nil
        return SessionPage(
            sessions: rows.compactMap { row in
                guard !strangers.contains(row.id) else { return nil }
                let standing =
                    CallerMembership.of(invocation.caller, in: row) ?? places[row.id].map { .participant($0.role) }
                return standing.map { Visibility.redact(row, for: $0) }
            }, places: places, next: next.map { (startsAt: $0.0, id: $0.1) })
    }

    /// Another person's sessions are not an error, but asking for them is recorded.
    private func nothing(_ query: SessionQuery, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionPage
    {
        try await pipeline.audit.recordDenial(
            action: "ListSessions", sessionID: nil, person: query.clientID, invocation,
            reason: TelehealthError.Reason.notAllowed.rawValue)
        return SessionPage(sessions: [], next: nil)
    }
}
