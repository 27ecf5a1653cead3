import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("The end of a session") struct EndingTests {
    private func sweep(_ clinic: Clinic, after seconds: Int64) async throws {
        clinic.time.advance(by: .seconds(seconds))
        _ = try await clinic.sweeper.sweep()
    }

    @Test func `a visit that began cannot be cancelled or called a no-show, only ended`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let cancel = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.cancel(
                CancelSession(sessionID: id, reason: .technical), clinic.call(Clinic.clinicianCaller))
        }
        #expect(cancel == .invalidState)
        let noShow = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.markNoShow(id, clinic.call(Clinic.clinicianCaller))
        }
        #expect(noShow == .invalidState)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
    }

    @Test(arguments: [SessionStatus.completed, .cancelled, .noShow])
    func `nothing leads out of a terminal state`(status: SessionStatus) async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        _ = try await clinic.useCases.sessions.updateStatus(id, to: status, clinic.call(Clinic.clinicianCaller))
        let caller = clinic.call(Clinic.clinicianCaller)
        let attempts: [TelehealthError.Reason?] = [
            await refusal { () throws(TelehealthError) in try await clinic.join(Clinic.clientCaller, id) },
            await refusal { () throws(TelehealthError) in try await clinic.join(Clinic.clinicianCaller, id) },
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.leave(LeaveSession(sessionID: id), caller)
            },
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.screenShares.start(id, caller)
            },
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.updateStatus(id, to: .inProgress, caller)
            },
        ]
        #expect(attempts.allSatisfy { $0 == .invalidState })
        await clinic.work(seconds: 2)
        try await sweep(clinic, after: 86_400)
        #expect(try clinic.state(id).session.status == status)
        #expect(clinic.pendingEffects.isEmpty && clinic.chime.liveMeetings.isEmpty)
    }

    @Test func `the sweeper marks an absent client when the grace after the clinician's arrival is over`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.open()
        try await sweep(clinic, after: 1200)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        try await sweep(clinic, after: 899)
        #expect(try clinic.state(id).session.status == .inProgress)
        try await sweep(clinic, after: 1)
        #expect(try clinic.state(id).session.status == .noShow)
        #expect(try clinic.state(id).session.noShowParty == .client)
    }

    @Test func `nobody came is a no-show of both, after the end`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        try await sweep(clinic, after: 3540)
        #expect(try clinic.state(id).session.status == .scheduled)
        try await sweep(clinic, after: 1)
        #expect(try clinic.state(id).session.noShowParty == .both)
    }

    @Test func `a client who came and met nobody is not blamed`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, id)
        try await sweep(clinic, after: 46)
        #expect(try clinic.state(id).session.status == .scheduled)
        try await sweep(clinic, after: 3600)
        #expect(try clinic.state(id).session.status == .cancelled)
        #expect(try clinic.state(id).session.cancelReason == .clinicianNoShow)
    }

    @Test func `heartbeats and open watches keep a person, silence loses them`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let watch = try await clinic.useCases.watches.watchSession(
            id, after: nil, clinic.call(Clinic.clinicianCaller), wake: {})
        for _ in 0..<4 {
            clinic.time.advance(by: .seconds(20))
            _ = try await clinic.useCases.sessions.heartbeat(id, clinic.call(Clinic.clientCaller))
            _ = try await clinic.sweeper.sweep()
        }
        #expect(try clinic.state(id).admitted.count == 2)
        try await sweep(clinic, after: 46)
        #expect(try clinic.state(id).admitted.map(\.role) == [.clinician])
        #expect(clinic.store.snapshot.events[id]?.last?.reason == .left(.presenceLost))
        let beat = try await clinic.useCases.sessions.heartbeat(id, clinic.call(Clinic.clientCaller))
        #expect(beat.participantState == .left)
        watch.close()
        try await sweep(clinic, after: 46)
        #expect(try clinic.state(id).admitted.isEmpty)
    }

    @Test func `a visit that everybody left is over after the grace, as of the last one's leaving`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        clinic.time.advance(by: .seconds(30))
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        let left = clinic.time.now
        try await sweep(clinic, after: 599)
        #expect(try clinic.state(id).session.status == .inProgress)
        try await sweep(clinic, after: 1)
        let session = try clinic.state(id).session
        #expect(session.status == .completed && session.endReason == .allLeft && session.endedAt == left)
    }

    @Test func `a visit ends an hour past its slot`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let watches = [Clinic.clientCaller, Clinic.clinicianCaller]
        for caller in watches {
            _ = try await clinic.useCases.watches.watchSession(id, after: nil, clinic.call(caller), wake: {})
        }
        try await sweep(clinic, after: 3600 - 60 + 3600 - 1)
        #expect(try clinic.state(id).session.status == .inProgress)
        try await sweep(clinic, after: 1)
        #expect(try clinic.state(id).session.endReason == .timeout)
    }

    @Test func `a person's word that commits before the sweeper's stands`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        clinic.time.advance(by: .seconds(4000))
        clinic.store.interrupt {
            _ = try? await clinic.useCases.sessions.cancel(
                CancelSession(sessionID: id, reason: .clinician), clinic.call(Clinic.clinicianCaller))
        }
        #expect(try await clinic.sweeper.sweep() == 0)
        #expect(try clinic.state(id).session.status == .cancelled)
        #expect(try clinic.state(id).session.cancelReason == .clinician)
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(-3600)])
    func `a step of the wall clock makes nobody silent, and keeps nobody here`(step: Duration) async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        clinic.time.advance(by: .seconds(20))
        _ = try await clinic.useCases.sessions.heartbeat(id, clinic.call(Clinic.clientCaller))
        clinic.time.setForward(by: step)
        let client = try #require(try clinic.state(id).participant(of: Clinic.client))
        let (presence, limit) = (clinic.presence, clinic.policy.presenceLostAfter)
        #expect(presence.isPresent(client.id, in: id, within: limit))
        #expect(presence.silence(of: client.id, in: id) == .zero)
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).participant(of: Clinic.client)?.state == .admitted)
        clinic.time.advance(by: limit)
        #expect(!presence.isPresent(client.id, in: id, within: limit))
    }

    @Test func `a restart loses nobody who is there`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        clinic.time.advance(by: .seconds(600))
        let sweeper = Sweeper(
            store: clinic.store, presence: PresenceTracker(time: clinic.time, following: clinic.store),
            gateway: clinic.chime, time: clinic.time, ids: clinic.ids, policy: clinic.policy)
        clinic.time.advance(by: .seconds(45))
        #expect(try await sweeper.sweep() == 0)
        clinic.time.advance(by: .seconds(1))
        #expect(try await sweeper.sweep() == 1)
        #expect(try clinic.state(id).admitted.isEmpty)
    }
}
