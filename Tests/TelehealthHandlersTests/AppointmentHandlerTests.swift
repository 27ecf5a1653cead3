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

@Suite("AppointmentService", .timeLimit(.minutes(3))) struct AppointmentHandlerTests {
    private static let row = Telehealth_V1_PutAppointmentRequest.with {
        $0.appointmentID = "appointment-7"
        $0.clientID = "client-7"
        $0.clinicianID = "clinician-7"
        $0.scheduledStartTime = .with { ($0.seconds, $0.nanos) = (1_795_500_000, 250_000_000) }
        $0.scheduledEndTime = .with { $0.seconds = 1_795_503_600 }
        $0.guardianID = "guardian-7"
        $0.timeZone = "America/New_York"
        $0.sourceVersion = 3
        $0.adultGuardian = true
        $0.clientBirthDate = "1950-03-09"
    }

    private static func stored(_ now: Google_Protobuf_Timestamp) -> Telehealth_V1_Appointment {
        .with {
            $0.appointmentID = "appointment-7"
            $0.clientID = "client-7"
            $0.clinicianID = "clinician-7"
            $0.scheduledStartTime = row.scheduledStartTime
            $0.scheduledEndTime = row.scheduledEndTime
            $0.guardianID = "guardian-7"
            $0.timeZone = "America/New_York"
            $0.sourceVersion = 3
            $0.adultGuardian = true
            $0.status = .booked
            $0.createTime = now
            $0.updateTime = now
        }
    }

    @Test func `every field of a row is kept and read again, and a repeat puts nothing`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let put = try await service.once(Self.row) { try await service.scheduler.appointments.put($0) }
        #expect(put.appointment == Self.stored(service.now) && put.applied)
        let read = try await service.scheduler.appointments.get(.with { $0.appointmentID = "appointment-7" })
        #expect(read.appointment == Self.stored(service.now))
    }

    @Test func `an older version changes nothing and is answered with what is stored`() async throws {
        let service = try await SimulatedService(stage: .empty)
        _ = try await service.scheduler.appointments.put(Self.row)
        var older = Self.row
        older.sourceVersion = 2
        older.clientID = "client-8"
        let put = try await service.scheduler.appointments.put(older)
        #expect(!put.applied && put.appointment == Self.stored(service.now))
    }

    @Test func `a cancellation is kept with its version and time, and cancelling again changes nothing`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let booked = service.now
        _ = try await service.scheduler.appointments.put(Self.row)
        await service.clinic.live(for: .seconds(5))
        let cancel = Telehealth_V1_CancelAppointmentRequest.with {
            $0.appointmentID = "appointment-7"
            $0.sourceVersion = 4
        }
        let cancelled = try await service.once(cancel) { try await service.scheduler.appointments.cancel($0) }
        var expected = Self.stored(booked)
        expected.status = .cancelled
        expected.sourceVersion = 4
        expected.updateTime = service.now
        #expect(cancelled.appointment == expected && cancelled.applied)
        let again = try await service.scheduler.appointments.cancel(cancel)
        #expect(again.appointment == expected && !again.applied)
        var late = Self.row
        late.sourceVersion = 5
        let refused = await refusal { [late] in
            try await service.scheduler.appointments.put(late)
        }
        #expect(refused == Refusal(.failedPrecondition, "APPOINTMENT_CANCELLED"))
    }

    @Test func `a cancellation that comes first is answered without an appointment, and no older row books it`()
        async throws
    {
        let service = try await SimulatedService(stage: .empty)
        let cancelled = try await service.scheduler.appointments.cancel(
            .with { ($0.appointmentID, $0.sourceVersion) = ("appointment-7", 9) })
        #expect(cancelled.appointment == nil && cancelled.applied)
        let put = try await service.scheduler.appointments.put(Self.row)
        #expect(put.appointment == nil && !put.applied)
    }

    @Test func `an appointment names its open session, and the newest when none is open`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let first = try service.sessionID
        let ask = Telehealth_V1_GetAppointmentRequest.with { $0.appointmentID = "appointment-1" }
        var shown = try await service.scheduler.appointments.get(ask).appointment?.sessionID
        #expect(shown == first)
        _ = try await service.scheduler.sessions.cancel(.with { $0.sessionID = first })
        shown = try await service.scheduler.appointments.get(ask).appointment?.sessionID
        #expect(shown == first)
        await service.clinic.live(for: .seconds(1))
        let second = try await service.scheduler.sessions.create(.with { $0.appointmentID = "appointment-1" }).session
        shown = try await service.scheduler.appointments.get(ask).appointment?.sessionID
        #expect(shown == second?.sessionID && shown != first)
    }

    @Test func `wrong fields are all named`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let refused = await refusal { try await service.scheduler.appointments.put(.init()) }
        #expect(
            refused
                == .fields(
                    "appointment_id", "client_id", "clinician_id", "scheduled_start_time", "scheduled_end_time",
                    "time_zone", "source_version"))
        var wrong = Self.row
        wrong.clientBirthDate = "2011-02-30"
        wrong.scheduledStartTime = .with { $0.seconds = .max }
        let unreadable = await refusal { [wrong] in
            try await service.scheduler.appointments.put(wrong)
        }
        #expect(unreadable == .fields("scheduled_start_time", "client_birth_date"))
    }

    @Test func `an appointment that does not exist is not found`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let refused = await refusal {
            try await service.scheduler.appointments.get(.with { $0.appointmentID = "nothing" })
        }
        #expect(refused == Refusal(.notFound, "APPOINTMENT_NOT_FOUND"))
    }
}
