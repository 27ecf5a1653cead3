import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

/// The part of ``VisitHandler`` that watches one visit, and many, as its own streams show them.
@Suite("TelehealthService, watching", .timeLimit(.minutes(3))) struct VisitWatchTests {
    private typealias Messages = ResponseStream<Telehealth_V1_WatchSessionResponse>

    private func watch(
        _ service: SimulatedService, _ role: Role, _ id: String,
        _ change: (inout Telehealth_V1_WatchSessionRequest) -> Void = { _ in }
    ) throws -> Messages {
        let visit = try service.sessionID
        let options = CallOptions(metadata: ["authorization": "Bearer " + People.token(role, id)])
        let request = Telehealth_V1_WatchSessionRequest.with {
            $0.sessionID = visit
            change(&$0)
        }
        return Telehealth_V1_TelehealthServiceClient(service.channel).watchSession(request, options: options)
    }

    @Test func `a watch begins with the visit as its viewer sees it, then tells every event with its fields`()
        async throws
    {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let last = try service.visit.session.lastEventSequence
        var messages = try watch(service, .clinician, "clinician-1").makeAsyncIterator()
        let first = try #require(try await messages.next())
        let session = try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) }).session
        #expect(
            first
                == .with {
                    $0.message = .snapshot(
                        .with { ($0.session, $0.sequence, $0.snapshotTime) = (session, last, service.now) })
                    $0.heartbeatInterval = .with { $0.seconds = 15 }
                })
        let share = try await service.patient.sessions.startScreenShare(.with { $0.sessionID = visit }).screenShare
        let event = try #require(try await messages.next())
        #expect(
            event
                == .with {
                    $0.message = .event(
                        .with {
                            $0.sequence = last + 1
                            $0.occurTime = service.now
                            $0.status = .inProgress
                            $0.kind = .screenShareStarted(
                                .with {
                                    ($0.screenShareID, $0.participantID) = (share?.screenShareID ?? "", client)
                                })
                        })
                })
    }

    @Test func `a watch whose person calls heartbeats says how soon, and is not presence by itself`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        var own = try watch(service, .client, "client-1") { $0.presenceByHeartbeat = true }.makeAsyncIterator()
        let first = try #require(try await own.next())
        #expect(first.callHeartbeatWithin == .with { $0.seconds = 15 })
        await service.clinic.live(for: .seconds(44))
        var desk = try watch(service, .service, "desk") { $0.presenceByHeartbeat = true }.makeAsyncIterator()
        let other = try #require(try await desk.next())
        // Nobody's place: nobody's heartbeat.
        #expect(other.callHeartbeatWithin == nil)
    }

    @Test func `a watch resumes behind a number with a sign of life and what came since`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let last = try service.visit.session.lastEventSequence
        var messages = try watch(service, .clinician, "clinician-1") { $0.afterSequence = last - 2 }.makeAsyncIterator()
        let first = try #require(try await messages.next())
        #expect(
            first
                == .with {
                    $0.message = .heartbeat(.with { ($0.sendTime, $0.sequence) = (service.now, last - 2) })
                    $0.heartbeatInterval = .with { $0.seconds = 15 }
                })
        for sequence in [last - 1, last] {
            guard case .event(let event)? = try await messages.next()?.message else {
                Issue.record("no event")
                return
            }
            #expect(event.sequence == sequence)
        }
    }

    @Test func `a number that was never given is refused, and so is a watch of nobody's visit`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let beyond = try service.visit.session.lastEventSequence + 1
        let error = await #expect(throws: RPCError.self) {
            for try await _ in try watch(service, .clinician, "clinician-1", { $0.afterSequence = beyond }) {}
        }
        #expect(error.map(Refusal.init)?.reason == "INVALID_FIELD")
        let stranger = await #expect(throws: RPCError.self) {
            for try await _ in try watch(service, .client, "client-2") {}
        }
        #expect(stranger.map(Refusal.init) == .noSession)
    }

    @Test func `a watch of a visit that is over shows it and ends well`() async throws {
        let service = try await SimulatedService(stage: .over)
        var messages: [Telehealth_V1_WatchSessionResponse] = []
        for try await message in try watch(service, .clinician, "clinician-1") { messages.append(message) }
        try #require(messages.count == 1)
        guard case .snapshot(let snapshot)? = messages[0].message else {
            Issue.record("no snapshot")
            return
        }
        #expect(snapshot.session?.status == .completed)
    }

    @Test func `whoever is sent away is told so by the end of their watch`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        var messages = try watch(service, .client, "client-1").makeAsyncIterator()
        _ = try await messages.next()
        _ = try await service.clinician.participants.remove(
            .with { ($0.sessionID, $0.participantID) = (visit, client) })
        let error = await #expect(throws: RPCError.self) { while try await messages.next() != nil {} }
        #expect(error.map(Refusal.init) == Refusal(.permissionDenied, "PARTICIPANT_REMOVED"))
    }

    // MARK: Many visits

    private func range(_ service: SimulatedService, _ token: String = "") -> Telehealth_V1_WatchSessionsRequest {
        .with {
            $0.startTime = .with { $0.seconds = service.now.seconds - 3600 }
            $0.endTime = .with { $0.seconds = service.now.seconds + 3600 }
            $0.resumeToken = token
        }
    }

    private func watchAll(_ service: SimulatedService, _ request: Telehealth_V1_WatchSessionsRequest)
        -> ResponseStream<Telehealth_V1_WatchSessionsResponse>
    {
        Telehealth_V1_TelehealthServiceClient(service.channel).watchSessions(
            request, options: CallOptions(metadata: ["authorization": "Bearer " + People.token(.clinician, "clinician-1")]))
    }

    @Test func `a watch of many visits shows each in short, and then each that changes`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.visit.session
        var messages = watchAll(service, range(service)).makeAsyncIterator()
        let first = try #require(try await messages.next())
        guard case .snapshotPart(let part)? = first.message else {
            Issue.record("no snapshot")
            return
        }
        let summary = try #require(part.sessions.first)
        #expect(part.complete && part.sessions.count == 1 && !first.resumeToken.isEmpty)
        #expect(first.heartbeatInterval == .with { $0.seconds = 15 })
        #expect(
            summary
                == .with {
                    $0.sessionID = visit.id.rawValue
                    $0.appointmentID = "appointment-1"
                    $0.clientID = "client-1"
                    $0.clinicianID = "clinician-1"
                    $0.guardianID = "guardian-1"
                    $0.status = .scheduled
                    $0.version = visit.version
                    $0.scheduledStartTime = visit.startsAt.wire
                    $0.scheduledEndTime = visit.endsAt.wire
                    $0.consentsComplete = true
                })
        let telling = Task { await service.clinic.useCases.watches.tellSessionsWatches() }
        defer { telling.cancel() }
        _ = try await service.scheduler.sessions.cancel(.with { $0.sessionID = visit.id.rawValue })
        let second = try #require(try await messages.next())
        guard case .changed(let changed)? = second.message else {
            Issue.record("no change")
            return
        }
        #expect(changed.status == .cancelled && changed.version == visit.version + 1)
        #expect(!second.resumeToken.isEmpty && second.resumeToken != first.resumeToken)
    }

    @Test func `a watch of many visits goes on behind its token, and a made-up token is refused`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        var messages = watchAll(service, range(service)).makeAsyncIterator()
        let token = try #require(try await messages.next()).resumeToken
        _ = try await service.scheduler.sessions.cancel(.with { $0.sessionID = visit })
        var resumed = watchAll(service, range(service, token)).makeAsyncIterator()
        var found: Telehealth_V1_SessionSummary?
        while found == nil, let message = try await resumed.next() {
            if case .changed(let changed)? = message.message { found = changed }
        }
        let changed = try #require(found)
        #expect(changed.sessionID == visit && changed.status == .cancelled)
        let error = await #expect(throws: RPCError.self) {
            for try await _ in watchAll(service, range(service, "made up")) {}
        }
        #expect(error.map(Refusal.init)?.reason == "RESUME_EXPIRED" || error.map(Refusal.init)?.code == .invalidArgument)
    }
}
