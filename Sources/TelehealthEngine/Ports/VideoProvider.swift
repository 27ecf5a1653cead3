public import TelehealthModel

/// Port: meetings, attendees and captures of the video provider. Every call is idempotent by its arguments and bounded
/// by `timeout` in total, retries included.
///
/// Isolation: any.
public protocol VideoProvider: Sendable {
    /// The region whose API is called; events arrive there.
    var controlRegion: String { get }

    /// - Returns: the meeting and the attendees asked for, in the order asked.
    func createMeeting(_ request: MeetingRequest, timeout: Duration) async throws(GatewayError)
        -> (meeting: ChimeMeeting, attendees: [AttendeeCredentials])
    /// - Returns: nil when the meeting no longer exists.
    func meeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) -> ChimeMeeting?
    /// A meeting that no longer exists is success.
    func deleteMeeting(_ meetingID: String, timeout: Duration) async throws(GatewayError)
    /// The same external id in the same meeting gives the same attendee.
    func createAttendee(_ request: AttendeeRequest, meetingID: String, timeout: Duration)
        async throws(GatewayError)
        -> AttendeeCredentials
    /// - Returns: nil when meeting or attendee no longer exists.
    func attendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
        -> AttendeeCredentials?
    func deleteAttendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
    func updateCapabilities(
        _ capabilities: MediaCapabilities, attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError)

    /// Starts a capture into `prefix` of the configured bucket; idempotent by token.
    func startCapture(meetingARN: String, prefix: String, clientRequestToken: String, timeout: Duration)
        async throws(GatewayError) -> MediaPipeline
    /// The capture that writes to `prefix`, of a start whose answer was lost: found by listing, never
    /// started.
    ///
    /// A start that may not be repeated (its consent was revoked meanwhile) still may have to be stopped.
    /// - Returns: nil when no capture, or none that still runs, writes there.
    func findCapture(meetingARN: String, prefix: String, timeout: Duration) async throws(GatewayError)
        -> MediaPipeline?
    /// - Returns: nil when the pipeline no longer exists (stopped long ago).
    func capture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline?
    /// A pipeline that no longer exists is success.
    func stopCapture(_ pipelineID: String, timeout: Duration) async throws(GatewayError)
    func startConcatenation(
        capturePipelineARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    )
        async throws(GatewayError) -> MediaPipeline
    func concatenation(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline?

    /// The key under which a concatenation leaves its playable file.
    func playableKey(prefix: String, concatenationPipelineID: String) -> String
}
