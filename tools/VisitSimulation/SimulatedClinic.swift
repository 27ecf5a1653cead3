internal import Synchronization
package import TelehealthEngine
package import TelehealthModel
package import TelehealthRules

/// A clinic in memory for programs that call it as its daemon is called: the rules at work over the memory store, the
/// fake Chime, and a clock that moves only when told to.
///
/// One appointment, `appointment-1`, of `client-1` and `clinician-1`; `guardian-1`, `client-2` and `clinician-2` are
/// about, too. Isolation: any; moves one after another.
package final class SimulatedClinic: Sendable {
    /// How far the visit has come when the clinic opens.
    package enum Stage: String, Sendable, CaseIterable {
        /// The texts of the consents are registered; nobody has signed or booked.
        case empty
        /// Booked with a guardian, the client's consents given.
        case booked
        /// The client waits to be let in by name.
        case waiting
        /// Client and clinician are in the visit and agree that others take part.
        case visiting
        /// The visit is recorded.
        case recording
        /// The visit is over and its recording can be played.
        case over
        /// Chime refuses everything: what the visit asked of it was given up.
        case refused
    }

    private let clinic: Clinic

    /// - Throws: what the rules say of a stage that they no longer allow.
    package init(seed: UInt64, stage: Stage, _ configure: (inout Policy) -> Void = { _ in }) async throws {
        clinic = Clinic(seed: seed) { policy in
            policy.effectAttemptsMax = 3
            policy.clientReportInterval = .zero
            if stage == .waiting { policy.admission = .manual }
            configure(&policy)
        }
        try await open(stage)
    }

    package var presence: PresenceTracker { clinic.presence }
    package var hub: EventHub { clinic.hub }
    package var useCases: UseCases { clinic.useCases }
    package var guestKey: GuestKey { clinic.guestKey }
    package var time: any TimeSource { clinic.time }

    private func open(_ stage: Stage) async throws {
        switch stage {
        case .empty: try await clinic.registerDocuments()
        case .booked:
            try await clinic.grantTelehealth()
            _ = try await clinic.open(guardian: Clinic.guardian)
        case .waiting:
            try await clinic.grantTelehealth()
            try await clinic.grant(.thirdPartyPresence)
            try await clinic.grantRecording()
            _ = try await clinic.join(Clinic.clientCaller, try await clinic.open())
        case .visiting:
            _ = try await clinic.visit(guardian: Clinic.guardian, isOpen: true)
            try await clinic.grantRecording()
        case .recording: _ = try await clinic.recordedVisit()
        case .over:
            let session = try await clinic.recordedVisit().session
            _ = try await clinic.useCases.sessions.end(
                EndSession(sessionID: session), clinic.call(Clinic.clinicianCaller))
            await clinic.work(seconds: 60)
        case .refused:
            try await clinic.grantTelehealth()
            let session = try await clinic.open()
            let refusals = Array(
                repeating: FakeChime.Fault.refuse(.init(kind: .unavailable, code: "ServiceUnavailableException")),
                count: 400)
            clinic.chime.world.withLock { $0.faults["createMeeting"] = refusals }
            // It does not wait for the meeting, which never comes.
            _ = await refusal { () async throws(TelehealthError) in
                try await clinic.useCases.sessions.join(
                    JoinSession(sessionID: session, preVisitCheck: nil),
                    clinic.call(Clinic.clinicianCaller, timeout: .zero))
            }
            for _ in 0..<12 { await live(for: .seconds(10)) }
        }
    }

    /// Moves the clock and lets worker, sweeper and people do what they do by themselves.
    package func live(for duration: Duration) async {
        clinic.time.advance(by: duration)
        clinic.chime.speak()
        await clinic.worker.runDue()
        // The memory store has no failures of its own.
        _ = try? await clinic.sweeper.sweep()
    }

    /// What a call that waits for Chime needs to go on.
    package func work() async { await clinic.worker.runDue() }

    /// What happens to the visit at Chime by itself.
    package func disturb(_ choice: Int) {
        switch choice % 5 {
        case 0: clinic.chime.killMeetings()
        case 1: clinic.chime.breakCapture()
        case 2: clinic.chime.connect("AttendeeJoined", choice)
        case 3: clinic.chime.fail("createMeeting", .loseAnswer)
        default: clinic.chime.fail("startCapture", .refuse(.init(kind: .throttled, code: "ThrottledException")))
        }
    }

    /// Chime refuses the next calls of a name with this error.
    package func refuse(_ call: String, with error: GatewayError, times: Int = 1) {
        let faults = Array(repeating: FakeChime.Fault.refuse(error), count: times)
        clinic.chime.world.withLock { $0.faults[call, default: []] += faults }
    }

    /// Rows of the audit log that belong to no change fail with this error from now on; nil = they do no more.
    package func failRecording(with error: StoreError?) { clinic.store.recordingFailure.withLock { $0 = error } }

    /// What the database sums up for the service's report.
    package func measure(_ figures: ServiceFigures) { clinic.store.tables.withLock { $0.figures = figures } }

    /// How many watches of one visit are open.
    package var watchCount: Int { clinic.hub.watchCount }

    /// The timer of open watches fires.
    package func beat() { clinic.hub.tick(now: clinic.time.now) }

    /// What somebody's clients reported.
    package func quality(of participant: ParticipantID) -> ClientQuality? {
        clinic.store.snapshot.quality[participant]
    }

    /// What broke a rule of the domain since the last call, a sentence each.
    package func takeViolations() -> [String] {
        clinic.store.tables.withLock { tables in
            defer { tables.violations = [] }
            return tables.violations
        }
    }

    package var auditEntries: [AuditEntry] { clinic.store.snapshot.audit }

    /// The current content of the store, for generating meaningful requests.
    package var rows: Rows { Rows(clinic.store.snapshot) }

    package struct Rows: Sendable {
        package let appointments: [Appointment]
        /// In the order in which they were made.
        package let sessions: [SessionState]
        package let consents: [ConsentRecord]
        package let documents: [ConsentDocument]
        package let deadEffects: [EffectID]
        package let auditCount: Int

        fileprivate init(_ tables: MemoryStore.Tables) {
            appointments = tables.appointments.values.sorted { $0.id.rawValue < $1.id.rawValue }
            sessions = tables.order.compactMap { tables.sessions[$0] }
            consents = tables.histories.values.flatMap(\.records).sorted { $0.id.rawValue < $1.id.rawValue }
            documents = tables.documents
            deadEffects = tables.effects.filter { $0.state == .dead }.map(\.id)
            auditCount = tables.audit.count
        }
    }

    /// An event of Chime about a session's newest meeting, as EventBridge delivers it.
    package func event(_ type: String, of state: SessionState, user: String?, number: Int) -> String {
        var script =
            state.meetings.last.map { EventScript($0) } ?? EventScript(meetingID: "meeting-0", token: "token-0")
        let seconds = Double((clinic.time.now - VirtualTime.nine).wholeMicroseconds) / 1_000_000
        return script.add(
            type, at: seconds, user: user, pipeline: state.recordings.last?.capturePipelineID,
            id: "fuzz-\(number)-\(state.session.id)")
    }
}
