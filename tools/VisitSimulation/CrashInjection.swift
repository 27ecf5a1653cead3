internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// How many more calls a process lives. Once it is dead, nothing it does reaches anybody.
final class CrashPoint: Sendable {
    private struct State {
        var left: Int?
        var isBlown = false
    }

    private let state = Mutex(State())

    var isBlown: Bool { state.withLock { $0.isBlown } }

    func light(_ calls: Int) { state.withLock { $0.left = calls } }

    /// - Returns: whether the process is still alive.
    func pass() -> Bool {
        state.withLock { state in
            if let left = state.left {
                state.left = left - 1
                if left <= 0 { state.isBlown = true }
            }
            return !state.isBlown
        }
    }
}

/// The store as a process sees it that may die before a call or before its answer.
struct CrashingStore: TelehealthStore, OutboundOperationStore, VisitFeed, QualityStore {
    var operations: any OutboundOperationStore { self }
    var visitFeed: any VisitFeed { self }
    var quality: any QualityStore { self }

    let base: MemoryStore
    let fuse: CrashPoint

    private func step<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        if !fuse.pass() { throw .closed }
        let value = try await body()
        if !fuse.pass() { throw .closed }
        return value
    }

    func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64 {
        base.follow { [fuse] notice in if !fuse.isBlown { follower(notice) } }
    }
    func feedSeal(at position: Int64) async throws(StoreError) -> FeedSeal? {
        try await step { () async throws(StoreError) in try await base.feedSeal(at: position) }
    }
    func feedPosition(of id: SessionID) async throws(StoreError) -> Int64 {
        try await step { () async throws(StoreError) in try await base.feedPosition(of: id) }
    }
    func visitMarks(_ query: VisitQuery) async throws(StoreError) -> [VisitMark] {
        try await step { () async throws(StoreError) in try await base.visitMarks(query) }
    }
    func departures(of viewer: SubjectID?, after position: Int64, limit: Int) async throws(StoreError)
        -> [(position: Int64, departure: VisitDeparture)]
    {
        try await step { () async throws(StoreError) in
            try await base.departures(of: viewer, after: position, limit: limit)
        }
    }
    func appointment(_ id: AppointmentID) async throws(StoreError) -> Appointment? {
        try await step { () async throws(StoreError) in try await base.appointment(id) }
    }
    func earlyCancellation(of id: AppointmentID) async throws(StoreError) -> EarlyCancellation? {
        try await step { () async throws(StoreError) in try await base.earlyCancellation(of: id) }
    }
    func bookedAppointments(of client: SubjectID, endingAfter: Timestamp) async throws(StoreError) -> [Appointment] {
        try await step { () async throws(StoreError) in
            try await base.bookedAppointments(of: client, endingAfter: endingAfter)
        }
    }
    func session(_ id: SessionID) async throws(StoreError) -> SessionState? {
        try await step { () async throws(StoreError) in try await base.session(id) }
    }
    func latestSession(of appointment: AppointmentID) async throws(StoreError) -> SessionState? {
        try await step { () async throws(StoreError) in try await base.latestSession(of: appointment) }
    }
    func sessions(_ query: SessionQuery) async throws(StoreError) -> [Session] {
        try await step { () async throws(StoreError) in try await base.sessions(query) }
    }
    func openSessions(of subject: SubjectID) async throws(StoreError) -> [SessionID] {
        try await step { () async throws(StoreError) in try await base.openSessions(of: subject) }
    }
    func openSessions(
        startingBefore instant: Timestamp, untouchedEndingBefore: Timestamp, after: SessionID?, limit: Int
    ) async throws(StoreError) -> [SessionID] {
        try await step { () async throws(StoreError) in
            try await base.openSessions(
                startingBefore: instant, untouchedEndingBefore: untouchedEndingBefore, after: after, limit: limit)
        }
    }
    func consents(of subject: SubjectID) async throws(StoreError) -> ConsentHistory {
        try await step { () async throws(StoreError) in try await base.consents(of: subject) }
    }
    func consent(_ id: ConsentID) async throws(StoreError) -> ConsentRecord? {
        try await step { () async throws(StoreError) in try await base.consent(id) }
    }
    func documents(of type: ConsentType) async throws(StoreError) -> [ConsentDocument] {
        try await step { () async throws(StoreError) in try await base.documents(of: type) }
    }
    func recording(_ id: RecordingID) async throws(StoreError) -> Recording? {
        try await step { () async throws(StoreError) in try await base.recording(id) }
    }
    func events(of session: SessionID, after sequence: Int64, limit: Int) async throws(StoreError)
        -> [SessionEvent]?
    {
        try await step { () async throws(StoreError) in
            try await base.events(of: session, after: sequence, limit: limit)
        }
    }
    func request(_ key: RequestRecord.Key) async throws(StoreError) -> RequestRecord? {
        try await step { () async throws(StoreError) in try await base.request(key) }
    }
    func owner(of reference: MeetingReference) async throws(StoreError) -> SessionID? {
        try await step { () async throws(StoreError) in try await base.owner(of: reference) }
    }
    func meetingFacts(of session: SessionID) async throws(StoreError) -> [MeetingFact] {
        try await step { () async throws(StoreError) in try await base.meetingFacts(of: session) }
    }
    func presence(of session: SessionID) async throws(StoreError) -> [PresenceInterval] {
        try await step { () async throws(StoreError) in try await base.presence(of: session) }
    }
    func recordingsToDelete(before instant: Timestamp, limit: Int) async throws(StoreError)
        -> [(session: SessionID, recording: RecordingID)]
    {
        try await step { () async throws(StoreError) in
            try await base.recordingsToDelete(before: instant, limit: limit)
        }
    }
    func clientQuality(of participant: ParticipantID, in session: SessionID) async throws(StoreError)
        -> ClientQuality?
    {
        try await step { () async throws(StoreError) in
            try await base.clientQuality(of: participant, in: session)
        }
    }
    func serviceFigures(_ query: ServiceFiguresQuery) async throws(StoreError) -> ServiceFigures {
        try await step { () async throws(StoreError) in try await base.serviceFigures(query) }
    }
    func apply(_ decision: Decision) async throws(StoreError) -> ApplyResult {
        try await step { () async throws(StoreError) in try await base.apply(decision) }
    }
    func record(_ entry: AuditEntry) async throws(StoreError) {
        try await step { () async throws(StoreError) in try await base.record(entry) }
    }
    func record(_ entry: AuditEntry, then done: @escaping @Sendable (StoreError?) -> Void) {
        base.record(entry, then: done)
    }
    func claimEffects(limit: Int, now: Timestamp, lease: Duration) async throws(StoreError) -> [Effect] {
        try await step { () async throws(StoreError) in
            try await base.claimEffects(limit: limit, now: now, lease: lease)
        }
    }
    func nextEffectDue() async throws(StoreError) -> Timestamp? {
        try await step { () async throws(StoreError) in try await base.nextEffectDue() }
    }
    func deadEffects(after: EffectID?, limit: Int) async throws(StoreError) -> [Effect] {
        try await step { () async throws(StoreError) in try await base.deadEffects(after: after, limit: limit) }
    }
    func effect(_ id: EffectID) async throws(StoreError) -> Effect? {
        try await step { () async throws(StoreError) in try await base.effect(id) }
    }
    func effectCounts() async throws(StoreError) -> EffectCounts {
        try await step { () async throws(StoreError) in try await base.effectCounts() }
    }
    func prune(
        requestsBefore: Timestamp, eventsBefore: Timestamp, effectsBefore: Timestamp,
        earlyCancellationsBefore: Timestamp
    ) async throws(StoreError) {
        try await step { () async throws(StoreError) in
            try await base.prune(
                requestsBefore: requestsBefore, eventsBefore: eventsBefore, effectsBefore: effectsBefore,
                earlyCancellationsBefore: earlyCancellationsBefore)
        }
    }
}

/// Chime as such a process sees it.
struct CrashingGateway: VideoProvider, RecordingStorage {
    let base: FakeChime
    let fuse: CrashPoint

    private static let death = GatewayError(kind: .unavailable, code: "Dead", mayHaveTakenEffect: true)

    private func step<Value>(_ body: () async throws(GatewayError) -> Value) async throws(GatewayError)
        -> Value
    {
        if !fuse.pass() { throw Self.death }
        let value = try await body()
        if !fuse.pass() { throw Self.death }
        return value
    }

    var controlRegion: String { base.controlRegion }
    var recordingsBucket: String? { base.recordingsBucket }
    func playableKey(prefix: String, concatenationPipelineID: String) -> String {
        base.playableKey(prefix: prefix, concatenationPipelineID: concatenationPipelineID)
    }
    func createMeeting(_ request: MeetingRequest, timeout: Duration) async throws(GatewayError)
        -> (meeting: ChimeMeeting, attendees: [AttendeeCredentials])
    {
        try await step { () async throws(GatewayError) in
            try await base.createMeeting(request, timeout: timeout)
        }
    }
    func meeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) -> ChimeMeeting? {
        try await step { () async throws(GatewayError) in try await base.meeting(meetingID, timeout: timeout)
        }
    }
    func deleteMeeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) {
        try await step { () async throws(GatewayError) in
            try await base.deleteMeeting(meetingID, timeout: timeout)
        }
    }
    func createAttendee(_ request: AttendeeRequest, meetingID: String, timeout: Duration)
        async throws(GatewayError) -> AttendeeCredentials
    {
        try await step { () async throws(GatewayError) in
            try await base.createAttendee(request, meetingID: meetingID, timeout: timeout)
        }
    }
    func attendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
        -> AttendeeCredentials?
    {
        try await step { () async throws(GatewayError) in
            try await base.attendee(attendeeID, meetingID: meetingID, timeout: timeout)
        }
    }
    func deleteAttendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
    {
        try await step { () async throws(GatewayError) in
            try await base.deleteAttendee(attendeeID, meetingID: meetingID, timeout: timeout)
        }
    }
    func updateCapabilities(
        _ capabilities: MediaCapabilities, attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError) {
        try await step { () async throws(GatewayError) in
            try await base.updateCapabilities(
                capabilities, attendeeID: attendeeID, meetingID: meetingID, timeout: timeout)
        }
    }
    func startCapture(meetingARN: String, prefix: String, clientRequestToken: String, timeout: Duration)
        async throws(GatewayError) -> MediaPipeline
    {
        try await step { () async throws(GatewayError) in
            try await base.startCapture(
                meetingARN: meetingARN, prefix: prefix, clientRequestToken: clientRequestToken,
                timeout: timeout)
        }
    }
    func findCapture(meetingARN: String, prefix: String, timeout: Duration) async throws(GatewayError)
        -> MediaPipeline?
    {
        try await step { () async throws(GatewayError) in
            try await base.findCapture(meetingARN: meetingARN, prefix: prefix, timeout: timeout)
        }
    }
    func capture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline? {
        try await step { () async throws(GatewayError) in try await base.capture(pipelineID, timeout: timeout)
        }
    }
    func stopCapture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) {
        try await step { () async throws(GatewayError) in
            try await base.stopCapture(pipelineID, timeout: timeout)
        }
    }
    func startConcatenation(
        capturePipelineARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    ) async throws(GatewayError) -> MediaPipeline {
        try await step { () async throws(GatewayError) in
            try await base.startConcatenation(
                capturePipelineARN: capturePipelineARN, prefix: prefix,
                clientRequestToken: clientRequestToken,
                timeout: timeout)
        }
    }
    func concatenation(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline? {
        try await step { () async throws(GatewayError) in
            try await base.concatenation(pipelineID, timeout: timeout)
        }
    }
    func object(_ key: String, timeout: Duration) async throws(GatewayError) -> StoredObject? {
        try await step { () async throws(GatewayError) in try await base.object(key, timeout: timeout) }
    }
    func deleteObjects(prefix: String, timeout: Duration) async throws(GatewayError) -> Bool {
        try await step { () async throws(GatewayError) in
            try await base.deleteObjects(prefix: prefix, timeout: timeout)
        }
    }
    func playbackURL(_ key: String, validity: Duration) async throws(GatewayError) -> String {
        try await step { () async throws(GatewayError) in try await base.playbackURL(key, validity: validity)
        }
    }
}
