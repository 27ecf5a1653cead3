internal import ProtobufWire
internal import TelehealthAPI

/// A random UUID (version 4, RFC 9562 section 5.4) in lower-case text form: the shape of a `request_id`.
func makeRequestID(random: () -> UInt64) -> String {
    let high = (random() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    let low = (random() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    let digits = [high, low].flatMap { word in
        let text = String(word, radix: 16)
        return Array(String(repeating: "0", count: 16 - text.count) + text)
    }
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
}

/// A request that changes something: its id makes repeating it safe.
protocol ChangeRequest: Message {
    var requestID: String { get set }
}

extension Telehealth_V1_PutAppointmentRequest: ChangeRequest {}
extension Telehealth_V1_CancelAppointmentRequest: ChangeRequest {}
extension Telehealth_V1_CreateSessionRequest: ChangeRequest {}
extension Telehealth_V1_JoinSessionRequest: ChangeRequest {}
extension Telehealth_V1_AdmitParticipantRequest: ChangeRequest {}
extension Telehealth_V1_HeartbeatRequest: ChangeRequest {}
extension Telehealth_V1_UpdateSessionStatusRequest: ChangeRequest {}
extension Telehealth_V1_StartRecordingRequest: ChangeRequest {}
extension Telehealth_V1_StopRecordingRequest: ChangeRequest {}
extension Telehealth_V1_StartScreenShareRequest: ChangeRequest {}
extension Telehealth_V1_StopScreenShareRequest: ChangeRequest {}
extension Telehealth_V1_LeaveSessionRequest: ChangeRequest {}
extension Telehealth_V1_CancelSessionRequest: ChangeRequest {}
extension Telehealth_V1_MarkNoShowRequest: ChangeRequest {}
extension Telehealth_V1_UndoNoShowRequest: ChangeRequest {}
extension Telehealth_V1_EndSessionRequest: ChangeRequest {}
extension Telehealth_V1_InviteParticipantRequest: ChangeRequest {}
extension Telehealth_V1_RevokeInvitationRequest: ChangeRequest {}
extension Telehealth_V1_RedeemInvitationRequest: ChangeRequest {}
extension Telehealth_V1_DenyParticipantRequest: ChangeRequest {}
extension Telehealth_V1_ReturnToWaitingRoomRequest: ChangeRequest {}
extension Telehealth_V1_RemoveParticipantRequest: ChangeRequest {}
extension Telehealth_V1_SetParticipantCapabilitiesRequest: ChangeRequest {}
extension Telehealth_V1_SubmitConsentRequest: ChangeRequest {}
extension Telehealth_V1_UpdateConsentRequest: ChangeRequest {}
extension Telehealth_V1_RevokeConsentRequest: ChangeRequest {}
extension Telehealth_V1_PutConsentDocumentRequest: ChangeRequest {}
extension Telehealth_V1_SetRecordingHoldRequest: ChangeRequest {}
extension Telehealth_V1_ReleaseRecordingHoldRequest: ChangeRequest {}
extension Telehealth_V1_SetRecordingRetentionRequest: ChangeRequest {}
extension Telehealth_V1_LinkSessionNoteRequest: ChangeRequest {}
extension Telehealth_V1_ReportClientMetricsRequest: ChangeRequest {}
extension Telehealth_V1_BackupDatabaseRequest: ChangeRequest {}
extension Telehealth_V1_RetryOperationRequest: ChangeRequest {}
