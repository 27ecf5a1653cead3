import Synchronization
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("A watch") struct SessionWatchTests {
    private func open(
        _ clinic: Clinic, _ id: SessionID, after: Int64? = nil, isPresence: Bool = true,
        _ caller: Caller = Clinic.clinicianCaller, wakes: Wakes = Wakes()
    ) async throws -> SessionWatch {
        try await clinic.useCases.watches.watchSession(
            id, after: after, isPresence: isPresence, clinic.call(caller), wake: { wakes.count() })
    }

    private func sequences(_ items: [SessionWatch.Item]) -> [Int64] {
        items.compactMap { if case .event(let event) = $0 { event.sequence } else { nil } }
    }

    @Test func `it begins with a snapshot and goes on with every event once, in order`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        let wakes = Wakes()
        let watch = try await open(clinic, id, wakes: wakes)
        #expect(watch.takeSnapshot()?.session.status == .scheduled && watch.sequence == 1)
        #expect(watch.take().isEmpty && wakes.total == 0)
        _ = try await clinic.join(Clinic.clientCaller, id)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(wakes.total == 1)
        let last = try clinic.state(id).session.lastEventSequence
        #expect(sequences(watch.take()) == Array(2...last))
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(wakes.total == 2)
        #expect(sequences(watch.take()) == [last + 1])
    }

    @Test func `it resumes after any sequence without gap or duplicate, also while events come`() async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let last = try clinic.state(id).session.lastEventSequence
        for after in 0...last {
            let watch = try await open(clinic, id, after: after)
            #expect(watch.takeSnapshot() == nil)
            #expect(sequences(watch.take()) == Array((after + 1)..<(last + 1)))
            watch.close()
        }
        let beyond = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.watches.watchSession(
                id, after: last + 1, clinic.call(Clinic.clinicianCaller), wake: {})
        }
        #expect(beyond == .fieldInvalid)
    }

    @Test func `events that are published again are handed out once`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        let watch = try await open(clinic, id)
        let events = (1...6).map { event(id, $0) }
        for range in [0..<3, 0..<3, 1..<4, 3..<4, 2..<6, 5..<6] { clinic.hub.publish(Array(events[range])) }
        #expect(sequences(watch.take()) == [2, 3, 4, 5, 6])
    }

    @Test func `events of several sessions reach the watches of their own, in order`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        let watch = try await open(clinic, id)
        let other = SessionID("another")
        clinic.hub.publish([
            event(other, 2), event(id, 2), event(id, 3), event(other, 3), event(id, 4), event(other, 4),
        ])
        #expect(sequences(watch.take()) == [2, 3, 4])
    }

    @Test func `a watcher that is too slow is told to resume`() async throws {
        let clinic = Clinic { $0.watchQueueMax = 3 }
        let id = try await clinic.open()
        let watch = try await open(clinic, id)
        for sequence in 2...5 { clinic.hub.publish([event(id, Int64(sequence))]) }
        #expect(watch.take() == [.ended(TelehealthError(.watchLagging))])
        clinic.hub.publish([event(id, 6)])
        #expect(watch.take().isEmpty)
    }

    @Test func `an event whose predecessor was not published ends the watch before it is handed out`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        let watch = try await open(clinic, id)
        clinic.hub.publish([event(id, 2), event(id, 4)])
        #expect(watch.take() == [.ended(TelehealthError(.watchLagging))])
        clinic.hub.publish([event(id, 3)])
        clinic.hub.tick(now: clinic.time.now)
        #expect(watch.take().isEmpty)
    }

    @Test func `it ends with its token`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        let caller = Caller(
            subject: "c", role: .clinician, clinicianID: Clinic.clinician,
            expiresAt: clinic.time.now + .seconds(30))
        let watch = try await open(clinic, id, caller)
        clinic.time.advance(by: .seconds(15))
        clinic.hub.tick(now: clinic.time.now)
        #expect(watch.take() == [.heartbeat(at: clinic.time.now, sequence: 1)])
        clinic.time.advance(by: .seconds(15))
        clinic.hub.tick(now: clinic.time.now)
        #expect(watch.take() == [.ended(TelehealthError(.tokenExpired))])
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.watches.watchSession(id, after: nil, clinic.call(caller), wake: {})
        }
        #expect(reason == .tokenExpired)
    }

    @Test func `what is no longer kept cannot be resumed`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        clinic.time.advance(by: .seconds(10))
        try await clinic.store.prune(
            requestsBefore: clinic.time.now, eventsBefore: clinic.time.now, effectsBefore: VirtualTime.nine,
                earlyCancellationsBefore: VirtualTime.nine)
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.watches.watchSession(
                id, after: 1, clinic.call(Clinic.clinicianCaller), wake: {})
        }
        #expect(reason == .resumeExpired)
        #expect(clinic.hub.watchCount == 0)
    }

    @Test func `a client is not notified of others' revocations, and skips no later event for it`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let consent = try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        let watch = try await open(clinic, id, Clinic.clientCaller)
        let before = watch.sequence
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clinicianCaller))
        _ = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clinicianCaller))
        #expect(sequences(watch.take()) == [before + 2])
    }

    @Test func `no event ever holds a join token`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let media = try #require(try await clinic.join(Clinic.clientCaller, id).media)
        let stored = String(describing: clinic.store.snapshot)
        #expect(!stored.contains(media.credentials.joinToken))
        #expect(!String(describing: media.credentials).contains(media.credentials.joinToken))
        #expect(stored.contains(media.credentials.attendeeID))
    }

    @Test func `a closed watch is forgotten, and closing twice is one closing`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let watch = try await open(clinic, id, Clinic.clientCaller)
        let other = try await open(clinic, id, Clinic.clientCaller)
        watch.close()
        watch.close()
        #expect(clinic.hub.watchCount == 1)
        let client = try #require(try clinic.state(id).participant(of: Clinic.client))
        clinic.time.advance(by: .seconds(1000))
        #expect(clinic.presence.silence(of: client.id, in: id) == .zero)
        other.close()
        clinic.time.advance(by: .seconds(1))
        #expect(clinic.presence.silence(of: client.id, in: id) == .seconds(1))
    }

    @Test func `behind the event that ended the session it has nothing but the end`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        let last = try clinic.state(id).session.lastEventSequence
        #expect(try await open(clinic, id, after: last).take() == [.over])
        #expect(try await open(clinic, id).take() == [.over])
        let behind = try await open(clinic, id, after: last - 1).take()
        #expect(sequences(behind) == [last] && behind.last == .over)
        // Nobody is there any more, and nothing is kept of those who look.
        let client = try #require(try clinic.state(id).participant(of: Clinic.client))
        let watch = try await open(clinic, id, Clinic.clientCaller)
        #expect(clinic.presence.lastSign(of: client.id, in: id) == nil)
        watch.close()
        #expect(clinic.presence.lastSign(of: client.id, in: id) == nil)
    }

    @Test func `a watch beside which heartbeats are sent is not presence without them`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try #require(try clinic.state(id).participant(of: Clinic.client))
        let presence = clinic.presence
        func isHere() -> Bool {
            presence.isPresent(client.id, in: id, within: .seconds(45))
        }
        clinic.time.advance(by: .seconds(100))
        #expect(!isHere())
        let watch = try await open(clinic, id, isPresence: false, Clinic.clientCaller)
        #expect(watch.callHeartbeatWithin == .seconds(15))
        #expect(isHere(), "to open it is a sign of life")
        clinic.time.advance(by: .seconds(44))
        _ = try await clinic.useCases.sessions.heartbeat(id, clinic.call(Clinic.clientCaller))
        clinic.time.advance(by: .seconds(44))
        #expect(isHere())
        clinic.time.advance(by: .seconds(1))
        #expect(!isHere(), "the stream is open and nobody behind it")
        watch.close()
        #expect(!isHere(), "nor does its end say that somebody was there")
    }

    @Test func `somebody who looks on before joining is noted once, not with every heartbeat`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        _ = try await open(clinic, id, isPresence: false, Clinic.clientCaller)
        let before = clinic.store.snapshot.audit.count
        for _ in 0..<4 {
            clinic.time.advance(by: .seconds(15))
            _ = try await clinic.useCases.sessions.heartbeat(id, clinic.call(Clinic.clientCaller))
        }
        #expect(clinic.store.snapshot.audit.count == before)
    }

    private func event(_ id: SessionID, _ sequence: Int64) -> SessionEvent {
        SessionEvent(
            sessionID: id, sequence: sequence, at: VirtualTime.nine, kind: .statusChanged, status: .scheduled)
    }
}

private final class Wakes: Sendable {
    private let number = Atomic(0)
    func count() { number.add(1, ordering: .relaxed) }
    var total: Int { number.load(ordering: .relaxed) }
}
