internal import ArgumentParser
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthClient

/// What kind of visit the probe plays.
enum VisitScenario: String, CaseIterable, ExpressibleByArgument {
    /// Client and clinician, with a recording that is played.
    case pair
    /// Guardian and a guest by a grant as well; one is put back, one is removed.
    case group
    /// An interpreter of the clinic, whose consent a recording needs as everybody's.
    case interpreter
    /// The client never comes: marked by the clinician, and found by the service.
    case noShow = "no-show"
    /// A recording consent is taken back while the recording runs.
    case revokedConsent = "revoked-consent"
    /// A watch and a place that are lost and taken up again.
    case networkBreak = "network-break"
    /// Chime ends the meeting behind everybody's back.
    case deadMeeting = "dead-meeting"
}

extension Visit {
    /// - Throws: ``StepError`` for a call that failed, ``VisitFailure`` for an answer that is not right.
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

    /// Booked, consented, client and clinician in.
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
