import Synchronization
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("What a request made") struct RequestResultTests {
    private func readsBack<Made: RequestResult & Equatable>(_ made: Made, _ text: String?) {
        #expect(made.storedText == text)
        #expect(Made(storedText: text) == made)
    }

    @Test func `is stored in the earlier words and read back`() {
        readsBack(ParticipantID("p-1"), "p-1")
        readsBack(AppointmentID?.some(AppointmentID("a-1")), "a-1")
        readsBack(AppointmentID?.none, nil)
        let alone = RevocationResult(consent: ConsentID("c-1"), stoppedRecordings: [])
        #expect(alone.storedText == "c-1")
        let two = RevocationResult(consent: ConsentID("c-1"), stoppedRecordings: [RecordingID("r-1"), RecordingID("r-2")])
        #expect(two.storedText == "c-1,r-1,r-2")
        let read = RevocationResult(storedText: two.storedText)
        #expect(read?.consent == two.consent && read?.stoppedRecordings == two.stoppedRecordings)
        #expect(NothingMade().storedText == nil)
    }

    @Test(arguments: [nil, "", ",r-1", "c-1,", "c-1,,r-2", "c 1", "c-1,r 1", String(repeating: "c", count: 65)])
    func `is refused in any other form`(text: String?) {
        #expect(RevocationResult(storedText: text) == nil)
        #expect(ConsentID(storedText: text) == nil)
    }

    @Test(arguments: [nil, ""]) func `is not a backup without a name`(text: String?) {
        #expect(BackupName(storedText: text) == nil)
    }

    @Test(arguments: [nil, "", "no id"])
    func `that cannot be read is damage for a repetition, and nobody else's place`(text: String?) async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let session = try await clinic.open()
        let id = "0b0f8e9c-0000-4000-8000-000000000001"
        _ = try await clinic.join(Clinic.clinicianCaller, session, id: id)
        clinic.store.tables.withLock { tables in
            for (key, record) in tables.requests where key.requestID == id {
                tables.requests[key] = RequestRecord(
                    key: key, requestHash: record.requestHash, sessionID: record.sessionID,
                    appointmentID: record.appointmentID, resultID: text, createdAt: record.createdAt,
                    expiresAt: record.expiresAt)
            }
        }
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.join(Clinic.clinicianCaller, session, id: id)
        }
        #expect(reason == .dataDamaged)
        #expect(try await clinic.join(Clinic.clinicianCaller, session).participant.role == .clinician)
    }
}
