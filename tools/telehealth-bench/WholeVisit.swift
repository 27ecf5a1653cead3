import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient

/// One visit from its appointment to its end, each step timed from the caller's side.
struct WholeVisit: Sendable {
    enum Step: String, CaseIterable {
        case book = "put appointment"
        case create = "create session"
        case consent = "give consent"
        case watch = "watch: snapshot"
        case wait = "patient joins, waits"
        case clinicianJoins = "clinician joins"
        case calledIn = "patient is admitted"
        case enter = "patient joins, enters"
        case record = "start recording"
        case recording = "recording runs"
        case share = "share screen"
        case unshare = "stop sharing"
        case end = "end session"
        case over = "watch ends"
    }

    /// An answer that is not what this step gives.
    struct Wrong: Error {
        let what: String
    }

    let appointmentID: String
    let clientID: String
    let clinicianID: String
    let scheduler: TelehealthClient
    let client: TelehealthClient
    let clinician: TelehealthClient
    let log: StepLog

    /// - Returns: whether every step was right.
    func play() async -> Bool {
        do {
            let sessionID = try await prepare()
            var updates = client.sessions.watch(sessionID).makeAsyncIterator()
            try await comeIn(sessionID, &updates)
            try await meet(sessionID, &updates)
            return true
        } catch {
            // Counted by the step that failed.
            return false
        }
    }

    private func prepare() async throws -> String {
        _ = try await step(.book) {
            try await scheduler.appointments.put(
                Requests.appointment(appointmentID, client: clientID, clinician: clinicianID))
        }
        let sessionID = try await step(.create) {
            try await scheduler.sessions.create(.with { $0.appointmentID = appointmentID }).session?.sessionID
                ?? ""
        }
        try await consent(to: "georgia_telehealth")
        try await consent(to: "hipaa_telehealth")
        return sessionID
    }

    private func comeIn(_ sessionID: String, _ updates: inout SessionWatch.Iterator) async throws {
        try await step(.watch) {
            guard case .snapshot? = try await updates.next() else { throw Wrong(what: "no snapshot") }
        }
        try await step(.wait) {
            let answer = try await client.sessions.join(Requests.join(appointment: appointmentID))
            guard answer.outcome == .waiting, answer.credentials == nil else {
                throw Wrong(what: "not waiting")
            }
        }
        try await step(.clinicianJoins) {
            let answer = try await clinician.sessions.join(.with { $0.key = .sessionID(sessionID) })
            guard answer.outcome == .admitted, answer.credentials != nil else {
                throw Wrong(what: "not admitted")
            }
        }
        try await step(.calledIn) {
            try await untilEvent(&updates) { if case .participantAdmitted = $0 { true } else { false } }
        }
        try await step(.enter) {
            let answer = try await client.sessions.join(Requests.join(appointment: appointmentID))
            guard answer.outcome == .admitted, answer.credentials != nil else {
                throw Wrong(what: "not admitted")
            }
        }
    }

    private func meet(_ sessionID: String, _ updates: inout SessionWatch.Iterator) async throws {
        try await consent(to: "recording")
        _ = try await step(.consent) {
            try await clinician.consents.submit(Requests.consent("recording", of: clinicianID, as: .clinician))
        }
        _ = try await step(.record) { try await clinician.recordings.start(.with { $0.sessionID = sessionID }) }
        try await step(.recording) {
            try await untilEvent(&updates) { if case .recordingStarted = $0 { true } else { false } }
        }
        _ = try await step(.share) {
            try await clinician.sessions.startScreenShare(.with { $0.sessionID = sessionID })
        }
        _ = try await step(.unshare) {
            try await clinician.sessions.stopScreenShare(.with { $0.sessionID = sessionID })
        }
        try await step(.end) {
            let answer = try await clinician.sessions.end(.with { $0.sessionID = sessionID })
            guard answer.session?.status == .completed else { throw Wrong(what: "not completed") }
        }
        try await step(.over) { while try await updates.next() != nil {} }
    }

    private func consent(to type: String) async throws {
        _ = try await step(.consent) {
            try await client.consents.submit(Requests.consent(type, of: clientID, as: .client))
        }
    }

    private func untilEvent(
        _ updates: inout SessionWatch.Iterator, _ isWanted: (Telehealth_V1_SessionEvent.OneOf_Kind) -> Bool
    ) async throws {
        while let update = try await updates.next() {
            if case .event(let event) = update, let kind = event.kind, isWanted(kind) { return }
        }
        throw Wrong(what: "the watch ended early")
    }

    private func step<Answer>(_ step: Step, _ work: () async throws -> Answer) async throws -> Answer {
        try await log.measure(step.rawValue, work)
    }
}
