import TelehealthModel
import Testing

@Suite("Words that rows hold") struct WrittenWordTests {
    /// Rows hold these words: a case may be added, none renamed.
    @Test func `every word of 02d4151 is still one`() {
        func expect<Value: RawRepresentable<String>>(_ type: Value.Type, _ words: String) {
            for word in words.split(separator: " ") {
                #expect(Value(rawValue: String(word)) != nil, "\(type) has no \(word)")
            }
        }
        expect(Effect.MeetingCall.self, "createMeeting deleteMeeting")
        expect(
            Effect.RecordingCall.self,
            "startCapture confirmCapture stopCapture startConcatenation confirmConcatenation watchCapture deleteObjects")
        expect(Effect.AttendeeCall.self, "deleteAttendee updateCapabilities")
        #expect(Effect.Kind.webhookWord == "deliverWebhook")
        expect(Effect.State.self, "pending done dead")
        expect(
            SessionEvent.Kind.self,
            "created statusChanged participantWaiting participantAdmitted participantLeft participantRemoved meetingReady"
                + " meetingFailed meetingEnded recordingRequested recordingStarted recordingStopping recordingStopped"
                + " recordingAvailable recordingFailed screenShareStarted screenShareStopped consentRevoked rescheduled"
                + " participantInvited invitationRevoked participantDenied participantReturned capabilitiesChanged deviceChanged"
                + " recordingInterrupted recordingResumed recordingDeleted connectionQualityChanged")
        expect(ConsentType.self, "georgiaTelehealth hipaaTelehealth recording telehealth thirdPartyPresence")
        expect(ConsentMethod.self, "electronic paper verbal")
        expect(ConsentDecision.self, "granted declined")
        expect(ConsentSubjectRole.self, "client clinician guardian thirdParty")
        expect(SessionStatus.self, "scheduled waitingRoom inProgress completed cancelled noShow")
        expect(
            EndReason.self, "normal technicalFailure clientLeft clinicianLeft allLeft timeout safety other")
        expect(CancelReason.self, "client clinician technical appointmentCancelled clinicianNoShow other")
        expect(NoShowParty.self, "client both")
        expect(AdmissionPolicy.self, "onClinicianJoin manual")
        expect(
            ParticipantRole.self, "clinician client guardian coClinician supervisor interpreter observer guest")
        expect(ParticipantState.self, "expected waiting admitted left removed denied")
        expect(DeviceType.self, "desktop tablet mobile")
        expect(MeetingGeneration.State.self, "intent active ending ended failed")
        expect(
            Recording.State.self,
            "requested starting recording stopping processing available failed deleting deleted")
        expect(Recording.Purpose.self, "clinical training qualityAssurance")
        expect(
            Recording.StopCause.self,
            "requested consentRevoked sessionEnded consentMissing meetingEnded failed")
        expect(Appointment.Status.self, "scheduled cancelled")
        expect(Role.self, "service scheduler clinician client admin guest")
        expect(AuditEntry.Outcome.self, "allowed denied failed")
    }
}
