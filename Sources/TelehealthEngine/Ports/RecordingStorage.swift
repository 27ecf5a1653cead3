public import TelehealthModel

/// Port: where the provider leaves recordings. Every call is idempotent by its arguments and bounded by `timeout` in
/// total, retries included.
///
/// Isolation: any.
public protocol RecordingStorage: Sendable {
    /// The bucket that recordings go to; nil when none is configured (recording is then refused).
    var recordingsBucket: String? { get }
    /// HEAD; nil when the object is not there (yet).
    func object(_ key: String, timeout: Duration) async throws(GatewayError) -> StoredObject?
    /// Removes what lies under `prefix/`, a page at a time; idempotent.
    ///
    /// - Returns: whether nothing is left there; false = ask again.
    func deleteObjects(prefix: String, timeout: Duration) async throws(GatewayError) -> Bool
    /// A presigned GET URL valid for `validity` (at most 5 minutes). A bearer secret: never stored or logged.
    func playbackURL(_ key: String, validity: Duration) async throws(GatewayError) -> String
}
