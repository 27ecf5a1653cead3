internal import ArgumentParser
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthClient

/// The scenarios that the probe can run.
enum VisitScenario: String, CaseIterable, ExpressibleByArgument {
    /// Patient and clinician, with a recording that is played.
    case pair
    /// Also a guardian, and a guest with a grant; one is returned to the waiting room, one is removed.
    case group
    /// An interpreter of the clinic, whose consent a recording needs too.
    case interpreter
    /// The patient never arrives: marked by the clinician, and detected by the service.
    case noShow = "no-show"
    /// A recording consent is revoked while the recording runs.
    case revokedConsent = "revoked-consent"
    /// A lost and resumed watch, and a participant who leaves and comes back.
    case networkBreak = "network-break"
    /// Chime ends the meeting without notice.
    case deadMeeting = "dead-meeting"
}

extension Visit {
    /// - Throws: ``StepError`` for a failed call, ``VisitFailure`` for a wrong response.
    func play(_ scenario: VisitScenario, playbackWait: Duration, simulator: SimulatorControl?) async throws {
        switch scenario {
        case .pair: try await playPair(playbackWait: playbackWait)
        case .group: try await playGroup()
        case .interpreter: try await playInterpreter()
        case .noShow: try await playNoShow()
        case .revokedConsent: try await playRevokedConsent()
        case .networkBreak: try await playNetworkBreak()
        case .deadMeeting: try await playDeadMeeting(simulator)
        }
    }

    /// Books, consents, and joins as patient and clinician.
    func begin(
        withGuardian: Bool = false, admission: Telehealth_V1_AdmissionPolicy = .unspecified
    ) async throws -> (sessionID: String, watch: WatchLog) {
        try await registerConsentTexts()
        let sessionID = try await book(withGuardian: withGuardian, admission: admission)
        try await giveTelehealthConsents()
        try await step("join", by: "clinician") {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard answer.outcome == .admitted, answer.credentials != nil else { throw Wrong("not admitted") }
            return "IN_PROGRESS, meeting \(answer.credentials?.chime?.meetingID ?? "")"
        }
        let watch = WatchLog(clinician.sessions.watch(sessionID))
        try await step("watch", by: "clinician") {
            "snapshot at event \(try await watch.snapshot().sequence)"
        }
        try await step("join", by: "client") {
            let answer = try await client.sessions.join(joinRequest(sessionID))
            if admission == .manual {
                guard answer.outcome == .waiting else {
                    throw Wrong("admitted although admission is manual")
                }
                let id = answer.participant?.participantID ?? ""
                _ = try await clinician.participants.admit(
                    .with { ($0.sessionID, $0.participantID) = (sessionID, id) })
                guard try await client.sessions.join(joinRequest(sessionID)).outcome == .admitted else {
                    throw Wrong("not admitted")
                }
                return "ADMITTED by the clinician"
            }
            guard answer.outcome == .admitted else { throw Wrong("not admitted") }
            return "ADMITTED together with the clinician"
        }
        return (sessionID, watch)
    }
}
