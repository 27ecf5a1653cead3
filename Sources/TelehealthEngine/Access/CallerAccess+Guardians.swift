// Who signs for somebody, and where they are.

internal import TelehealthModel
internal import TelehealthRules

extension CallerAccess {
    /// Who signs for somebody outside a visit.
    func guardianRow(of subject: SubjectID) async throws(TelehealthError) -> Appointment? {
        let rows = try await bookedRows(of: subject)
        if !rows.contains(where: { $0.guardianID != nil }) { return nil }
        return Guardianship.row(
            among: rows, try await birthDate(of: subject), try await placeContext(of: subject))
    }

    /// Who signs for somebody.
    ///
    /// - Parameter visit: whose own row says so; nil = outside a visit.
    func guardian(of subject: SubjectID, in visit: SessionID?) async throws(TelehealthError) -> Guardianship.Signer? {
        guard let visit else {
            guard let row = try await guardianRow(of: subject), let id = row.guardianID else { return nil }
            return Guardianship.Signer(id: id, standing: .appointment(row.id, version: row.version))
        }
        let state = try await reading(await store.session(visit))
        guard let state, state.session.clientID == subject, let id = state.session.guardianID,
            try await hasGuardian(state)
        else { return nil }
        return Guardianship.Signer(id: id, standing: .session(visit, version: state.session.version))
    }

    /// Whether the guardian whom a visit's row names has a say in it now.
    func hasGuardian(_ state: SessionState) async throws(TelehealthError) -> Bool {
        try await guardianshipEnd(state).map { contexts.time.now < $0 } ?? (state.session.guardianID != nil)
    }

    /// When the say of a visit's guardian ends, or ended; nil = no end is known, or nobody is named.
    func guardianshipEnd(_ state: SessionState) async throws(TelehealthError) -> Timestamp? {
        let session = state.session
        guard session.guardianID != nil, !session.guardsAdult else { return nil }
        return Guardianship.end(
            try await birthDate(of: session.clientID), guardsAdult: false,
            at: contexts.context().at(placeOf: state).place)
    }

    /// Whether an appointment's guardian has a say in it now.
    func hasGuardian(_ row: Appointment) async throws(TelehealthError) -> Bool {
        guard row.guardianID != nil, !row.guardsAdult else { return row.guardianID != nil }
        return Guardianship.stands(
            try await birthDate(of: row.clientID), guardsAdult: false,
            try await placeContext(of: row.clientID))
    }

    private func birthDate(of subject: SubjectID) async throws(TelehealthError) -> CivilDate? {
        try await reading(await store.consents(of: subject)).bornOn
    }

    /// Where somebody's open visit is, else home; with who signs for them as an adult.
    func placeContext(of subject: SubjectID) async throws(TelehealthError) -> RuleContext {
        let open = try await openSessions(of: subject).first { $0.session.clientID == subject }
        return open.map { contexts.context().at(placeOf: $0) } ?? contexts.context()
    }

    /// The client's booked appointments that are not over: by the clock, or because their visit is still running.
    ///
    /// - Parameter named: only this one, whoever its client is.
    func bookedRows(of client: SubjectID, _ named: AppointmentID? = nil) async throws(TelehealthError)
        -> [Appointment]
    {
        if let named {
            let row = try await reading(await store.appointment(named))
            guard let row, row.status == .scheduled else { return [] }
            if row.endsAt > contexts.time.now { return [row] }
            let latest = try await reading(await store.latestSession(of: named))
            return latest?.session.status.isTerminal == false ? [row] : []
        }
        let now = contexts.time.now
        var rows = try await reading(await store.bookedAppointments(of: client, endingAfter: now))
        for state in try await openSessions(of: client) where state.session.clientID == client {
            let id = state.session.appointmentID
            guard !rows.contains(where: { $0.id == id }) else { continue }
            let row = try await reading(await store.appointment(id))
            if let row, row.status == .scheduled { rows.append(row) }
        }
        return rows
    }
}
