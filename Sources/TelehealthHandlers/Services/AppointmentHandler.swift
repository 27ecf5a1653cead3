internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `AppointmentService`: the scheduling system's feed.
struct AppointmentHandler: Telehealth_V1_AppointmentServiceHandler {
    let appointments: AppointmentUseCases
    let sessions: SessionUseCases

    func putAppointment(_ request: Telehealth_V1_PutAppointmentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_PutAppointmentResponse
    {
        var fields = RequestFields()
        let invocation = try context.changing(request)
        let command = PutAppointment(
            id: .init(request.appointmentID),
            clientID: .init(request.clientID),
            guardianID: .given(request.guardianID), guardsAdult: request.adultGuardian,
            clinicianID: .init(request.clinicianID),
            startsAt: fields.time("scheduled_start_time", request.scheduledStartTime),
            endsAt: fields.time("scheduled_end_time", request.scheduledEndTime),
            timeZone: request.timeZone,
            sourceVersion: request.sourceVersion,
            clientBirthDate: CivilDate(request.clientBirthDate))
        if !request.clientBirthDate.isEmpty, command.clientBirthDate == nil {
            fields.refuse("client_birth_date", "must be a day such as 2011-03-09")
        }
        try fields.finish()
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await appointments.put(command, invocation)
        }
        var response = Telehealth_V1_PutAppointmentResponse()
        response.appointment = try await wire(outcome.appointment, invocation)
        response.applied = outcome.isApplied
        return response
    }

    func getAppointment(_ request: Telehealth_V1_GetAppointmentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetAppointmentResponse
    {
        let id = AppointmentID(request.appointmentID)
        let invocation = try context.readingOnce()
        let appointment = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await appointments.get(id, invocation)
        }
        var response = Telehealth_V1_GetAppointmentResponse()
        response.appointment = appointment.wire(session: try await sessionID(of: id, invocation))
        return response
    }

    func cancelAppointment(_ request: Telehealth_V1_CancelAppointmentRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_CancelAppointmentResponse
    {
        let invocation = try context.changing(request)
        let command = CancelAppointment(
            id: .init(request.appointmentID), sourceVersion: request.sourceVersion)
        let outcome = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await appointments.cancel(command, invocation)
        }
        var response = Telehealth_V1_CancelAppointmentResponse()
        response.appointment = try await wire(outcome.appointment, invocation)
        response.applied = outcome.isApplied
        return response
    }

    private func wire(_ appointment: Appointment?, _ invocation: Invocation) async throws(RPCError)
        -> Telehealth_V1_Appointment?
    {
        guard let appointment else { return nil }
        return appointment.wire(session: try await sessionID(of: appointment.id, invocation))
    }

    /// The open session, or the latest one; an appointment has few sessions, so one page contains them.
    private func sessionID(of appointment: AppointmentID, _ invocation: Invocation) async throws(RPCError)
        -> SessionID?
    {
        var query = SessionQuery()
        query.appointmentID = appointment
        query.limit = 200
        let asked = query
        let page = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await sessions.list(asked, invocation.withoutOwnAuditRow)
        }
        let newest = page.sessions.max { $0.createdAt < $1.createdAt }
        return (page.sessions.first { !$0.status.isTerminal } ?? newest)?.id
    }
}
