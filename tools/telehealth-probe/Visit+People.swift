internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient

// Visits with more than two people.
extension Visit {
    func playGroup() async throws {
        let (sessionID, watch) = try await begin(withGuardian: true)
        try await step("join", by: "guardian") {
            guard try await guardian.sessions.join(joinRequest(sessionID)).outcome == .admitted else {
                throw Wrong("not admitted")
            }
            return "ADMITTED together with the clinician"
        }
        let (guest, guestID) = try await bringGuest(sessionID)
        try await putBack(guestID, guest, sessionID)
        try await remove(guestID, guest, sessionID)
        try await end(sessionID, watch: watch)
    }

    /// A guest joins by a grant, waits, and is admitted by name.
    private func bringGuest(_ sessionID: String) async throws -> (TelehealthClient, String) {
        var grant = ""
        try await step("invite a guest", by: "clinician") {
            let answer = try await clinician.participants.invite(
                .with { ($0.sessionID, $0.role) = (sessionID, .guest) })
            grant = answer.grant
            guard !grant.isEmpty, answer.invitation?.state == .open else { throw Wrong("no open grant") }
            return "grant of invitation \(answer.invitation?.invitationID ?? "")"
        }
        var token = ""
        var guestID = ""
        try await step("redeem the grant", by: "guest") {
            let answer = try await client.participants.redeemInvitation(.with { $0.grant = grant })
            token = answer.token
            guestID = answer.participant?.participantID ?? ""
            return "participant \(guestID)"
        }
        try await step("a second redemption is refused", by: "stranger") {
            try await expect("INVITATION_USED") {
                try await client.participants.redeemInvitation(.with { $0.grant = grant })
            }
        }
        let guest = client.acting(with: FixedToken(token))
        try await step("join", by: "guest") {
            let answer = try await guest.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard answer.outcome == .waiting, answer.credentials == nil else {
                throw Wrong("a guest was admitted without being named")
            }
            guard answer.session?.participants.count == 1 else {
                throw Wrong("a waiting guest sees the others")
            }
            return "waits and sees nobody"
        }
        try await step("admitting the guest without consent is refused", by: "clinician") {
            try await expect("THIRD_PARTY_CONSENT_MISSING") {
                try await clinician.participants.admit(
                    .with { ($0.sessionID, $0.participantID) = (sessionID, guestID) })
            }
        }
        try await agreeToOthers()
        try await letIn(guestID, guest, "guest", sessionID)
        return (guest, guestID)
    }

    /// The patient's consent to people other than guardian and clinician.
    private func agreeToOthers() async throws {
        try await step("consent to third parties", by: "client") {
            let answer = try await client.consents.submit(
                ConsentTemplate.grant("third_party_presence", by: people.clientID, as: .client))
            return answer.consent?.consentID ?? ""
        }
    }

    private func letIn(_ id: String, _ caller: TelehealthClient, _ who: String, _ sessionID: String)
        async throws
    {
        try await step("admit the \(who)", by: "clinician") {
            _ = try await clinician.participants.admit(
                .with { ($0.sessionID, $0.participantID) = (sessionID, id) })
            guard try await caller.sessions.join(.with { $0.key = .sessionID(sessionID) }).outcome == .admitted
            else {
                throw Wrong("not admitted")
            }
            return "ADMITTED"
        }
    }

    private func putBack(_ id: String, _ guest: TelehealthClient, _ sessionID: String) async throws {
        try await step("return the guest to waiting", by: "clinician") {
            let answer = try await clinician.participants.returnToWaitingRoom(
                .with { ($0.sessionID, $0.participantID) = (sessionID, id) })
            guard answer.participant?.state == .waiting, answer.participant?.held == true else {
                throw Wrong("not held")
            }
            let again = try await guest.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard again.outcome == .waiting, again.credentials == nil else {
                throw Wrong("credentials while waiting")
            }
            return "waits without credentials"
        }
        try await letIn(id, guest, "guest", sessionID)
    }

    private func remove(_ id: String, _ guest: TelehealthClient, _ sessionID: String) async throws {
        let watch = WatchLog(guest.sessions.watch(sessionID))
        try await step("watch", by: "guest") { "snapshot at event \(try await watch.snapshot().sequence)" }
        try await step("remove the guest", by: "clinician") {
            let answer = try await clinician.participants.remove(
                .with { ($0.sessionID, $0.participantID) = (sessionID, id) })
            guard answer.participant?.state == .removed else { throw Wrong("not REMOVED") }
            return "REMOVED"
        }
        try await step("watch ends", by: "guest") {
            try await expect("PARTICIPANT_REMOVED") { try await watch.end() }
        }
        try await step("rejoining is refused", by: "guest") {
            try await expect("PARTICIPANT_REMOVED") {
                try await guest.sessions.join(.with { $0.key = .sessionID(sessionID) })
            }
        }
    }

    func playInterpreter() async throws {
        let (sessionID, watch) = try await begin()
        let join = Telehealth_V1_JoinSessionRequest.with { $0.key = .sessionID(sessionID) }
        try await step("joining uninvited is refused", by: "interpreter") {
            try await expect("SESSION_NOT_FOUND") { try await interpreter.sessions.join(join) }
        }
        var id = ""
        try await step("invite the interpreter", by: "clinician") {
            let answer = try await clinician.participants.invite(
                .with {
                    ($0.sessionID, $0.role, $0.personID) = (sessionID, .interpreter, people.interpreterID)
                })
            id = answer.participant?.participantID ?? ""
            return "participant \(id)"
        }
        try await step("join", by: "interpreter") {
            guard try await interpreter.sessions.join(join).outcome == .waiting else {
                throw Wrong("admitted without the patient's consent")
            }
            return "waits for the patient's consent"
        }
        try await agreeToOthers()
        try await step("join", by: "interpreter") {
            let answer = try await interpreter.sessions.join(join)
            guard answer.outcome == .admitted else { throw Wrong("not admitted") }
            guard answer.participant?.capabilities?.content == .receive else {
                throw Wrong("an interpreter may share a screen")
            }
            return "ADMITTED; receives content only"
        }
        _ = try await giveRecordingConsent(client, "client", people.clientID, .client)
        _ = try await giveRecordingConsent(clinician, "clinician", people.clinicianID, .clinician)
        try await step("recording without the interpreter's consent is refused", by: "clinician") {
            try await expect("RECORDING_CONSENT_MISSING") {
                try await clinician.recordings.start(.with { $0.sessionID = sessionID })
            }
        }
        _ = try await giveRecordingConsent(interpreter, "interpreter", people.interpreterID, .thirdParty)
        _ = try await startRecording(sessionID, watch: watch)
        try await step("mute the interpreter", by: "clinician") {
            let answer = try await clinician.participants.setCapabilities(
                .with {
                    ($0.sessionID, $0.participantID) = (sessionID, id)
                    $0.capabilities = .with {
                        ($0.audio, $0.video, $0.content) = (.receive, .sendReceive, .receive)
                    }
                })
            guard answer.participant?.capabilities?.audio == .receive else { throw Wrong("not muted") }
            return "receives only"
        }
        try await end(sessionID, watch: watch)
    }
}
