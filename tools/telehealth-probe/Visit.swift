internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import VisitRequests

/// A whole visit in verified steps. Consent texts are templates for trials.
struct Visit: Sendable {
    var people: VisitPeople
    let scheduler: TelehealthClient
    let admin: TelehealthClient
    let client: TelehealthClient
    let clinician: TelehealthClient
    let guardian: TelehealthClient
    let interpreter: TelehealthClient
    let timeline: Timeline

    /// The whole visit of two people, from booking to playback.
    ///
    /// - Throws: ``StepError`` for a failed call, ``VisitFailure`` for a wrong response.
    func playPair(playbackWait: Duration) async throws {
        try await registerConsentTexts()
        let sessionID = try await book()
        try await giveTelehealthConsents(refusedFirst: sessionID)
        let watch = WatchLog(client.sessions.watch(sessionID))
        try await comeIn(sessionID, watch: watch)
        let recordingID = try await record(sessionID, watch: watch)
        try await shareScreen(sessionID)
        try await end(sessionID, watch: watch)
        try await playBack(recordingID, sessionID: sessionID, patience: playbackWait)
    }

    // MARK: Steps

    func registerConsentTexts() async throws {
        try await step("register consent texts", by: "admin") {
            for type in ConsentTemplate.types {
                _ = try await admin.consentDocuments.put(ConsentTemplate.document(of: type))
            }
            return "\(ConsentTemplate.types.count) templates, version \(ConsentTemplate.version)"
        }
    }

    /// - Parameters:
    ///   - startsIn: seconds from now.
    ///   - lasts: seconds.
    func book(
        startsIn: Int64 = 60, lasts: Int64 = 1800, withGuardian: Bool = false,
        admission: Telehealth_V1_AdmissionPolicy = .unspecified
    ) async throws -> String {
        let now = ConsentTemplate.now()
        try await step("put appointment", by: "scheduler") {
            let request = Telehealth_V1_PutAppointmentRequest.with {
                $0.appointmentID = people.appointmentID
                $0.clientID = people.clientID
                $0.clinicianID = people.clinicianID
                if withGuardian { $0.guardianID = people.guardianID }
                $0.scheduledStartTime = .with { $0.seconds = now + startsIn }
                $0.scheduledEndTime = .with { $0.seconds = now + startsIn + lasts }
                $0.timeZone = "America/New_York"
                $0.sourceVersion = 1
            }
            let answer = try await scheduler.appointments.put(request)
            return "\(answer.appointment?.appointmentID ?? "") in \(startsIn) s, for \(lasts) s"
        }
        var sessionID = ""
        try await step("create session", by: "scheduler") {
            let answer = try await scheduler.sessions.create(
                .with {
                    $0.appointmentID = people.appointmentID
                    $0.admissionPolicy = admission
                })
            guard let session = answer.session, session.status == .scheduled else {
                throw Wrong("the session is not SCHEDULED")
            }
            guard session.meeting == nil else {
                throw Wrong("a Chime meeting already exists; it would end after 5 minutes")
            }
            sessionID = session.sessionID
            return "\(sessionID) SCHEDULED, no meeting yet"
        }
        return sessionID
    }

    func giveTelehealthConsents(refusedFirst sessionID: String) async throws {
        try await step("join without consent is refused", by: "client") {
            try await expect("CONSENT_MISSING") { try await client.sessions.join(joinRequest(sessionID)) }
        }
        try await giveTelehealthConsents()
    }

    func giveTelehealthConsents() async throws {
        for type in ["georgia_telehealth", "hipaa_telehealth"] {
            try await step("give consent", by: "client") {
                let answer = try await client.consents.submit(
                    ConsentTemplate.grant(type, by: people.clientID, as: .client))
                return "\(type) \(answer.consent?.consentID ?? "")"
            }
        }
    }

    func comeIn(_ sessionID: String, watch: WatchLog) async throws {
        try await step("watch", by: "client") { "snapshot at event \(try await watch.snapshot().sequence)" }
        try await step("join", by: "client") {
            let answer = try await client.sessions.join(joinRequest(sessionID))
            guard answer.outcome == .waiting, answer.session?.status == .waitingRoom else {
                throw Wrong("not in the waiting room")
            }
            guard answer.credentials == nil else { throw Wrong("a waiting patient received credentials") }
            return "WAITING_ROOM, no credentials"
        }
        var meetingID = ""
        try await step("join", by: "clinician") {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard answer.outcome == .admitted, answer.session?.status == .inProgress else {
                throw Wrong("not IN_PROGRESS")
            }
            guard let chime = answer.credentials?.chime, !chime.joinToken.isEmpty else { throw Wrong("no credentials") }
            meetingID = chime.meetingID
            return "IN_PROGRESS, meeting \(meetingID)"
        }
        try await step("receives the admission", by: "client") {
            let event = try await watch.event { if case .participantAdmitted = $0 { true } else { false } }
            return "event \(event.sequence)"
        }
        try await step("join", by: "client") {
            let answer = try await client.sessions.join(joinRequest(sessionID))
            guard answer.outcome == .admitted, let credentials = answer.credentials else {
                throw Wrong("not admitted")
            }
            guard credentials.chime?.meetingID == meetingID else {
                throw Wrong("another meeting than the clinician's")
            }
            guard answer.session?.startTime != nil else { throw Wrong("started_at is not set") }
            return "ADMITTED to the same meeting"
        }
    }

    func record(_ sessionID: String, watch: WatchLog) async throws -> String {
        let start = Telehealth_V1_StartRecordingRequest.with { $0.sessionID = sessionID }
        try await step("recording without consent is refused", by: "clinician") {
            try await expect("RECORDING_CONSENT_MISSING") { try await clinician.recordings.start(start) }
        }
        _ = try await giveRecordingConsent(client, "client", people.clientID, .client)
        _ = try await giveRecordingConsent(clinician, "clinician", people.clinicianID, .clinician)
        return try await startRecording(sessionID, watch: watch)
    }

    func giveRecordingConsent(
        _ caller: TelehealthClient, _ who: String, _ subject: String, _ role: Telehealth_V1_ConsentPersonRole
    ) async throws -> String {
        var id = ""
        try await step("give recording consent", by: who) {
            id =
                try await caller.consents.submit(ConsentTemplate.grant("recording", by: subject, as: role))
                .consent?.consentID ?? ""
            return id
        }
        return id
    }

    /// - Returns: when Chime has confirmed the capture.
    func startRecording(_ sessionID: String, watch: WatchLog) async throws -> String {
        let start = Telehealth_V1_StartRecordingRequest.with { $0.sessionID = sessionID }
        var recordingID = ""
        try await step("start recording", by: "clinician") {
            let answer = try await clinician.recordings.start(start)
            recordingID = answer.recording?.recordingID ?? ""
            return "\(recordingID) \(answer.recording.map { "\($0.state)" } ?? "")"
        }
        try await step("sees the recording indicator", by: "client") {
            let event = try await watch.event { if case .recordingStarted = $0 { true } else { false } }
            return "event \(event.sequence): Chime confirmed the capture"
        }
        return recordingID
    }

    func shareScreen(_ sessionID: String) async throws {
        try await step("share screen", by: "clinician") {
            let started = try await clinician.sessions.startScreenShare(.with { $0.sessionID = sessionID })
            let stopped = try await clinician.sessions.stopScreenShare(.with { $0.sessionID = sessionID })
            guard started.screenShare?.screenShareID == stopped.screenShare?.screenShareID,
                stopped.screenShare?.endTime != nil
            else { throw Wrong("a different share stopped than the one that started") }
            return "started and stopped"
        }
    }

    func end(_ sessionID: String, watch: WatchLog) async throws {
        try await step("end", by: "clinician") {
            let answer = try await clinician.sessions.end(.with { $0.sessionID = sessionID })
            guard let session = answer.session, session.status == .completed,
                let seconds = session.durationSeconds
            else {
                throw Wrong("not COMPLETED with a duration")
            }
            return "COMPLETED after \(seconds) s"
        }
        try await step("watch ends", by: "client") { "\(try await watch.end()) events seen, none twice" }
    }

    func playBack(_ recordingID: String, sessionID: String, patience: Duration) async throws {
        guard patience > .zero else { return }
        try await step("recording is playable", by: "clinician") {
            let deadline = ContinuousClock.now + patience
            while true {
                let answer = try await clinician.recordings.list(.with { $0.sessionID = sessionID })
                guard let recording = answer.recordings.first(where: { $0.recordingID == recordingID }) else {
                    throw Wrong("the recording is not listed")
                }
                if recording.state == .available { return "\(recording.objectByteCount) bytes" }
                guard recording.state != .failed, ContinuousClock.now < deadline else {
                    throw Wrong("the recording is \(recording.state) \(recording.failureReason)")
                }
                timeline.waiting("the recording is \(recording.state)")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        try await step("playback URL", by: "clinician") {
            let answer = try await clinician.recordings.getPlaybackUrl(.with { $0.recordingID = recordingID })
            guard !answer.url.isEmpty, let expires = answer.expireTime else { throw Wrong("no URL") }
            let validity = expires.seconds - ConsentTemplate.now()
            guard validity <= 300 else {
                throw Wrong("the URL is valid for \(validity) s, more than 5 minutes")
            }
            return "valid for \(validity) s"
        }
    }

    // MARK: Frame

    func joinRequest(_ sessionID: String) -> Telehealth_V1_JoinSessionRequest { joinWithCheck(.sessionID(sessionID)) }

    func step(_ name: String, by who: String, _ work: () async throws -> String) async throws {
        let start = ContinuousClock.now
        timeline.waiting("\(who): \(name)")
        do {
            timeline.done(name, by: who, since: start, try await work())
        } catch let error as RPCError {
            throw StepError(step: "\(who): \(name)", error: error)
        } catch let wrong as Wrong {
            throw VisitFailure(step: "\(who): \(name)", message: wrong.what)
        }
    }

    /// The call must be refused with this reason.
    func expect(_ reason: String, _ call: () async throws -> some Sendable) async throws -> String {
        do {
            _ = try await call()
        } catch let error as RPCError {
            guard error.reason == reason else { throw error }
            let missing = error.missingConsents.map { "\($0.type)" }.joined(separator: ", ")
            return missing.isEmpty ? reason : "\(reason): \(missing)"
        }
        throw Wrong("the call was allowed")
    }
}

/// Why a response is wrong; used only inside a visit's steps.
struct Wrong: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
