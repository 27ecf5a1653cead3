internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

// Visits with failures.
extension Visit {
    /// Maximum wait for the service's own check of overdue visits: its sweep interval is 5 s by default.
    private static let sweepPatience: Duration = .seconds(30)

    /// The appointment began ten minutes ago and ends in a few seconds: at its end the service decides by itself.
    func playNoShow() async throws {
        try await registerConsentTexts()
        let sessionID = try await book(startsIn: -600, lasts: 604)
        try await step("join", by: "clinician") {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard answer.session?.status == .inProgress, answer.session?.startTime == nil else {
                throw Wrong("the session is not IN_PROGRESS, or its duration counts")
            }
            return "IN_PROGRESS, duration not counting"
        }
        try await step("wait for the end of the appointment", by: "service") {
            let deadline = ContinuousClock.now + Self.sweepPatience
            while true {
                let session = try await clinician.sessions.get(.with { $0.key = .sessionID(sessionID) }).session
                if session?.status == .noShow {
                    guard session?.noShowParty == .client else {
                        throw Wrong("no-show of \(session?.noShowParty ?? .unspecified)")
                    }
                    return "NO_SHOW of the patient"
                }
                guard session?.status == .inProgress, ContinuousClock.now < deadline else {
                    throw Wrong(
                        "the session is \(session?.status ?? .unspecified); is a late join configured?")
                }
                timeline.waiting("the appointment ends")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        try await step("joining too late is refused", by: "client") {
            try await expect("INVALID_STATE") { try await client.sessions.join(joinRequest(sessionID)) }
        }
        // The next appointment: the clinician marks it before the service would.
        var next = self
        next.people.appointmentID += "-2"
        let second = try await next.book(startsIn: -600, lasts: 1800)
        try await step("mark the no-show", by: "clinician") {
            let session = try await clinician.sessions.markNoShow(.with { $0.sessionID = second }).session
            guard session?.status == .noShow else { throw Wrong("not NO_SHOW") }
            return "NO_SHOW"
        }
    }

    func playRevokedConsent() async throws {
        let (sessionID, watch) = try await begin()
        let consentID = try await giveRecordingConsent(client, "client", people.clientID, .client)
        _ = try await giveRecordingConsent(clinician, "clinician", people.clinicianID, .clinician)
        let recordingID = try await startRecording(sessionID, watch: watch)
        try await step("revoke the recording consent", by: "client") {
            let answer = try await client.consents.revoke(.with { $0.consentID = consentID })
            guard answer.stoppedRecordingIds == [recordingID] else {
                throw Wrong("the revocation did not stop the recording")
            }
            return "stopping \(recordingID)"
        }
        try await step("sees the recording end", by: "clinician") {
            let event = try await watch.event { if case .recordingStopped = $0 { true } else { false } }
            guard case .recordingStopped(let stopped) = event.kind, stopped.reason == .consentRevoked else {
                throw Wrong("stopped for another reason")
            }
            return "event \(event.sequence): Chime confirmed the stop"
        }
        try await step("another recording is refused", by: "clinician") {
            try await expect("RECORDING_CONSENT_MISSING") {
                try await clinician.recordings.start(.with { $0.sessionID = sessionID })
            }
        }
        try await step("the visit goes on", by: "client") {
            let session = try await client.sessions.get(.with { $0.key = .sessionID(sessionID) }).session
            guard session?.status == .inProgress, session?.recordingEnabled == false else {
                throw Wrong("the visit did not go on")
            }
            return "IN_PROGRESS, nothing is recorded"
        }
        try await end(sessionID, watch: watch)
    }

    func playNetworkBreak() async throws {
        let (sessionID, watch) = try await begin(admission: .manual)
        var seen: Int64 = 0
        try await step("watch, and lose it", by: "client") {
            // Released at the end of this scope, as after a broken connection.
            var updates = client.sessions.watch(sessionID).makeAsyncIterator()
            guard case .snapshot(let snapshot) = try await updates.next() else { throw Wrong("no snapshot") }
            seen = snapshot.sequence
            return "seen up to event \(seen)"
        }
        try await step("share screen in the meantime", by: "clinician") {
            _ = try await clinician.sessions.startScreenShare(.with { $0.sessionID = sessionID })
            _ = try await clinician.sessions.stopScreenShare(.with { $0.sessionID = sessionID })
            return "two events the patient did not see"
        }
        let resumed = WatchLog(client.sessions.watch(sessionID, after: seen))
        try await step("resume the watch", by: "client") {
            let stopped = try await resumed.event { if case .screenShareStopped = $0 { true } else { false } }
            let numbers = await resumed.sequences
            guard numbers == Array(seen + 1...stopped.sequence) else {
                throw Wrong("an event is missing or repeated: \(numbers)")
            }
            return "events \(seen + 1) to \(stopped.sequence), none missing"
        }
        try await step("leave and come back", by: "client") {
            let before = try await client.sessions.join(joinRequest(sessionID))
            _ = try await client.sessions.leave(.with { $0.sessionID = sessionID })
            let after = try await client.sessions.join(joinRequest(sessionID))
            guard after.outcome == .admitted else { throw Wrong("needs a new admission") }
            guard after.credentials?.chime?.attendeeID == before.credentials?.chime?.attendeeID else {
                throw Wrong("a second attendee: the first would still be heard")
            }
            return "ADMITTED without a new admission, the same attendee"
        }
        try await step("continue on another device", by: "client") {
            for device in ["telephone", "desktop"] {
                var request = joinRequest(sessionID)
                request.deviceID = device
                _ = try await client.sessions.join(request)
            }
            let event = try await resumed.event { if case .deviceChanged = $0 { true } else { false } }
            return "event \(event.sequence): the newest device has the attendee"
        }
        try await end(sessionID, watch: watch)
    }

    func playDeadMeeting(_ simulator: SimulatorControl?) async throws {
        guard let simulator else {
            throw ProbeFailure.usage(
                "dead-meeting ends a meeting without telling the service, which only the Chime simulator can do: "
                    + "set its address with --simulator or AWS_ENDPOINT_URL")
        }
        try simulator.check()
        let (sessionID, watch) = try await begin()
        var before = Telehealth_V1_JoinCredentials()
        try await step("meeting of the visit", by: "clinician") {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            before = answer.credentials ?? before
            return "\(before.chime?.meetingID ?? "") of generation \(before.generation)"
        }
        try await step("ends the meeting", by: "Chime") {
            try simulator.endMeeting(before.chime?.meetingID ?? "")
            return "the service was not notified"
        }
        try await step("join again", by: "clinician") {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard let after = answer.credentials, after.generation == before.generation + 1,
                after.chime?.meetingID != before.chime?.meetingID
            else { throw Wrong("no new meeting") }
            before = after
            return "meeting \(after.chime?.meetingID ?? "") of generation \(after.generation)"
        }
        try await step("join again", by: "client") {
            let answer = try await client.sessions.join(joinRequest(sessionID))
            guard answer.credentials?.chime?.meetingID == before.chime?.meetingID else {
                throw Wrong("another meeting than the clinician's")
            }
            return "the clinician's new meeting"
        }
        try await end(sessionID, watch: watch)
    }
}
