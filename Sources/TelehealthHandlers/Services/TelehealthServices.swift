public import RPCModel
internal import TelehealthAPI
public import TelehealthEngine
public import TelehealthModel
internal import TelehealthRules

/// The API's services on top of the domain: requests that violate the contract's rules reach no handler, and each
/// handler calls one use case and writes the response.
public struct TelehealthServices: Sendable {
    public let all: [any RPCService]

    /// Streams that clients resume after the last event or row, so that nothing is lost by ending them.
    private static let resumable = CallCare(endsWithServer: true)

    /// - Parameters:
    ///   - audit: queries of the audit log.
    ///   - receipts: proofs of consents.
    ///   - archive: whole records of people.
    ///   - care: operations on the database.
    ///   - openWatches: the current number of watches.
    ///   - longWork: runs work that reads many rows or computes for long, so that other calls do not wait for it.
    ///   - watchWork: runs what watches of many visits read and send; separate, so that their heartbeats are not
    ///     delayed.
    ///   - time: the clock for consents and pages; its current time is the service's start.
    public init(
        useCases: UseCases, audit: AuditQueries, receipts: ReceiptIssuer, archive: PersonArchive,
        presence: PresenceTracker, care: any DatabaseMaintenance, openWatches: @escaping @Sendable () -> Int,
        longWork: any TaskExecutor, watchWork: any TaskExecutor, time: any TimeSource
    ) {
        // An open watch means that its person is present: a peer that is gone must not appear present for longer than
        // one that sends heartbeats.
        let watched = CallCare(endsWithServer: true, peerLostAfter: useCases.policy.presenceLostAfter)
        let views = SessionViews(presence: presence, policy: useCases.policy, time: time)
        let services: [any RPCService] = [
            Telehealth_V1_AppointmentServiceService(
                AppointmentHandler(appointments: useCases.appointments, sessions: useCases.sessions)),
            Telehealth_V1_TelehealthServiceService(
                VisitHandler(useCases: useCases, views: views, longWork: longWork, watchWork: watchWork)
            )
            .with(watched, for: Telehealth_V1_TelehealthService_Methods.watchSession)
            .with(Self.resumable, for: Telehealth_V1_TelehealthService_Methods.watchSessions),
            Telehealth_V1_ParticipantServiceService(
                ParticipantHandler(participants: useCases.participants, views: views)),
            Telehealth_V1_ConsentServiceService(
                ConsentHandler(useCases: useCases, receipts: receipts, time: time)),
            Telehealth_V1_ConsentDocumentServiceService(ConsentDocumentHandler(useCases: useCases, time: time)),
            Telehealth_V1_PersonServiceService(PersonHandler(archive: archive, longWork: longWork)),
            Telehealth_V1_AuditServiceService(AuditHandler(office: audit, longWork: longWork, time: time))
                .with(Self.resumable, for: Telehealth_V1_AuditService_Methods.exportAuditLog),
            Telehealth_V1_RecordingServiceService(
                RecordingHandler(recordings: useCases.recordings, receipts: receipts)),
            Telehealth_V1_EventsServiceService(EventsHandler(quality: useCases.quality)),
            Telehealth_V1_QualityServiceService(QualityHandler(quality: useCases.quality)),
            Telehealth_V1_OperationsServiceService(
                OperationsHandler(
                    useCases: useCases, care: care, startedAt: time.now, openWatches: openWatches,
                    longWork: longWork, time: time)),
        ]
        all = services.map { $0.refusingInvalidRequests(with: RequestFields.refusal) }
    }
}

/// Writes sessions as their reader may see them, including who is present.
struct SessionViews: Sendable {
    let presence: PresenceTracker
    let policy: Policy
    let time: any TimeSource

    func view(_ state: SessionState, for caller: Caller) -> Telehealth_V1_Session {
        let now = time.now
        return state.wire(for: Viewer(caller, in: state), now: now) { participant in
            presence.isPresent(participant, in: state.session.id, within: policy.presenceLostAfter)
        }
    }

    func view(_ participant: Participant, in state: SessionState, for caller: Caller)
        -> Telehealth_V1_Participant
    {
        let isPresent = presence.isPresent(
            participant.id, in: state.session.id, within: policy.presenceLostAfter)
        return participant.wire(for: Viewer(caller, in: state), in: state.session, isPresent: isPresent)
    }
}
