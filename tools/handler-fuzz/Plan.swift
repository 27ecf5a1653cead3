internal import VisitSimulation

/// Where a clinic opens, and which calls come often there, so that a call that needs others before it meets them.
struct Plan {
    let stages: [SimulatedClinic.Stage]
    /// By name; the rare one first.
    let calls: [String]

    init(for rare: String) {
        let (stages, company) = Self.of(rare)
        self.stages = stages
        calls = [rare] + company
    }

    /// What ends what a call has begun.
    static func sequel(of call: String) -> String? {
        switch call {
        case "StartScreenShare": "StopScreenShare"
        case "StartRecording": "StopRecording"
        case "MarkNoShow": "UndoNoShow"
        case "SubmitConsent": "UpdateConsent"
        default: nil
        }
    }

    private static func of(_ rare: String) -> ([SimulatedClinic.Stage], [String]) {
        switch rare {
        case "RetryOperation", "ListFailedOperations": ([.refused], [])
        case "AdmitParticipant": ([.waiting], ["JoinSession", "AdmitParticipant"])
        case "DenyParticipant": ([.waiting], ["JoinSession"])
        case "StartRecording", "EndSession", "ReportClientMetrics", "SetParticipantCapabilities", "RemoveParticipant":
            ([.visiting], [])
        case "ReturnToWaitingRoom": ([.visiting], ["AdmitParticipant"])
        case "StopRecording": ([.recording], ["StartRecording"])
        case "StartScreenShare", "StopScreenShare": ([.visiting], ["StartScreenShare", "StopScreenShare"])
        case "InviteParticipant": ([.visiting, .booked], [])
        case "RevokeInvitation", "RedeemInvitation": ([.visiting], ["InviteParticipant"])
        case "SubmitConsent": ([.booked, .visiting], [])
        case "UpdateConsent", "RevokeConsent": ([.booked, .waiting], ["SubmitConsent"])
        case "JoinSession", "LeaveSession", "UpdateSessionStatus": ([.booked, .waiting, .visiting], ["JoinSession"])
        case "CancelSession", "MarkNoShow", "UndoNoShow", "CancelAppointment":
            ([.booked], ["MarkNoShow", "CreateSession", "PutAppointment"])
        case let name where name.contains("Recording") || name == "LinkSessionNote": ([.over], [])
        default: (SimulatedClinic.Stage.allCases, [])
        }
    }
}
