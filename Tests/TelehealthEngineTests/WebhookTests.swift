import Synchronization
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("Webhooks from the outbox") struct WebhookTests {
    /// Receivers that can be down, and remember what they took.
    private final class Receivers: WebhookSender {
        struct Message: Hashable {
            let target: String
            let session: SessionID
            let sequence: Int64
            let delivery: EffectID
        }
        private struct State {
            var taken: [Message] = []
            var attempts = 0
            var down: Set<String> = []
            var losesAnswers = false
        }
        private let state = Mutex(State())

        var taken: [Message] { state.withLock { $0.taken } }
        var attempts: Int { state.withLock { $0.attempts } }
        func setDown(_ names: Set<String>) { state.withLock { $0.down = names } }
        func loseAnswers(_ yes: Bool) { state.withLock { $0.losesAnswers = yes } }
        func sequences(_ target: String, _ session: SessionID) -> [Int64] {
            taken.filter { $0.target == target && $0.session == session }.map(\.sequence)
        }

        func send(_ event: SessionEvent, delivery: EffectID, attempt: Int, to target: String, now: Timestamp)
            async throws(GatewayError)
        {
            let isTaken = state.withLock { state in
                state.attempts += 1
                if state.down.contains(target) { return false }
                state.taken.append(
                    Message(target: target, session: event.sessionID, sequence: event.sequence, delivery: delivery))
                return !state.losesAnswers
            }
            if !isTaken { throw GatewayError(kind: .unavailable, code: "status_503") }
        }
    }

    private func clinic(_ targets: [WebhookTarget]) -> (Clinic, Receivers, EffectWorker) {
        let clinic = Clinic { $0.webhooks = targets }
        let receivers = Receivers()
        let worker = EffectWorker(
            store: clinic.store, credentials: clinic.credentials, gateway: clinic.chime, time: clinic.time,
            ids: clinic.ids, policy: clinic.policy, webhooks: receivers)
        return (clinic, receivers, worker)
    }

    private func work(_ clinic: Clinic, _ worker: EffectWorker, seconds: Int) async {
        for _ in 0..<seconds * 2 {
            await worker.runDue()
            clinic.time.advance(by: .milliseconds(500))
            clinic.chime.speak()
        }
        await worker.runDue()
    }

    /// A visit up to the client's waiting and the clinician's asking.
    private func visit(_ clinic: Clinic) async throws -> SessionID {
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try? await clinic.useCases.sessions.join(
            JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller, timeout: .zero))
        return id
    }

    @Test func `every event reaches every target that wants it, once and in order`() async throws {
        let (clinic, receivers, worker) = clinic([
            WebhookTarget(name: "all"), WebhookTarget(name: "status", kinds: [.statusChanged]),
        ])
        let id = try await visit(clinic)
        await work(clinic, worker, seconds: 30)
        let events = clinic.store.snapshot.events[id] ?? []
        #expect(events.count > 3)
        #expect(receivers.sequences("all", id) == events.map(\.sequence))
        #expect(
            receivers.sequences("status", id) == events.filter { $0.kind == .statusChanged }.map(\.sequence))
        #expect(clinic.pendingEffects.isEmpty)
    }

    @Test func `a dead target holds up neither Chime nor the other targets, and gets all in order when it is back`()
        async throws
    {
        let (clinic, receivers, worker) = clinic([WebhookTarget(name: "dead"), WebhookTarget(name: "alive")])
        receivers.setDown(["dead"])
        let id = try await visit(clinic)
        await work(clinic, worker, seconds: 120)
        #expect(try clinic.state(id).liveMeeting?.state == .active)
        let events = (clinic.store.snapshot.events[id] ?? []).map(\.sequence)
        #expect(receivers.sequences("alive", id) == events)
        #expect(receivers.sequences("dead", id) == [])
        #expect(clinic.pendingEffects.allSatisfy { $0.lane == "webhook dead" })
        // It rests between attempts: two minutes are not a thousand calls.
        #expect(receivers.attempts - receivers.taken.count < 60)
        receivers.setDown([])
        await work(clinic, worker, seconds: 600)
        #expect(receivers.sequences("dead", id) == events)
        #expect(clinic.pendingEffects.isEmpty)
    }

    @Test func `a message whose answer was lost comes again under the same delivery, in its place`() async throws {
        let (clinic, receivers, worker) = clinic([WebhookTarget(name: "all")])
        receivers.loseAnswers(true)
        let id = try await visit(clinic)
        await work(clinic, worker, seconds: 10)
        receivers.loseAnswers(false)
        await work(clinic, worker, seconds: 600)
        let sequences = receivers.sequences("all", id)
        #expect(sequences == sequences.sorted())
        #expect(Set(sequences) == Set((clinic.store.snapshot.events[id] ?? []).map(\.sequence)))
        #expect(sequences.count > Set(sequences).count)
        #expect(Set(receivers.taken.map(\.delivery)).count == Set(sequences).count)
    }

    @Test func `what was meant for a target that the operator took out is let go`() async throws {
        let (clinic, receivers, _) = clinic([WebhookTarget(name: "gone")])
        _ = try await visit(clinic)
        var policy = clinic.policy
        policy.webhooks = []
        let worker = EffectWorker(
            store: clinic.store, credentials: clinic.credentials, gateway: clinic.chime, time: clinic.time,
            ids: clinic.ids, policy: policy, webhooks: receivers)
        await work(clinic, worker, seconds: 30)
        #expect(receivers.taken.isEmpty && clinic.pendingEffects.isEmpty)
    }

    @Test func `a target has few calls under way, and one after a failure`() {
        let lanes = WebhookLanes()
        let now = Timestamp(microseconds: 0)
        for _ in 0..<WebhookLanes.underWayMax { #expect(lanes.enter("a", now: now) == nil) }
        #expect(lanes.enter("a", now: now) != nil)
        #expect(lanes.enter("b", now: now) == nil)
        for _ in 0..<WebhookLanes.underWayMax { lanes.leave("a", succeeded: false, now: now) }
        #expect(lanes.enter("a", now: now) != nil, "it rests")
        let later = now + .seconds(31)
        #expect(lanes.enter("a", now: later) == nil)
        #expect(lanes.enter("a", now: later) != nil)
        lanes.leave("a", succeeded: true, now: later)
        for _ in 0..<WebhookLanes.underWayMax { #expect(lanes.enter("a", now: later) == nil) }
    }
}
