import Crypto
import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import TextFormats
import VisitSimulation

@testable import TelehealthHandlers

@Suite("ConsentService", .timeLimit(.minutes(3))) struct ConsentHandlerTests {
    private static let textHash = Array(SHA256.hash(data: Array("I agree.".utf8)))

    private static let granted = Telehealth_V1_ConsentSubmission.with {
        $0.decision = .granted
        $0.documentVersion = "1.0"
        $0.language = "en-US"
        $0.textSha256 = textHash
        $0.method = .electronic
        $0.acknowledgements = .with {
            $0.patientRights = true
            $0.emergencyProtocols = true
            $0.privacyRisks = true
        }
    }

    private static func submission(
        _ type: String, of person: String, _ change: (inout Telehealth_V1_ConsentSubmission) -> Void = { _ in }
    ) -> Telehealth_V1_SubmitConsentRequest {
        .with {
            $0.personID = person
            $0.type = type
            var submission = granted
            if type == "recording" { submission.recordingPurposes = [.clinical] }
            change(&submission)
            $0.submission = submission
        }
    }

    private func moment(_ service: SimulatedService, _ seconds: Int64) -> Google_Protobuf_Timestamp {
        .with { $0.seconds = service.now.seconds + seconds }
    }

    // MARK: Submitting

    @Test func `every field of a paper that the clinic files is kept`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let (signed, ends) = (moment(service, -60), moment(service, 3600))
        var request = Self.submission("georgia_telehealth", of: "client-1") {
            $0.method = .paper
            $0.sessionID = visit
            $0.evidence = "shelf 3, sheet 7"
            $0.decisionTime = signed
            $0.expireTime = ends
            $0.signerID = "guardian-1"
            $0.evidenceItems = .with {
                $0.scanReference = "scan 7"
                $0.scanSha256 = Array(repeating: 9, count: 32)
                $0.scriptVersion = "script 2"
                $0.witness = "nurse-3"
            }
        }
        request.personRole = .client
        let made = request
        let answer = try await service.once(made) { try await service.clinician.consents.submit($0) }
        let consent = try #require(answer.consent)
        #expect(
            consent
                == .with {
                    $0.consentID = consent.consentID
                    $0.personID = "client-1"
                    $0.personRole = .client
                    $0.type = "georgia_telehealth"
                    $0.decision = .granted
                    $0.state = .active
                    $0.documentVersion = "1.0"
                    $0.language = "en-US"
                    $0.textSha256 = Self.textHash
                    $0.method = .paper
                    $0.acknowledgements = Self.granted.acknowledgements
                    $0.sessionID = visit
                    $0.signerID = "guardian-1"
                    $0.attestCaller = "clinician-1"
                    $0.evidence = "shelf 3, sheet 7"
                    $0.evidenceItems = made.submission?.evidenceItems
                    $0.decisionTime = signed
                    $0.expireTime = ends
                    $0.renewalRequired = true
                    $0.createTime = service.now
                    $0.createCaller = "clinician-1"
                })
        #expect(!consent.consentID.isEmpty)
    }

    @Test func `a recording consent that a person signs says for what, and by whom`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let request = Self.submission("recording", of: "client-1") {
            $0.recordingPurposes = [.training, .qualityAssurance]
        }
        let consent = try #require(try await service.patient.consents.submit(request).consent)
        #expect(consent.recordingPurposes == [.training, .qualityAssurance])
        #expect(consent.signerID == "client-1" && consent.attestCaller.isEmpty && consent.createCaller == "client-1")
        #expect(consent.decisionTime == service.now && consent.evidenceItems == nil)
    }

    @Test func `a clinician's own consent is a clinician's, and a refusal is kept as one`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let own = try await service.clinician.consents.submit(Self.submission("recording", of: "clinician-1"))
        #expect(own.consent?.personRole == .clinician)
        let declined = try await service.patient.consents.submit(
            Self.submission("recording", of: "client-1") {
                $0.decision = .declined
                $0.acknowledgements = nil
            })
        #expect(declined.consent?.decision == .declined && declined.consent?.state == .declined)
    }

    @Test func `a consent for an appointment may be filed before there is a session`() async throws {
        let service = try await SimulatedService(stage: .empty)
        _ = try await service.scheduler.appointments.put(
            .with {
                ($0.appointmentID, $0.clientID, $0.clinicianID) = ("appointment-7", "client-7", "clinician-7")
                ($0.scheduledStartTime, $0.scheduledEndTime) = (moment(service, 600), moment(service, 1200))
                ($0.timeZone, $0.sourceVersion) = ("America/New_York", 1)
            })
        var request = Self.submission("hipaa_telehealth", of: "client-7") {
            $0.method = .verbal
            $0.evidence = "said so by telephone"
        }
        request.appointmentID = "appointment-7"
        let made = request
        let filed = try await service.client(.clinician, "clinician-7").consents.submit(made)
        #expect(filed.consent?.method == .verbal && filed.consent?.personID == "client-7")
        let stranger = await refusal {
            try await service.otherClinician.consents.submit(made)
        }
        #expect(stranger == Refusal(.notFound, "PERSON_NOT_FOUND"))
    }

    @Test(arguments: [false, true])
    func `an electronic consent that a service sends for somebody is the clinic's to accept`(isAccepted: Bool) async throws {
        let service = try await SimulatedService(stage: .booked) { $0.acceptsElectronicConsentOnBehalf = isAccepted }
        let client = service.client(token: People.token(.client, "client-1") + "/portal")
        let request = Self.submission("recording", of: "client-1")
        let refused = await refusal { try await client.consents.submit(request) }
        #expect(refused == (isAccepted ? nil : .notAllowed))
    }

    @Test(arguments: [
        ("TEXT_HASH_MISMATCH", Array(repeating: 1, count: 32), true),
        ("ACKNOWLEDGEMENTS_INCOMPLETE", textHash, false),
    ] as [(String, [UInt8], Bool)])
    func `a grant that does not show what was agreed to is refused`(
        reason: String, textHash: [UInt8], emergencyProtocols: Bool
    ) async throws {
        let service = try await SimulatedService(stage: .booked)
        let request = Self.submission("hipaa_telehealth", of: "client-1") {
            $0.textSha256 = textHash
            $0.acknowledgements?.emergencyProtocols = emergencyProtocols
        }
        let refused = await refusal { try await service.patient.consents.submit(request) }
        #expect(refused == Refusal(.invalidArgument, reason))
    }

    @Test func `a paper without the evidence that its place asks for is told what is missing`() async throws {
        let service = try await SimulatedService(stage: .booked) { $0.places.home = "default" }
        let request = Self.submission("hipaa_telehealth", of: "client-1") {
            $0.method = .paper
            $0.evidence = "in the drawer"
            $0.evidenceItems = .with { $0.scanReference = "scan 7" }
        }
        let refused = await refusal {
            try await service.clinician.consents.submit(request)
        }
        #expect(refused?.code == .invalidArgument && refused?.reason == "EVIDENCE_INCOMPLETE")
        #expect(refused?.metadata["place"] == "default")
        #expect(refused?.metadata.values.contains("SCAN_SHA256") == true)
    }

    @Test func `fields that contradict each other are all named`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let request = Self.submission("hipaa_telehealth", of: "client-1") {
            $0.recordingPurposes = [.clinical]
            $0.decisionTime = moment(service, -1)
            $0.evidenceItems = .with { $0.witness = "  " }
        }
        let refused = await refusal { try await service.patient.consents.submit(request) }
        #expect(
            refused
                == .fields(
                    "submission.recording_purposes", "submission.decision_time", "submission.evidence_items.witness"))
        let bare = await refusal {
            try await service.patient.consents.submit(.with { $0.personID = "client-1" })
        }
        #expect(bare?.reason == "INVALID_FIELD" && bare?.fields.contains("submission") == true)
    }

    // MARK: Changing

    @Test func `an update supersedes the consent it names, and both know of each other`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let former = try await consent(service, "hipaa_telehealth")
        let ends = moment(service, 86_400 * 200)
        let update = Telehealth_V1_UpdateConsentRequest.with {
            $0.consentID = former
            $0.submission = Self.granted
            $0.submission?.expireTime = ends
        }
        let answer = try await service.once(update) { try await service.patient.consents.update($0) }
        let next = try #require(answer.consent)
        #expect(next.supersedesConsentID == former && next.expireTime == ends && next.state == .active)
        let history = try await service.patient.consents.list(
            .with { ($0.personID, $0.type) = ("client-1", "hipaa_telehealth") }
        ).consents
        #expect(history.map(\.consentID) == [next.consentID, former])
        #expect(history.last?.supersededByConsentID == next.consentID && history.last?.state == .superseded)
        let again = await refusal { try await service.patient.consents.update(update) }
        #expect(again == Refusal(.failedPrecondition, "CONSENT_NOT_CURRENT"))
    }

    @Test func `a revocation says by whom and why, and stops the recordings that stood on the consent`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let recording = try #require(try service.visit.recordings.last).id.rawValue
        let id = try await consent(service, "recording")
        let revoke = Telehealth_V1_RevokeConsentRequest.with { ($0.consentID, $0.reason) = (id, "changed my mind") }
        let answer = try await service.once(revoke) { try await service.patient.consents.revoke($0) }
        let consent = try #require(answer.consent)
        #expect(answer.stoppedRecordingIds == [recording])
        #expect(consent.state == .revoked && consent.revokeTime == service.now)
        #expect(consent.revokeCaller == "client-1" && consent.revocationReason == "changed my mind")
    }

    @Test func `a consent that does not exist, or is somebody else's, is not found`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let id = try await consent(service, "hipaa_telehealth")
        let missing = Refusal(.notFound, "CONSENT_NOT_FOUND")
        for (client, id) in [(service.patient, "nothing"), (service.stranger, id), (service.otherClinician, id)] {
            let update = await refusal {
                try await client.consents.update(.with { ($0.consentID, $0.submission) = (id, Self.granted) })
            }
            let revoke = await refusal {
                try await client.consents.revoke(.with { $0.consentID = id })
            }
            let receipt = await refusal {
                try await client.consents.getReceipt(.with { $0.consentID = id })
            }
            #expect([update, revoke, receipt] == [missing, missing, missing])
        }
    }

    private func consent(_ service: SimulatedService, _ type: String) async throws -> String {
        let found = try await service.patient.consents.list(.with { ($0.personID, $0.type) = ("client-1", type) })
        return try #require(found.consents.first).consentID
    }

    // MARK: Asking

    @Test func `a person's status says what each action lacks and what fills it`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let status = try await service.patient.consents.getStatus(
            .with { ($0.personID, $0.actions) = ("client-1", [.join, .record]) })
        #expect(status.evaluateTime == service.now)
        #expect(Set(status.consents.map(\.type)) == ["georgia_telehealth", "hipaa_telehealth"])
        try #require(status.judgements.map(\.action) == [.join, .record])
        let (join, record) = (status.judgements[0], status.judgements[1])
        #expect(join.satisfied && join.missing.isEmpty && join.place == "US-GA" && join.policyVersion == "2026-11")
        #expect(Set(join.basis.map(\.type)) == ["georgia_telehealth", "hipaa_telehealth"])
        let basis = try #require(join.basis.first)
        #expect(basis.personID == "client-1" && basis.personRole == .client && basis.method == .electronic)
        #expect(!basis.consentID.isEmpty && basis.expireTime != nil && !basis.expiresSoon && !basis.textReplaced)
        #expect(!record.satisfied && !record.citations.isEmpty)
        let gap = try #require(record.missing.first { $0.personID == "client-1" })
        #expect(gap.action == .record && gap.type == "recording" && gap.cause == .noneGiven)
        #expect(gap.personRole == .client && gap.documentVersion == "1.0")
        let remedy = try #require(gap.remedy)
        #expect(remedy.types == ["recording"] && remedy.methods.contains(.electronic) && !remedy.guardianSigns)
        #expect(
            remedy.documents == [
                .with {
                    $0.type = "recording"
                    $0.version = "1.0"
                    $0.language = "en-US"
                    $0.textSha256 = Self.textHash
                }
            ])
        #expect(!remedy.citationIds.isEmpty)
    }

    @Test func `a visit's status speaks of everybody to the clinician, of others only that there are gaps to a client`()
        async throws
    {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let ask = Telehealth_V1_GetConsentStatusRequest.with { ($0.sessionID, $0.actions) = (visit, [.record]) }
        let clinician = try await service.clinician.consents.getStatus(ask)
        let client = try await service.patient.consents.getStatus(ask)
        #expect(Set(clinician.judgements[0].missing.map(\.personID)) == ["client-1", "clinician-1"])
        #expect(Set(client.judgements[0].missing.map(\.personID)) == ["client-1"] && client.judgements[0].othersMissing)
        #expect(clinician.consents.isEmpty)
        let both = try await service.clinician.consents.getStatus(
            .with { ($0.sessionID, $0.personID) = (visit, "client-1") })
        #expect(both.judgements.count == 4 && !both.consents.isEmpty)
    }

    @Test func `a status of nobody, or of somebody one has nothing to do with, is refused`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let nobody = await refusal { try await service.patient.consents.getStatus(.init()) }
        #expect(nobody == .fields("person_id"))
        let stranger = await refusal {
            try await service.stranger.consents.getStatus(.with { $0.personID = "client-1" })
        }
        #expect(stranger == Refusal(.notFound, "PERSON_NOT_FOUND"))
        let visit = try service.sessionID
        let outside = await refusal {
            try await service.stranger.consents.getStatus(.with { $0.sessionID = visit })
        }
        #expect(outside == .noSession)
    }

    @Test func `a history is listed newest first, page by page, of one type or of what is to be renewed`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let ends = moment(service, 60)
        for _ in 0..<3 {
            _ = try await service.patient.consents.submit(
                Self.submission("recording", of: "client-1") { $0.expireTime = ends })
        }
        func list(_ change: (inout Telehealth_V1_ListConsentsRequest) -> Void) async throws
            -> Telehealth_V1_ListConsentsResponse
        {
            try await service.patient.consents.list(
                .with {
                    $0.personID = "client-1"
                    change(&$0)
                })
        }
        let all = try await list { _ in }.consents
        #expect(all.map(\.type).prefix(3) == ["recording", "recording", "recording"] && all.count == 5)
        let paged = try await pages { token in
            let page = try await list { ($0.pageSize, $0.pageToken) = (2, token) }
            return (page.consents, page.nextPageToken)
        }
        #expect(paged.map(\.count) == [2, 2, 1] && paged.flatMap(\.self) == all)
        let renewals = try await list { $0.renewalRequiredOnly = true }.consents
        #expect(renewals.map(\.consentID) == [all[0].consentID] && renewals.allSatisfy(\.renewalRequired))
        let token = try await list { $0.pageSize = 2 }.nextPageToken
        let strange = await refusal {
            try await service.patient.consents.list(
                .with { ($0.personID, $0.type, $0.pageToken) = ("client-1", "recording", token) })
        }
        #expect(strange == .pageTokenInvalid)
    }

    // MARK: Receipts

    @Test func `a receipt is signed by the key that the service shows`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let id = try await consent(service, "hipaa_telehealth")
        let receipt = try await service.patient.consents.getReceipt(.with { $0.consentID = id })
        let keys = try await service.patient.consents.getReceiptKey()
        #expect(receipt.keyID == keys.keyID && keys.publicKey.count == 32 && keys.retiredKeys.isEmpty)
        let parts = receipt.receipt.split(separator: ".").map(String.init)
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: keys.publicKey)
        let signature = try #require(Base64.url.decodeCanonical(parts[2]))
        #expect(parts.count == 3 && key.isValidSignature(signature, for: signed))
        let payload = String(decoding: try #require(Base64.url.decodeCanonical(parts[1])), as: UTF8.self)
        #expect(payload.contains(id))
    }
}
