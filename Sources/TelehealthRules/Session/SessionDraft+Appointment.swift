// How a session follows its appointment: whom it names has a place, and when it takes place is when it says.

internal import TelehealthModel

extension SessionDraft {
    /// Gives somebody of the appointment a place on the roster, or their former one back.
    mutating func seat(_ subject: SubjectID, _ role: ParticipantRole) {
        if let former = state.participants.first(where: { $0.subjectID == subject && $0.role == role }) {
            if former.isBarred { change(former.id) { $0.state = .expected } }
            return
        }
        _ = addPlace(subject, role)
    }

    /// Takes over an appointment's time and people. Which of them may change by now is judged before
    /// (``AppointmentRules``).
    ///
    /// Who stays keeps what was decided about them. Who is named no more is removed, and so loses attendee,
    /// credentials and watch with this commit. With another clinician or client, open invitations end: who gave
    /// them, or whom they were for, is no longer of this visit; with another client, so do the places that came by
    /// one. What took place for another time, or before another clinician, does not count for this visit.
    mutating func follow(_ appointment: Appointment) {
        let former = state.session
        state.session.startsAt = appointment.startsAt
        state.session.endsAt = appointment.endsAt
        state.session.clientID = appointment.clientID
        state.session.guardianID = appointment.guardianID
        state.session.guardsAdult = appointment.guardsAdult
        state.session.clinicianID = appointment.clinicianID
        let isForAnother = former.clientID != appointment.clientID
        let hasAnotherClinician = former.clinicianID != appointment.clinicianID
        dismissOthers(than: appointment, isForAnother: isForAnother)
        if hasAnotherClinician { seat(appointment.clinicianID, .clinician) }
        if isForAnother { seat(appointment.clientID, .client) }
        if let guardian = appointment.guardianID,
            former.guardianID != guardian || appointment.guardsAdult && !former.guardsAdult
        {
            seat(guardian, .guardian)
        }
        if isForAnother || hasAnotherClinician {
            for invitation in state.invitations where invitation.state(at: now) == .open {
                revoke(invitation.id)
            }
        }
        if state.session.startedAt == nil { startOver() }
        relocate()
        emit(.rescheduled)
    }

    /// The client has come of age: who came as their guardian is out, with attendee, credentials and watch.
    mutating func endGuardianship(_ bornOn: CivilDate?) {
        guard !Guardianship.stands(bornOn, guardsAdult: state.session.guardsAdult, context) else { return }
        for person in state.participants
        where person.role == .guardian && person.firstJoinedAt != nil && person.state != .removed {
            dismiss(person.id, reason: .guardianshipEnded)
        }
    }

    private mutating func dismissOthers(than appointment: Appointment, isForAnother: Bool) {
        let named = [appointment.clinicianID, appointment.clientID, appointment.guardianID]
        for place in state.participants where place.state != .removed {
            let hasNewPlace = !place.role.rights.isOfAppointment && named.contains(place.subjectID)
            if !state.isRostered(place) || hasNewPlace || isForAnother && place.invitationID != nil {
                dismiss(place.id, reason: .reassigned)
            }
        }
    }

    /// No client was admitted yet, so only what holds for the time and the people of now is kept.
    private mutating func startOver() {
        for person in state.participants where now < opens(for: person) { forgetComing(of: person) }
        if !state.clientEverCame { state.session.waitingRoomEnteredAt = nil }
        guard !state.isClinicianPresent else { return }
        // Whose arrival it was may be gone: the visit waits for its clinician again.
        let arrivals = state.participants.filter {
            $0.role.rights.countsAsClinician && state.isRostered($0) && !$0.isBarred
        }.compactMap(\.firstJoinedAt)
        state.session.clinicianArrivedAt = arrivals.min()
        if arrivals.isEmpty { returnToWaiting() }
        if let recording = state.activeRecording, state.admitted.isEmpty {
            stopCapture(of: recording.id, cause: .requested, by: Principal.system.name)
        }
    }

    /// Nobody may be here before the visit opens: who is goes out, and comes to it as for the first time, with a
    /// pre-visit check of that day.
    private mutating func forgetComing(of person: Participant) {
        if person.isHere {
            depart(person.id, at: now, reason: .rescheduled)
            if person.state == .admitted { endAttendee(of: person) }
        }
        change(person.id) {
            $0.preVisitCheck = nil
            $0.firstWaitingAt = nil
            $0.firstJoinedAt = nil
            $0.isHeld = false
        }
    }

    /// With the clinician gone before the client was let in, nobody is in the visit: whoever came in with the
    /// clinician waits for the next one.
    private mutating func returnToWaiting() {
        guard state.session.status == .inProgress else { return }
        for person in state.admitted {
            putBack(person, isHeld: person.entry == .byName, reason: .reassigned)
        }
        let clientWaits = state.participants.contains { $0.isClientParty && $0.state == .waiting }
        setStatus(clientWaits ? .waitingRoom : .scheduled)
    }
}
