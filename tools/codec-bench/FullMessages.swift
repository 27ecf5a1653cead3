import ProtobufWire
import TelehealthAPI

/// A record as business services have them: 35 fields, about 1 KB.
func makeRecord() -> Bench_Record {
    func time(_ seconds: Int64) -> Google_Protobuf_Timestamp {
        .with {
            $0.seconds = 1_790_000_000 + seconds
            $0.nanos = 123_000_000
        }
    }
    return .with {
        $0.id = "5f1b6a52-0f3c-4f0e-9a55-0e2f8d1c7b31"
        $0.tenantID = "tenant-4711-europe-west"
        $0.ownerID = "0f8a6b1c-77aa-4c3e-8d21-bb02aa1dd4f9"
        $0.clientID = "client-000000000000000042"
        $0.title = "Follow-up visit, fifteen minutes"
        $0.description = "The person asked for a call in the afternoon, after work."
        $0.region = "eu-central-1, zone b, rack 12"
        $0.url = "https://visits.example.org/r/5f1b6a52-0f3c"
        $0.zone = "Europe/Berlin, summer time"
        $0.reason = "rescheduled by the clinic"
        $0.actor = "scheduler@clinic.example.org"
        $0.origin = "import from the calendar feed"
        $0.state = .open
        $0.previousState = .closed
        $0.priority = 3
        $0.attempts = 1
        $0.version = 123_456
        $0.sizeBytes = 98_765_432
        $0.flags = 0x1F
        $0.checksum = 0xDEAD_BEEF_CAFE_F00D
        $0.ratio = 0.75
        $0.score = 12.5
        $0.enabled = true
        $0.archived = true
        $0.createdAt = time(0)
        $0.updatedAt = time(100)
        $0.startsAt = time(3600)
        $0.endsAt = time(4500)
        $0.items = (1...3).map { index in
            .with {
                $0.id = "item-0000000000000000\(index)"
                $0.name = "A thing with the number \(index)"
                $0.count = Int64(index) * 1000
                $0.at = time(Int64(index))
                $0.done = index == 2
            }
        }
        $0.labels = [
            "department": "cardiology, second floor", "language": "German and English", "kind": "routine",
        ]
        $0.tags = ["remote", "video", "insured"]
        $0.samples = [1, 20, 300, 4000, 50_000]
        $0.token = [UInt8](repeating: 0xA7, count: 24)
        $0.note = "Has a dog that barks at the doorbell."
        $0.limit = 45
    }
}

/// A session with every field set: both people admitted, a recording that ran, two screen shares.
func makeSession() -> Telehealth_V1_Session {
    .with {
        $0.sessionID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be001"
        $0.appointmentID = "appointment-2026-11-000417"
        $0.clientID = "client-000000000000000042"
        $0.clinicianID = "clinician-0000000000000007"
        $0.guardianID = "guardian-00000000000000003"
        $0.scheduledStartTime = sessionTime(0)
        $0.scheduledEndTime = sessionTime(1800)
        $0.status = .completed
        $0.statusUpdateTime = sessionTime(1500)
        $0.admissionPolicy = .onClinicianJoin
        $0.clinicianJoinURL = "https://visits.example.org/clinician/0198f3a2-7c11-7a54-9d31-3c1f0a9be001"
        $0.clientJoinURL = "https://visits.example.org/client/0198f3a2-7c11-7a54-9d31-3c1f0a9be001"
        $0.meeting = makeMeeting()
        $0.clientInWaitingRoom = true
        $0.waitingRoomEnterTime = sessionTime(-120)
        $0.clinicianJoinTime = sessionTime(5)
        $0.startTime = sessionTime(9)
        $0.endTime = sessionTime(1500)
        $0.participants = [
            makeParticipant(.clinician, "clinician-0000000000000007"),
            makeParticipant(.client, "client-000000000000000042"),
        ]
        $0.recordingEnabled = true
        $0.recordingConsent = true
        $0.activeRecording = makeRecording()
        $0.screenSharingActive = true
        $0.screenSharingStartTime = sessionTime(600)
        $0.screenShares = (1...2).map { number in
            .with {
                $0.screenShareID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be05\(number)"
                $0.participantID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be011"
                $0.startTime = sessionTime(Int64(number) * 300)
                $0.endTime = sessionTime(Int64(number) * 300 + 120)
            }
        }
        $0.durationSeconds = 1491
        $0.durationMinutes = 25
        $0.endReason = .normal
        $0.closingNote = "Next visit in four weeks."
        $0.cancelReason = .other
        $0.noShowParty = .client
        $0.lastEventSequence = 23
        $0.version = 31
        $0.createTime = sessionTime(-86_400)
        $0.updateTime = sessionTime(1500)
        $0.createCaller = "scheduler"
        $0.updateCaller = "clinician-0000000000000007"
    }
}

private func sessionTime(_ seconds: Int64) -> Google_Protobuf_Timestamp {
    .with {
        $0.seconds = 1_790_000_000 + seconds
        $0.nanos = 456_789_000
    }
}

private func makeMeeting() -> Telehealth_V1_MeetingGeneration {
    .with {
        $0.number = 1
        $0.state = .active
        $0.provider = .chime(
            .with {
                $0.meetingID = "b2f1c7de-55aa-4c3e-8d21-bb02aa1d2706"
                $0.externalMeetingID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be001-1"
                $0.mediaRegion = "us-east-1"
                $0.controlRegion = "us-east-1"
            })
        $0.createTime = sessionTime(5)
        $0.endTime = sessionTime(1501)
    }
}

private func makeParticipant(_ role: Telehealth_V1_ParticipantRole, _ subject: String)
    -> Telehealth_V1_Participant
{
    .with {
        $0.participantID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be011"
        $0.role = role
        $0.personID = subject
        $0.state = .admitted
        $0.present = true
        $0.provider = .chime(.with { $0.attendeeID = "c44a5f1e-0f8a-4c3e-8d21-bb02aa1dd4f9" })
        $0.firstJoinTime = sessionTime(-120)
        $0.firstWaitTime = sessionTime(-120)
        $0.waitStartTime = sessionTime(-120)
        $0.admitTime = sessionTime(9)
        $0.leaveTime = sessionTime(1490)
        guard role == .client else { return }
        $0.preVisitCheck = .with {
            $0.locationState = "GA"
            $0.locationAddress = "12 Example Street, Atlanta, GA 30303"
            $0.emergencyContactName = "Example contact"
            $0.emergencyContactPhone = "+1 404 555 0100"
            $0.privatePlace = true
            $0.reliableConnection = true
            $0.deviceType = .tablet
            $0.statementTime = sessionTime(-120)
        }
    }
}

private func makeRecording() -> Telehealth_V1_Recording {
    .with {
        $0.recordingID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be031"
        $0.sessionID = "0198f3a2-7c11-7a54-9d31-3c1f0a9be001"
        $0.segment = 1
        $0.state = .available
        $0.purpose = .clinical
        $0.consentIds = ["0198f3a2-7c11-7a54-9d31-3c1f0a9be041", "0198f3a2-7c11-7a54-9d31-3c1f0a9be042"]
        $0.requestCaller = "clinician-0000000000000007"
        $0.requestTime = sessionTime(60)
        $0.startTime = sessionTime(62)
        $0.endTime = sessionTime(1490)
        $0.availableTime = sessionTime(1600)
        $0.objectKey = "recordings/0198f3a2-7c11-7a54-9d31-3c1f0a9be001/1/composited-video/visit.mp4"
        $0.objectByteCount = 98_765_432
        $0.objectEtag = "9b2cf535f27731c974343645a3985328-12"
        $0.durationSeconds = 1428
        $0.stopReason = .requested
    }
}
