import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("The version that a change is meant for") struct ExpectedVersionTests {
    private func call(_ clinic: Clinic, _ version: Int64?, _ caller: Caller = Clinic.clinicianCaller) -> Invocation {
        var call = clinic.call(caller)
        call.expectedVersion = version
        return call
    }

    private func share(_ clinic: Clinic, _ id: SessionID, _ call: Invocation) async -> TelehealthError? {
        do throws(TelehealthError) {
            _ = try await clinic.useCases.screenShares.start(id, call)
            return nil
        } catch { return error }
    }

    private func report(_ clinic: Clinic, _ id: SessionID, loss: Double) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.quality.report(
                id, ClientMetrics(window: .seconds(5), packetLossPercent: loss), clinic.call(Clinic.clientCaller))
        }
    }

    @Test func `a change that another one overtook is judged again and not made`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let version = try clinic.state(id).session.version
        let other = call(clinic, version, Clinic.clientCaller)
        clinic.store.interrupt { #expect(await share(clinic, id, other) == nil) }
        let error = await share(clinic, id, call(clinic, version))
        #expect(error?.reason == .versionMismatch && error?.metadata == [.currentVersion: "\(version + 1)"])
        #expect(error?.category == .failedPrecondition && error?.retryAfter == nil)
        #expect(try clinic.state(id).screenShares.count == 1)
    }

    @Test func `one that only a word about somebody's line overtook is decided again and made`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let before = try clinic.state(id).session
        clinic.store.interrupt { #expect(await report(clinic, id, loss: 9) == nil) }
        #expect(await share(clinic, id, call(clinic, before.version)) == nil)
        let after = try clinic.state(id).session
        #expect(after.version == before.version + 1 && after.lastEventSequence == before.lastEventSequence + 2)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a word about somebody's line that a change overtook is told behind it`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let before = try clinic.state(id).session
        let other = call(clinic, before.version)
        clinic.store.interrupt { #expect(await share(clinic, id, other) == nil) }
        #expect(await report(clinic, id, loss: 9) == nil)
        #expect(clinic.kinds(id).suffix(2) == [.screenShareStarted, .connectionQualityChanged])
        let after = try clinic.state(id).session
        #expect(after.version == before.version + 1 && after.lastModifiedBy == Clinic.clinicianCaller.subject.rawValue)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a mismatch goes before the visit's state, and behind the caller's rights`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let version = try clinic.state(id).session.version
        #expect(await share(clinic, id, call(clinic, version)) == nil)
        #expect(await share(clinic, id, call(clinic, version + 1))?.reason == .screenShareActive)
        #expect(await share(clinic, id, call(clinic, version))?.reason == .versionMismatch)
        for other in [Clinic.stranger, Clinic.otherClinician] {
            #expect(await share(clinic, id, call(clinic, version, other))?.reason == .sessionNotFound)
        }
        #expect(await share(clinic, id, call(clinic, version, Clinic.admin))?.reason == .notAllowed)
    }

    @Test func `where nothing would change the version must hold all the same`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        func leave(_ version: Int64) async -> TelehealthError.Reason? {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.leave(
                    LeaveSession(sessionID: id), call(clinic, version, Clinic.clientCaller))
            }
        }
        let version = try clinic.state(id).session.version
        #expect(await leave(version) == nil)
        #expect(await leave(version) == .versionMismatch)
        #expect(await leave(version + 1) == nil)
        let other = call(clinic, version + 1)
        clinic.store.interrupt { #expect(await share(clinic, id, other) == nil) }
        #expect(await leave(version + 1) == .versionMismatch)
    }

    @Test func `a join for another version still says where the client is, and the refusal the version behind it`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        var check = Clinic.check
        check.locationAddress = "9 Elsewhere St, Atlanta"
        let join = JoinSession(sessionID: id, preVisitCheck: check)
        func refused(_ version: Int64) async -> TelehealthError? {
            do throws(TelehealthError) {
                _ = try await clinic.useCases.sessions.join(join, call(clinic, version, Clinic.clientCaller))
                return nil
            } catch { return error }
        }
        let version = try clinic.state(id).session.version
        let error = await refused(version - 1)
        #expect(error?.reason == .versionMismatch && error?.metadata == [.currentVersion: "\(version + 1)"])
        let state = try clinic.state(id)
        #expect(state.session.version == version + 1)
        #expect(state.participant(of: Clinic.client)?.preVisitCheck?.locationAddress == check.locationAddress)
        #expect(await refused(version + 1) == nil)
    }

    @Test func `the clock and the workers need no version`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let version = try clinic.state(id).session.version
        clinic.time.advance(by: .seconds(600))
        #expect(try await clinic.sweeper.sweep() == 1)
        #expect(await share(clinic, id, call(clinic, version))?.reason == .versionMismatch)
    }
}
