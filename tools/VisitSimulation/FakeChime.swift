internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel

/// Chime and S3 as domain facts say: meetings die by themselves, tokens are idempotent and give dead
/// meetings too, one capture per meeting, pipelines stop with their meeting.
final class FakeChime: VideoProvider, RecordingStorage {
    /// What happens to a call.
    enum Fault: Sendable {
        /// Refused, nothing happened.
        case refuse(GatewayError)
        /// It happened, and the answer got lost.
        case loseAnswer
    }

    struct Meeting: Sendable {
        var id: String
        var token: String
        var createdAt: Timestamp
        var lastAudioAt: Timestamp
        var isEnded = false
        /// ExternalUserId to AttendeeId.
        var attendees: [String: String] = [:]
        var capabilities: [String: MediaCapabilities] = [:]
    }

    struct Capture: Sendable {
        var id: String
        var token: String
        var meetingID: String
        var prefix: String
        var startedAt: Timestamp
        var status: PipelineStatus = .initializing
    }

    /// What EventBridge would tell, in the words of ``EventScript``.
    struct Told: Sendable {
        var type: String
        var meetingID: String
        var token: String
        var user: String?
        var pipeline: String?
        var at: Timestamp
    }

    struct World: Sendable {
        var told: [Told] = []
        var meetings: [String: Meeting] = [:]
        var captures: [String: Capture] = [:]
        /// Concatenation id to the capture's and when it was asked for.
        var concatenations: [String: (capture: String, prefix: String, at: Timestamp)] = [:]
        var concatenationByToken: [String: String] = [:]
        var objects: Set<String> = []
        var faults: [String: [Fault]] = [:]
        var calls: [String] = []
        /// Concatenations say they are done and leave nothing.
        var losesObjects = false
        /// So many concatenations still fail.
        var failingConcatenations = 0
        var failedConcatenations: Set<String> = []
        var capturesCutByDeletion = 0
        /// A stop is taken, and the capture stays in "Stopping".
        var lingersOnStop = false
        /// Told the prefix of every capture that really begins.
        var onCapture: (@Sendable (String) -> Void)?
        var number = 0
    }

    let world = Mutex(World())
    let time: VirtualTime
    let controlRegion = "us-east-1"
    let recordingsBucket: String?

    init(time: VirtualTime, bucket: String? = "recordings") {
        self.time = time
        recordingsBucket = bucket
    }

    // What tests do to Chime
    func fail(_ call: String, _ faults: Fault...) {
        world.withLock { $0.faults[call, default: []] += faults }
    }
    var calls: [String] { world.withLock { $0.calls } }
    var liveMeetings: [Meeting] { withWorld { world in world.meetings.values.filter { !$0.isEnded } } }
    var runningCaptures: [Capture] { withWorld { world in world.captures.values.filter(Self.runs) } }
    func onCapture(_ body: @escaping @Sendable (String) -> Void) { world.withLock { $0.onCapture = body } }
    func forgetFaults() { world.withLock { $0.faults = [:] } }
    var told: [Told] { withWorld { world in world.told } }
    /// A running capture breaks for good.
    func breakCapture() {
        let now = time.now
        withWorld { world in
            guard let capture = world.captures.values.first(where: { $0.status == .inProgress }) else {
                return
            }
            world.captures[capture.id]?.status = .failed
            Self.tell("MediaPipelinePermanentFailure", capture.meetingID, pipeline: capture.id, now, &world)
        }
    }
    /// Somebody's media comes, goes or breaks.
    func connect(_ type: String, _ place: Int) {
        let now = time.now
        withWorld { world in
            for meeting in world.meetings.values where !meeting.isEnded {
                let users = meeting.attendees.keys.sorted()
                guard !users.isEmpty else { continue }
                Self.tell(type, meeting.id, user: users[place % users.count], now, &world)
            }
        }
    }
    private static func tell(
        _ type: String, _ meetingID: String, user: String? = nil, pipeline: String? = nil, _ now: Timestamp,
        _ world: inout World
    ) {
        world.told.append(
            Told(
                type: type, meetingID: meetingID, token: world.meetings[meetingID]?.token ?? "", user: user,
                pipeline: pipeline, at: now))
    }
    func lingersOnStop() { world.withLock { $0.lingersOnStop = true } }
    func finishStops() {
        world.withLock { world in
            world.lingersOnStop = false
            for (id, capture) in world.captures where capture.status == .stopping {
                world.captures[id]?.status = .stopped
            }
        }
    }
    func failConcatenations(_ count: Int) { world.withLock { $0.failingConcatenations = count } }
    var concatenationTokens: [String] { world.withLock { $0.concatenationByToken.keys.sorted() } }
    func loseObjects() { world.withLock { $0.losesObjects = true } }
    func killMeetings() {
        let now = time.now
        withWorld { world in for id in world.meetings.keys { Self.end(id, now, &world) } }
    }
    /// Somebody's audio is connected to every living meeting.
    func speak() {
        let now = time.now
        withWorld { world in
            for (id, meeting) in world.meetings where !meeting.isEnded {
                world.meetings[id]?.lastAudioAt = now
            }
        }
    }

    func createMeeting(_ request: MeetingRequest, timeout: Duration) async throws(GatewayError)
        -> (meeting: ChimeMeeting, attendees: [AttendeeCredentials])
    {
        let now = time.now
        return try call("createMeeting") { world throws(GatewayError) in
            let known = world.meetings.values.first { $0.token == request.clientRequestToken }
            var meeting =
                known
                ?? Meeting(
                    id: Self.id("meeting", &world), token: request.clientRequestToken, createdAt: now,
                    lastAudioAt: now)
            for attendee in request.attendees where meeting.attendees[attendee.externalUserID] == nil {
                meeting.attendees[attendee.externalUserID] = Self.id("attendee", &world)
                meeting.capabilities[attendee.externalUserID] = attendee.capabilities
            }
            world.meetings[meeting.id] = meeting
            return (
                Self.describe(meeting),
                request.attendees.map { Self.credentials($0.externalUserID, meeting) }
            )
        }
    }

    func meeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) -> ChimeMeeting? {
        try call("meeting") { world throws(GatewayError) in
            world.meetings[meetingID].flatMap { $0.isEnded ? nil : Self.describe($0) }
        }
    }

    func deleteMeeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) {
        let now = time.now
        try call("deleteMeeting") { world throws(GatewayError) in
            world.capturesCutByDeletion +=
                world.captures.values.count(where: { $0.meetingID == meetingID && Self.runs($0) })
            Self.end(meetingID, now, &world)
        }
    }

    func createAttendee(_ request: AttendeeRequest, meetingID: String, timeout: Duration)
        async throws(GatewayError) -> AttendeeCredentials
    {
        try call("createAttendee") { world throws(GatewayError) in
            guard var meeting = world.meetings[meetingID], !meeting.isEnded else {
                throw GatewayError(kind: .gone, code: "NotFoundException")
            }
            if meeting.attendees[request.externalUserID] == nil {
                meeting.attendees[request.externalUserID] = Self.id("attendee", &world)
                meeting.capabilities[request.externalUserID] = request.capabilities
                world.meetings[meetingID] = meeting
            }
            return Self.credentials(request.externalUserID, meeting)
        }
    }

    func attendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
        -> AttendeeCredentials?
    {
        try call("attendee") { world throws(GatewayError) in
            guard let meeting = world.meetings[meetingID], !meeting.isEnded,
                let user = meeting.attendees.first(where: { $0.value == attendeeID })?.key
            else { return nil }
            return Self.credentials(user, meeting)
        }
    }

    func deleteAttendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
    {
        try call("deleteAttendee") { world throws(GatewayError) in
            guard
                let user = world.meetings[meetingID]?.attendees.first(where: { $0.value == attendeeID })?.key
            else { return }
            world.meetings[meetingID]?.attendees[user] = nil
        }
    }

    func updateCapabilities(
        _ capabilities: MediaCapabilities, attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError) {
        try call("updateCapabilities") { world throws(GatewayError) in
            guard let meeting = world.meetings[meetingID], !meeting.isEnded,
                let user = meeting.attendees.first(where: { $0.value == attendeeID })?.key
            else { throw GatewayError(kind: .gone, code: "NotFoundException") }
            world.meetings[meetingID]?.capabilities[user] = capabilities
        }
    }

    func startCapture(meetingARN: String, prefix: String, clientRequestToken: String, timeout: Duration)
        async throws(GatewayError) -> MediaPipeline
    {
        let now = time.now
        return try call("startCapture") { world throws(GatewayError) in
            if let known = world.captures.values.first(where: { $0.token == clientRequestToken }) {
                return Self.describe(known)
            }
            let meetingID = String(meetingARN.dropFirst("arn:".count))
            guard world.meetings[meetingID]?.isEnded == false else {
                throw GatewayError(kind: .gone, code: "NotFoundException")
            }
            if world.captures.values.contains(where: { $0.meetingID == meetingID && Self.runs($0) }) {
                throw GatewayError(kind: .quotaExceeded, code: "ResourceLimitExceededException")
            }
            let capture = Capture(
                id: Self.id("capture", &world), token: clientRequestToken, meetingID: meetingID,
                prefix: prefix,
                startedAt: now)
            world.captures[capture.id] = capture
            world.onCapture?(prefix)
            return Self.describe(capture)
        }
    }

    func findCapture(meetingARN: String, prefix: String, timeout: Duration) async throws(GatewayError)
        -> MediaPipeline?
    {
        try call("findCapture") { world throws(GatewayError) in
            world.captures.values.first { $0.prefix == prefix && Self.runs($0) }.map(Self.describe)
        }
    }

    func capture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline? {
        try call("capture") { world throws(GatewayError) in world.captures[pipelineID].map(Self.describe) }
    }

    func stopCapture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) {
        let now = time.now
        try call("stopCapture") { world throws(GatewayError) in
            world.captures[pipelineID]?.status = world.lingersOnStop ? .stopping : .stopped
            if let meeting = world.captures[pipelineID]?.meetingID {
                Self.tell("MediaPipelineDeleted", meeting, pipeline: pipelineID, now, &world)
            }
        }
    }

    func startConcatenation(
        capturePipelineARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    ) async throws(GatewayError) -> MediaPipeline {
        let now = time.now
        return try call("startConcatenation") { world throws(GatewayError) in
            let isNew = world.concatenationByToken[clientRequestToken] == nil
            let id = world.concatenationByToken[clientRequestToken] ?? Self.id("concatenation", &world)
            world.concatenationByToken[clientRequestToken] = id
            if isNew, world.failingConcatenations > 0 {
                world.failingConcatenations -= 1
                world.failedConcatenations.insert(id)
            }
            world.concatenations[id] = (String(capturePipelineARN.dropFirst("arn:".count)), prefix, now)
            return MediaPipeline(id: id, arn: "arn:\(id)", status: .initializing)
        }
    }

    /// Done ten seconds after the capture stopped.
    func concatenation(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline? {
        let now = time.now
        let key = playableKey(prefix: "", concatenationPipelineID: pipelineID)
        return try call("concatenation") { world throws(GatewayError) in
            guard let (_, prefix, at) = world.concatenations[pipelineID] else { return nil }
            guard now >= at + .seconds(10) else {
                return MediaPipeline(id: pipelineID, arn: "arn:\(pipelineID)", status: .inProgress)
            }
            if world.failedConcatenations.contains(pipelineID) {
                return MediaPipeline(id: pipelineID, arn: "arn:\(pipelineID)", status: .failed)
            }
            if !world.losesObjects { world.objects.insert(prefix + key) }
            return MediaPipeline(id: pipelineID, arn: "arn:\(pipelineID)", status: .stopped)
        }
    }

    func playableKey(prefix: String, concatenationPipelineID: String) -> String {
        "\(prefix)/audio/\(concatenationPipelineID).mp4"
    }

    func object(_ key: String, timeout: Duration) async throws(GatewayError) -> StoredObject? {
        try call("object") { world throws(GatewayError) in
            world.objects.contains(key) ? StoredObject(bytes: 1_000_000, eTag: "etag") : nil
        }
    }

    /// Two objects at a time, so that asking again matters.
    func deleteObjects(prefix: String, timeout: Duration) async throws(GatewayError) -> Bool {
        try call("deleteObjects") { world throws(GatewayError) in
            for key in world.objects.filter({ $0.hasPrefix(prefix + "/") }).sorted().prefix(2) {
                world.objects.remove(key)
            }
            return !world.objects.contains { $0.hasPrefix(prefix + "/") }
        }
    }

    func playbackURL(_ key: String, validity: Duration) async throws(GatewayError) -> String {
        "https://bucket.example/\(key)?expires=\(validity.components.seconds)"
    }

    private func call<Answer>(_ name: String, _ body: (inout World) throws(GatewayError) -> Answer)
        throws(GatewayError) -> Answer
    {
        let result: Result<Answer, GatewayError> = withWorld { world in
            world.calls.append(name)
            var fault: Fault?
            if var faults = world.faults[name], !faults.isEmpty {
                fault = faults.removeFirst()
                world.faults[name] = faults
            }
            if case .refuse(let error) = fault { return .failure(error) }
            let answer = Result { () throws(GatewayError) in try body(&world) }
            if case .loseAnswer = fault {
                return .failure(GatewayError(kind: .unavailable, code: "Timeout", mayHaveTakenEffect: true))
            }
            return answer
        }
        return try result.get()
    }

    /// Lets time do its work first: five minutes without audio, 24 hours, two seconds until a capture runs.
    private func withWorld<Answer>(_ body: (inout sending World) -> Answer) -> Answer {
        let now = time.now
        return world.withLock { world in
            for (id, meeting) in world.meetings where !meeting.isEnded {
                if now - meeting.lastAudioAt > .seconds(300) || now - meeting.createdAt > .seconds(86_400) {
                    Self.end(id, now, &world)
                }
            }
            for (id, capture) in world.captures where capture.status == .initializing {
                guard now - capture.startedAt >= .seconds(2) else { continue }
                world.captures[id]?.status = .inProgress
                Self.tell("MediaPipelineInProgress", capture.meetingID, pipeline: id, now, &world)
            }
            return body(&world)
        }
    }

    private static func runs(_ capture: Capture) -> Bool {
        capture.status == .initializing || capture.status == .inProgress
    }

    private static func end(_ meetingID: String, _ now: Timestamp, _ world: inout World) {
        guard world.meetings[meetingID]?.isEnded == false else { return }
        world.meetings[meetingID]?.isEnded = true
        tell("MeetingEnded", meetingID, now, &world)
        for (id, capture) in world.captures where capture.meetingID == meetingID && runs(capture) {
            world.captures[id]?.status = .stopped
            tell("MediaPipelineDeleted", meetingID, pipeline: id, now, &world)
        }
    }

    private static func id(_ kind: String, _ world: inout World) -> String {
        world.number += 1
        return "\(kind)-\(world.number)"
    }

    private static func describe(_ meeting: Meeting) -> ChimeMeeting {
        ChimeMeeting(
            meetingID: meeting.id, meetingARN: "arn:" + meeting.id, mediaRegion: "us-east-1",
            placement: .init())
    }

    private static func describe(_ capture: Capture) -> MediaPipeline {
        MediaPipeline(id: capture.id, arn: "arn:" + capture.id, status: capture.status)
    }

    private static func credentials(_ user: String, _ meeting: Meeting) -> AttendeeCredentials {
        AttendeeCredentials(
            externalUserID: user, attendeeID: meeting.attendees[user] ?? "",
            joinToken: "token-\(user)-\(meeting.id)", capabilities: meeting.capabilities[user])
    }
}
