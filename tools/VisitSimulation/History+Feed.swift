internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

// The scheduling system's words.
extension History {
    func schedule() async {
        let version = state.withLock { state in
            state.version += 1
            return state.version
        }
        if pick(8) == 0 {
            await attempt("cancel appointment") { () throws(TelehealthError) in
                try await life.useCases.appointments.cancel(
                    CancelAppointment(id: Clinic.appointment, sourceVersion: version),
                    invocation(Clinic.scheduler))
            }
            return
        }
        var command = pick(3) == 0 ? lengthened(version) : moved(version)
        if command.guardianID != nil { command.guardsAdult = pick(2) == 0 }
        // Mostly nothing is said of the client's age; else a child, or somebody long of age.
        if pick(4) == 0 { command.clientBirthDate = CivilDate(pick(2) == 0 ? "2015-02-28" : "1980-02-28") }
        await attempt("put appointment") { () throws(TelehealthError) in
            try await life.useCases.appointments.put(command, invocation(Clinic.scheduler))
        }
    }

    /// Words about an appointment that never comes to a session, in any order.
    func feedOutOfOrder() async {
        let (id, version) = (AppointmentID("appointment-\(2 + pick(3))"), Int64(1 + pick(4)))
        await attempt("out of order \(id) \(version)") { () throws(TelehealthError) in
            if pick(2) == 0 {
                return try await life.useCases.appointments.cancel(
                    CancelAppointment(id: id, sourceVersion: version), invocation(Clinic.scheduler))
            }
            var command = clinic.put(version: version, start: .seconds(86_400))
            command.id = id
            return try await life.useCases.appointments.put(command, invocation(Clinic.scheduler))
        }
    }

    private func moved(_ version: Int64) -> PutAppointment {
        clinic.put(
            version: version, start: .seconds(Int64(300 + pick(600) + (pick(8) == 0 ? 7200 : 0))),
            length: .seconds(1800), clinician: pick(6) == 0 ? Clinic.otherSubject : Clinic.clinician,
            guardian: pick(3) == 0 ? nil : Clinic.guardian)
    }

    /// What is stored, with somebody else or more time: what may still change while the client waits or is in.
    private func lengthened(_ version: Int64) -> PutAppointment {
        guard let row = clinic.store.snapshot.appointments[Clinic.appointment] else { return moved(version) }
        return clinic.put(
            version: version, start: row.startsAt - VirtualTime.nine,
            length: row.endsAt - row.startsAt + .seconds(Int64(600 * pick(3))),
            clinician: pick(3) == 0 ? Clinic.otherSubject : row.clinicianID,
            guardian: pick(4) == 0 ? nil : row.guardianID ?? Clinic.guardian)
    }
}
