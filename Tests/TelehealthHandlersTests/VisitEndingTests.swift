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

/// The part of ``VisitHandler`` that ends visits.
@Suite("TelehealthService, how visits end", .timeLimit(.minutes(3))) struct VisitEndingTests {
    @Test func `an end says why, with the note for the staff, and how long the visit was`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        await service.clinic.live(for: .seconds(90))
        let started = try #require(try service.visit.session.startedAt)
        let request = Telehealth_V1_EndSessionRequest.with {
            ($0.sessionID, $0.reason, $0.note) = (visit, .safety, "ambulance called")
        }
        let answer = try await service.once(request) { try await service.clinician.sessions.end($0) }
        let session = try #require(answer.session)
        #expect(session.status == .completed && session.endReason == .safety && session.closingNote == "ambulance called")
        #expect(session.endTime == service.now && session.durationSeconds == service.now.seconds - started.wire.seconds)
        #expect(session.updateCaller == "clinician-1")
        let again = try await service.admin.sessions.end(.with { ($0.sessionID, $0.reason) = (visit, .other) })
        #expect(again.session?.endReason == .safety)
        let client = try await service.patient.sessions.get(.with { $0.key = .sessionID(visit) }).session
        #expect(client?.closingNote == "" && client?.endReason == .safety)
    }

    @Test func `an end that gives no reason is a normal one, and a reason that only the service gives is refused`()
        async throws
    {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let automatic = await refusal {
            try await service.clinician.sessions.end(.with { ($0.sessionID, $0.reason) = (visit, .timeout) })
        }
        #expect(automatic == .fields("reason"))
        let ended = try await service.clinician.sessions.end(.with { $0.sessionID = visit })
        #expect(ended.session?.endReason == .normal)
    }

    @Test func `a cancellation keeps its reason and note`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let request = Telehealth_V1_CancelSessionRequest.with {
            ($0.sessionID, $0.reason, $0.note) = (visit, .technical, "power cut")
        }
        let answer = try await service.once(request) { try await service.clinician.sessions.cancel($0) }
        #expect(answer.session?.status == .cancelled && answer.session?.cancelReason == .technical)
        #expect(answer.session?.closingNote == "power cut")
        let end = await refusal {
            try await service.clinician.sessions.end(.with { $0.sessionID = visit })
        }
        #expect(end == .invalidState("CANCELLED"))
    }

    @Test func `a no-show names who did not come, and is taken back when they come late`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let mark = Telehealth_V1_MarkNoShowRequest.with { ($0.sessionID, $0.party) = (visit, .both) }
        let marked = try await service.once(mark) { try await service.scheduler.sessions.markNoShow($0) }
        #expect(marked.session?.status == .noShow && marked.session?.noShowParty == .both)
        await service.clinic.live(for: .seconds(1))
        let undo = Telehealth_V1_UndoNoShowRequest.with { $0.sessionID = visit }
        let undone = try await service.once(undo) { try await service.scheduler.sessions.undoNoShow($0) }
        #expect(undone.session?.status == .scheduled && undone.session?.noShowUndoTime == service.now)
        #expect(undone.session?.noShowParty == .unspecified)
    }

    @Test func `a client who was there is no no-show`() async throws {
        let service = try await SimulatedService(stage: .waiting)
        let visit = try service.sessionID
        let refused = await refusal {
            try await service.scheduler.sessions.markNoShow(.with { $0.sessionID = visit })
        }
        #expect(refused == Refusal(.failedPrecondition, "CLIENT_WAS_HERE"))
    }

    @Test func `a clinic may want a wait before a no-show is marked by hand`() async throws {
        // The visit began 60 seconds ago.
        let service = try await SimulatedService(stage: .booked) { $0.manualNoShowAfter = .seconds(100) }
        let visit = try service.visit.session
        let mark = Telehealth_V1_MarkNoShowRequest.with { $0.sessionID = visit.id.rawValue }
        let early = await refusal { try await service.scheduler.sessions.markNoShow(mark) }
        let opens = (visit.startsAt + .seconds(100)).rfc3339
        #expect(early == Refusal(.failedPrecondition, "TOO_EARLY", ["open_time": opens]))
        await service.clinic.live(for: .seconds(40))
        let marked = try await service.scheduler.sessions.markNoShow(mark)
        #expect(marked.session?.status == .noShow)
    }

    @Test func `a clinic may want to hear of a cancellation some time before the visit`() async throws {
        let service = try await SimulatedService(stage: .empty) { $0.clientCancelCutoff = .seconds(3600) }
        let start = service.now.seconds + 3601
        _ = try await service.scheduler.appointments.put(
            .with {
                ($0.appointmentID, $0.clientID, $0.clinicianID) = ("appointment-7", "client-7", "clinician-7")
                $0.scheduledStartTime = .with { $0.seconds = start }
                $0.scheduledEndTime = .with { $0.seconds = start + 1800 }
                ($0.timeZone, $0.sourceVersion) = ("America/New_York", 1)
            })
        let created = try await service.scheduler.sessions.create(.with { $0.appointmentID = "appointment-7" })
        let visit = try #require(created.session).sessionID
        let client = service.client(.client, "client-7").sessions
        await service.clinic.live(for: .seconds(2))
        let late = await refusal { try await client.cancel(.with { $0.sessionID = visit }) }
        #expect(late?.code == .failedPrecondition && late?.reason == "TOO_LATE")
        #expect(late?.metadata["close_time"] == Timestamp(.with { $0.seconds = start - 3600 })?.rfc3339)
        // The clinic's side may cancel all the same.
        let cancelled = try await service.scheduler.sessions.cancel(.with { $0.sessionID = visit })
        #expect(cancelled.session?.status == .cancelled)
    }

    @Test func `leaving is shown with its time, and coming back is allowed`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let request = Telehealth_V1_LeaveSessionRequest.with { $0.sessionID = visit }
        let answer = try await service.once(request) { try await service.patient.sessions.leave($0) }
        let place = try #require(answer.session?.participants.first { $0.personID == "client-1" })
        #expect(place.state == .left && place.leaveTime == service.now)
        let back = try await service.working {
            try await service.patient.sessions.join(.with { $0.key = .sessionID(visit) })
        }
        #expect(back.outcome == .admitted)
    }

    @Test func `the earlier status calls are other names of the verbs`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let request = Telehealth_V1_UpdateSessionStatusRequest.with {
            ($0.sessionID, $0.status) = (visit, .completed)
        }
        let ended = try await service.once(request) { try await service.clinician.sessions.updateStatus($0) }
        #expect(ended.session?.status == .completed)
        let back = await refusal {
            try await service.clinician.sessions.updateStatus(.with { ($0.sessionID, $0.status) = (visit, .scheduled) })
        }
        #expect(back == .invalidState("COMPLETED"))
        let nothing = await refusal {
            try await service.clinician.sessions.updateStatus(.with { $0.sessionID = visit })
        }
        #expect(nothing == .fields("status"))
    }

    @Test func `whoever may not end a visit is refused, and a stranger does not know of it`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let cancel = await refusal {
            try await service.patient.sessions.updateStatus(.with { ($0.sessionID, $0.status) = (visit, .completed) })
        }
        #expect(cancel == .notAllowed)
        let end = await refusal {
            try await service.otherClinician.sessions.end(.with { $0.sessionID = visit })
        }
        #expect(end == .noSession)
    }

    @Test func `a change that is meant for another version of the session does not happen`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, current) = (try service.sessionID, try service.visit.session.version)
        let other = current - 1
        let (clinician, patient, scheduler) = (service.clinician.sessions, service.patient.sessions, service.scheduler.sessions)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await clinician.end(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) }) },
            { _ = try await clinician.cancel(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) }) },
            { _ = try await scheduler.markNoShow(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) }) },
            { _ = try await scheduler.undoNoShow(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) }) },
            { _ = try await patient.leave(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) }) },
            {
                _ = try await patient.startScreenShare(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) })
            },
            {
                _ = try await patient.stopScreenShare(.with { ($0.sessionID, $0.expectedVersion) = (visit, other) })
            },
            {
                _ = try await patient.join(.with { ($0.key, $0.expectedVersion) = (.sessionID(visit), other) })
            },
            {
                _ = try await clinician.updateStatus(
                    .with { ($0.sessionID, $0.status, $0.expectedVersion) = (visit, .completed, other) })
            },
        ]
        for (index, call) in calls.enumerated() {
            let refused = await refusal(call)
            #expect(
                refused == Refusal(.failedPrecondition, "VERSION_MISMATCH", ["current_version": "\(current)"]),
                "call \(index)")
        }
        #expect(try service.visit.session.version == current)
    }
}
