// What ties a caller to somebody whose consents and records they touch. Ties end with the rows that make them.

internal import TelehealthModel
internal import TelehealthRules

extension CallerAccess {
    /// How much of a person's consents a caller may read.
    enum Reach: Sendable, Hashable {
        case all
        /// What had been recorded by then: a clinician keeps what their own visits stood on, and learns nothing of what
        /// the person signs for others later.
        case until(Timestamp)

        func contains(_ record: ConsentRecord) -> Bool {
            switch self {
            case .all: true
            case .until(let instant): record.recordedAt <= instant
            }
        }
    }

    /// The tie of the caller to somebody: from identity, from a visit that is not over, from a booked appointment that
    /// is not over.
    ///
    /// - Parameters:
    ///   - visit: what is done concerns this visit alone: its own row's guardian counts.
    ///   - appointment: the one by which a guardian or clinician wants to be tied; nil = any.
    func tie(
        of caller: Caller, to subject: SubjectID, in visit: SessionID? = nil,
        appointment: AppointmentID? = nil,
        notFound: TelehealthError.Reason
    ) async throws(TelehealthError) -> SubjectRelationship {
        if let tie = SubjectRelationship.byIdentity(caller, subject: subject) { return tie }
        switch caller.role {
        case .client:
            let guardian = try await guardian(of: subject, in: visit)
            let isNamed = appointment.map { guardian?.standing.appointment == $0 } ?? true
            if let guardian, guardian.id == caller.clientID, isNamed || visit != nil { return .guardian }
        case .clinician:
            for state in try await openSessions(of: subject) {
                if let tie = SubjectRelationship.byVisit(caller, subject: subject, in: state.session)
                    ?? SubjectRelationship.byRoster(caller, subject: subject, in: state)
                {
                    return tie
                }
            }
            for row in try await bookedRows(of: subject, appointment) {
                if let tie = SubjectRelationship.byVisit(caller, subject: subject, in: row) { return tie }
            }
        case .service, .scheduler, .admin, .guest: break
        }
        throw TelehealthError(notFound)
    }

    /// ``tie(of:to:in:appointment:notFound:)`` for reading, which a clinician may also do of what is past.
    func reach(
        of caller: Caller, to subject: SubjectID, in visit: SessionID? = nil, notFound: TelehealthError.Reason
    ) async throws(TelehealthError) -> Reach {
        do {
            _ = try await tie(of: caller, to: subject, in: visit, notFound: notFound)
            return .all
        } catch {
            guard error.reason == notFound, caller.role == .clinician, let own = caller.clinicianID,
                let last = try await lastVisit(of: own, with: subject)
            else { throw error }
            return .until(last)
        }
    }

    /// For reads: a refusal is audited.
    @discardableResult
    func requireTie(
        _ action: String, to subject: SubjectID, in visit: SessionID? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) -> Reach {
        do {
            return try await reach(of: invocation.caller, to: subject, in: visit, notFound: .personNotFound)
        } catch {
            try await audit.recordDenial(
                action: action, sessionID: visit, person: subject, invocation, reason: error.reason.rawValue)
            throw error
        }
    }

    /// Whether the caller may touch this one record: whoever signed it may always take it back and read its receipt,
    /// whatever they are to the subject now.
    func tie(of caller: Caller, to record: ConsentRecord) async throws(TelehealthError) -> SubjectRelationship {
        if caller.role == .client, caller.clientID == record.signerID {
            return record.signerID == record.subjectID ? .own : .guardian
        }
        return try await tie(
            of: caller, to: record.subjectID, in: record.sessionID, notFound: .consentNotFound)
    }

    /// When the last visit of a clinician with somebody ended, or was to end; nil = there was none.
    private func lastVisit(of clinician: SubjectID, with client: SubjectID) async throws(TelehealthError)
        -> Timestamp?
    {
        var query = SessionQuery()
        query.clientID = client
        query.clinicianID = clinician
        query.limit = 200
        var last: Timestamp?
        while true {
            let asked = query
            let rows = try await reading(await store.sessions(asked))
            for row in rows { last = max(last ?? row.createdAt, row.endedAt ?? row.endsAt) }
            guard rows.count == query.limit, let newest = rows.last else { return last }
            query.after = (newest.startsAt, newest.id)
        }
    }
}

extension Decision.Expectation {
    fileprivate var appointment: AppointmentID? { if case .appointment(let id, _) = self { id } else { nil } }
}
