internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension VisitHandler {
    func watchSession(
        _ request: Telehealth_V1_WatchSessionRequest,
        responses: ResponseWriter<Telehealth_V1_WatchSessionResponse>,
        context: ServerCallContext
    ) async throws(RPCError) {
        let id = SessionID(request.sessionID)
        let invocation = try context.reading()
        let relay = WatchRelay(responses)
        let watch = try await mappingDomainErrors { () async throws(TelehealthError) in
            // The watch and the relay refer to each other until the watch is closed: a weak reference would cost
            // every open watch 80 bytes.
            try await useCases.watches.watchSession(
                id, after: request.afterSequence, isPresence: !request.presenceByHeartbeat, invocation
            ) { relay.pump() }
        }
        // The call keeps the relay: only its cancellation ends a watch from outside.
        context.onCancel { relay.finish(nil, peerSilence: context.peerSilence) }
        let now = views.time.now
        relay.start(
            watch,
            snapshot: watch.takeSnapshot().map { state in
                .with {
                    $0.session = views.view(state, for: invocation.caller)
                    $0.sequence = watch.sequence
                    $0.snapshotTime = now.wire
                }
            }, now: now)
    }
}
