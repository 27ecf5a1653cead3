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
import VisitSimulation

@testable import TelehealthHandlers

@Suite("RecordingService", .timeLimit(.minutes(3))) struct RecordingHandlerTests {
    private func recording(_ service: SimulatedService) throws -> Recording {
        try #require(try service.visit.recordings.last)
    }

    private static func seconds(_ moment: Google_Protobuf_Timestamp?) -> Int64 { moment?.seconds ?? 0 }

    // MARK: Making

    @Test func `a recording begins with the consents that it stands on and who asked for it`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let request = Telehealth_V1_StartRecordingRequest.with { $0.sessionID = visit }
        let answer = try await service.once(request) { try await service.clinician.recordings.start($0) }
        let stored = try recording(service)
        #expect(
            answer.recording
                == .with {
                    $0.recordingID = stored.id.rawValue
                    $0.sessionID = visit
                    $0.segment = 1
                    $0.state = .requested
                    $0.purpose = .clinical
                    $0.consentIds = stored.consentIDs.map(\.rawValue)
                    $0.requestCaller = "clinician-1"
                    $0.requestTime = service.now
                })
        #expect(stored.consentIDs.count == 2)
        let twice = await refusal { try await service.clinician.recordings.start(request) }
        #expect(
            twice == Refusal(.failedPrecondition, "RECORDING_ACTIVE", ["recording_id": stored.id.rawValue]))
    }

    @Test func `a recording for training needs consents for training, and the refusal names who lacks one`()
        async throws
    {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let refused = await refusal {
            try await service.clinician.recordings.start(
                .with { ($0.sessionID, $0.purpose) = (visit, .training) })
        }
        #expect(refused?.code == .failedPrecondition && refused?.reason == "RECORDING_CONSENT_MISSING")
        #expect(Set(refused?.missing ?? []) == ["recording of client-1", "recording of clinician-1"])
    }

    @Test func `a recording is stopped by its id or as the one that runs`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let visit = try service.sessionID
        let other = await refusal {
            try await service.clinician.recordings.stop(
                .with { ($0.sessionID, $0.recordingID) = (visit, "another") })
        }
        #expect(other?.code == .notFound || other?.reason == "RECORDING_NOT_ACTIVE")
        let request = Telehealth_V1_StopRecordingRequest.with { $0.sessionID = visit }
        let answer = try await service.once(request) { try await service.clinician.recordings.stop($0) }
        #expect(answer.recording?.state == .stopping && answer.recording?.stopReason == .requested)
        await service.clinic.live(for: .seconds(1))
        let idle = await refusal {
            try await service.admin.recordings.stop(.with { $0.sessionID = visit })
        }
        #expect(idle?.reason == "RECORDING_NOT_ACTIVE")
    }

    @Test func `a change that is meant for another version of the session does not happen`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let (visit, version) = (try service.sessionID, try service.visit.session.version)
        let mismatch = Refusal(.failedPrecondition, "VERSION_MISMATCH", ["current_version": "\(version)"])
        let start = await refusal {
            try await service.clinician.recordings.start(
                .with { ($0.sessionID, $0.expectedVersion) = (visit, version - 1) })
        }
        let stop = await refusal {
            try await service.clinician.recordings.stop(
                .with { ($0.sessionID, $0.expectedVersion) = (visit, version - 1) })
        }
        #expect(start == mismatch && stop == mismatch)
    }

    // MARK: Reading

    @Test func `every field of a finished recording reaches the clinic, and a client is shown no place of storage`()
        async throws
    {
        let service = try await SimulatedService(stage: .over)
        let (visit, stored) = (try service.sessionID, try recording(service))
        let listed = try await service.admin.recordings.list(.with { $0.sessionID = visit }).recordings
        let (start, end) = (stored.startedAt?.wire, stored.stoppedAt?.wire)
        let common = Telehealth_V1_Recording.with {
            $0.recordingID = stored.id.rawValue
            $0.sessionID = visit
            $0.segment = 1
            $0.state = .available
            $0.purpose = .clinical
            $0.requestTime = stored.requestedAt.wire
            $0.startTime = start
            $0.endTime = end
            $0.durationSeconds = Self.seconds(end) - Self.seconds(start)
            $0.objectByteCount = 1_000_000
            $0.stopReason = .sessionEnded
            $0.availableTime = stored.availableAt?.wire
        }
        var whole = common
        whole.consentIds = stored.consentIDs.map(\.rawValue)
        whole.requestCaller = "user-clinician-1"
        whole.objectKey = try #require(stored.objectKey)
        whole.objectEtag = "etag"
        whole.retentionEndTime = stored.retainUntil?.wire
        #expect(listed == [whole])
        #expect(start != nil && end != nil && whole.retentionEndTime != nil)
        let shown = try await service.patient.recordings.list(.with { $0.sessionID = visit }).recordings
        #expect(shown == [common])
    }

    @Test func `segments are listed in order, page by page`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let visit = try service.sessionID
        for _ in 0..<2 {
            _ = try await service.clinician.recordings.stop(.with { $0.sessionID = visit })
            for _ in 0..<20 {
                for person in [service.clinician, service.patient] {
                    _ = try await person.sessions.heartbeat(.with { $0.sessionID = visit })
                }
                await service.clinic.live(for: .seconds(2))
            }
            _ = try await service.clinician.recordings.start(.with { $0.sessionID = visit })
        }
        let paged = try await pages { token in
            let page = try await service.clinician.recordings.list(
                .with { ($0.sessionID, $0.pageSize, $0.pageToken) = (visit, 2, token) })
            return (page.recordings.map(\.segment), page.nextPageToken)
        }
        #expect(paged == [[1, 2], [3]])
        let token = try await service.clinician.recordings.list(
            .with { ($0.sessionID, $0.pageSize) = (visit, 2) }
        ).nextPageToken
        let strange = await refusal {
            try await service.clinician.recordings.list(
                .with { ($0.sessionID, $0.pageToken) = ("another", token) })
        }
        #expect(strange == .pageTokenInvalid)
    }

    @Test func `a playback address says until when it is good`() async throws {
        let service = try await SimulatedService(stage: .over)
        let stored = try recording(service)
        let answer = try await service.clinician.recordings.getPlaybackUrl(
            .with { $0.recordingID = stored.id.rawValue })
        #expect(answer.url == "https://bucket.example/\(stored.objectKey ?? "")?expires=300")
        #expect(answer.expireTime == .with { $0.seconds = service.now.seconds + 300; $0.nanos = service.now.nanos })
        let training = await refusal {
            try await service.clinician.recordings.getPlaybackUrl(
                .with { ($0.recordingID, $0.purpose) = (stored.id.rawValue, .training) })
        }
        #expect(training != nil)
    }

    @Test func `what is not ready yet says in which state it is`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let id = try recording(service).id.rawValue
        let refused = await refusal {
            try await service.clinician.recordings.getPlaybackUrl(.with { $0.recordingID = id })
        }
        #expect(refused == Refusal(.failedPrecondition, "RECORDING_NOT_READY", ["recording_state": "RECORDING"]))
    }

    // MARK: Keeping

    @Test func `a hold says since when, by whom and why, and its release ends it`() async throws {
        let service = try await SimulatedService(stage: .over)
        let id = try recording(service).id.rawValue
        let hold = Telehealth_V1_SetRecordingHoldRequest.with { ($0.recordingID, $0.reason) = (id, "case 7") }
        let held = try await service.once(hold) { try await service.admin.recordings.setHold($0) }
        #expect(
            held.recording?.hold
                == .with {
                    $0.setTime = service.now
                    $0.setCaller = "admin"
                    $0.reason = "case 7"
                })
        let release = Telehealth_V1_ReleaseRecordingHoldRequest.with {
            ($0.recordingID, $0.reason) = (id, "case closed")
        }
        let released = try await service.once(release) { try await service.admin.recordings.releaseHold($0) }
        #expect(released.recording?.hold == nil && released.recording?.recordingID == id)
    }

    @Test func `a retention is set to a time, or to none`() async throws {
        let service = try await SimulatedService(stage: .over)
        let id = try recording(service).id.rawValue
        let until = Google_Protobuf_Timestamp.with { $0.seconds = service.now.seconds + 86_400 }
        let request = Telehealth_V1_SetRecordingRetentionRequest.with {
            ($0.recordingID, $0.retentionEndTime, $0.reason) = (id, until, "shorter")
        }
        let set = try await service.once(request) { try await service.admin.recordings.setRetention($0) }
        #expect(set.recording?.retentionEndTime == until)
        let unlimited = try await service.admin.recordings.setRetention(
            .with { ($0.recordingID, $0.reason) = (id, "for good") })
        #expect(unlimited.recording?.retentionEndTime == nil)
    }

    @Test func `a note is linked, and taken away by an empty id`() async throws {
        let service = try await SimulatedService(stage: .over)
        let id = try recording(service).id.rawValue
        let link = Telehealth_V1_LinkSessionNoteRequest.with { ($0.recordingID, $0.sessionNoteID) = (id, "note-7") }
        let linked = try await service.once(link) { try await service.clinician.recordings.linkSessionNote($0) }
        #expect(linked.recording?.sessionNoteID == "note-7")
        let bare = try await service.clinician.recordings.linkSessionNote(.with { $0.recordingID = id })
        #expect(bare.recording?.sessionNoteID == "")
    }

    @Test func `the manifest says in every field what was recorded, and its signature is the service's`() async throws {
        let service = try await SimulatedService(stage: .over)
        let (visit, stored) = (try service.sessionID, try recording(service))
        let answer = try await service.clinician.recordings.getManifest(
            .with { $0.recordingID = stored.id.rawValue })
        let manifest = try #require(answer.manifest)
        #expect(
            manifest
                == .with {
                    $0.format = manifest.format
                    $0.recordingID = stored.id.rawValue
                    $0.sessionID = visit
                    $0.segment = 1
                    $0.purpose = .clinical
                    $0.bucket = "recordings"
                    $0.objectKey = stored.objectKey ?? ""
                    $0.objectByteCount = 1_000_000
                    $0.objectEtag = "etag"
                    $0.consentIds = stored.consentIDs.map(\.rawValue).sorted()
                    $0.startTime = stored.startedAt?.wire
                    $0.endTime = stored.stoppedAt?.wire
                    $0.stopReason = .sessionEnded
                    $0.people = manifest.people
                    $0.presenceSource = .roster
                    $0.auditNumbers = manifest.auditNumbers
                })
        let rows = try await service.admin.audit.listEvents(.with { ($0.sessionID, $0.pageSize) = (visit, 200) }).events
        let about = rows.filter { $0.target == stored.id.rawValue }.map(\.number)
        #expect(!manifest.format.isEmpty && !manifest.auditNumbers.isEmpty)
        // What was asked since has its own row.
        #expect(manifest.auditNumbers == Array(about.prefix(manifest.auditNumbers.count)))
        #expect(Set(manifest.people.map(\.personID)) == ["client-1", "clinician-1"])
        #expect(manifest.people.allSatisfy { !$0.participantID.isEmpty && $0.presence.first?.startTime != nil })
        #expect(answer.sha256 == Array(SHA256.hash(data: answer.canonicalJson)))
        let keys = try await service.clinician.consents.getReceiptKey()
        #expect(answer.signatureKeyID == keys.keyID)
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: keys.publicKey)
        #expect(key.isValidSignature(answer.signature, for: answer.canonicalJson))
    }

    // MARK: Every call

    @Test func `a recording that does not exist is not found, and what needs a reason asks for one`() async throws {
        let service = try await SimulatedService(stage: .over)
        let admin = service.admin.recordings
        let unknown = [
            await refusal {
                try await admin.setHold(.with { ($0.recordingID, $0.reason) = ("nothing", "why") })
            },
            await refusal {
                try await admin.releaseHold(.with { ($0.recordingID, $0.reason) = ("nothing", "why") })
            },
            await refusal {
                try await admin.setRetention(.with { ($0.recordingID, $0.reason) = ("nothing", "why") })
            },
            await refusal {
                try await admin.getManifest(.with { $0.recordingID = "nothing" })
            },
            await refusal {
                try await service.clinician.recordings.linkSessionNote(.with { $0.recordingID = "nothing" })
            },
            await refusal {
                try await service.clinician.recordings.getPlaybackUrl(.with { $0.recordingID = "nothing" })
            },
        ]
        #expect(unknown.allSatisfy { $0 == Refusal(.notFound, "RECORDING_NOT_FOUND") }, "\(unknown)")
        let id = try recording(service).id.rawValue
        let silent = await refusal {
            try await admin.setHold(.with { ($0.recordingID, $0.reason) = (id, "   ") })
        }
        #expect(silent == .fields("reason"))
    }
}
