public import TelehealthModel
public import TelehealthRules

/// Everything that a caller can ask of the service, by aggregate; each use case is one call of the API.
///
/// The handlers decide which role may call which method, ``CallerAccess`` who belongs to which session, and the rules
/// (TelehealthRules) what may be done. Isolation: the caller's.
public final class UseCases: Sendable {
    public let appointments: AppointmentUseCases
    public let sessions: SessionUseCases
    public let screenShares: ScreenShareUseCases
    public let participants: ParticipantUseCases
    public let consents: ConsentUseCases
    public let documents: ConsentDocumentUseCases
    public let recordings: RecordingUseCases
    public let quality: QualityUseCases
    public let operations: OperationUseCases
    public let watches: WatchUseCases
    public let audit: AuditRecorder
    let pipeline: CommandPipeline
    private let checkTurn = InspectionTurn()

    /// - Parameters:
    ///   - hub: follows the store, as `presence` and `credentials` do.
    ///   - credentials: the worker's, too.
    ///   - guestKey: signs guests' grants and passes; a fresh one ends them with this process.
    public init(
        store: any TelehealthStore, hub: EventHub, presence: PresenceTracker, credentials: CredentialCache,
        gateway: any VideoProvider & RecordingStorage, time: any TimeSource, ids: any IDSource, policy: Policy,
        guestKey: GuestKey = GuestKey()
    ) {
        let pipeline = CommandPipeline(
            store: store,
            contexts: RuleContextSource(
                time: time, ids: ids, policy: policy, controlRegion: gateway.controlRegion,
                recordingsBucket: gateway.recordingsBucket))
        self.pipeline = pipeline
        audit = pipeline.audit
        appointments = AppointmentUseCases(pipeline: pipeline)
        sessions = SessionUseCases(
            pipeline: pipeline, hub: hub, presence: presence, credentials: credentials, provider: gateway)
        screenShares = ScreenShareUseCases(pipeline: pipeline)
        participants = ParticipantUseCases(pipeline: pipeline, guestKey: guestKey)
        consents = ConsentUseCases(pipeline: pipeline)
        documents = ConsentDocumentUseCases(pipeline: pipeline)
        recordings = RecordingUseCases(pipeline: pipeline, storage: gateway)
        quality = QualityUseCases(pipeline: pipeline, gateway: gateway)
        operations = OperationUseCases(pipeline: pipeline)
        watches = WatchUseCases(pipeline, hub: hub, presence: presence)
    }

    public var policy: Policy { pipeline.policy }

    /// What operators do with the database behind the store.
    public func maintenance(of database: any DatabaseMaintenance) -> MaintenanceUseCases {
        MaintenanceUseCases(pipeline: pipeline, database: database, turn: checkTurn)
    }
}
