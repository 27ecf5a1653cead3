internal import TelehealthModel
internal import TelehealthRules

/// One rule's result: the transaction, the answer, and the ids by which a repetition finds it again.
struct CommandResult<Outcome, Made: RequestResult> {
    var decision: Decision
    var outcome: Outcome
    var sessionID: SessionID?
    var appointmentID: AppointmentID?
    var made: Made
}
