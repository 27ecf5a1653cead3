internal import Crypto
internal import ServiceSimulation
internal import TelehealthModel
internal import VisitSimulation

/// What the fields of requests mean, by their names: ids of living rows, moments of this day, words that people use.
enum PlausibleValues {
    /// How often a field is there.
    static func presence(of name: String, method: String) -> Double {
        switch name {
        case "version": method == "PutConsentDocument" ? 1 : 0.4
        case "request_id", "reason", "submission", "time_zone", "role", "window", "type", "decision", "method":
            1
        case "person_id": ["ListAuditEvents": 0.25, "GetConsentStatus": 0.7][method] ?? 1
        case "page_token", "guardian_id", "recording_id", "expire_time", "evidence_items", "caller", "outcome",
            "action", "statuses", "scheduled_start_time_from", "scheduled_start_time_before", "client_id",
            "clinician_id":
            ["PutAppointment", "GetConsentStatus", "GetRecordingManifest", "GetRecordingPlaybackUrl"].contains(method)
                || method.contains("Recording") && method != "StopRecording" || method == "LinkSessionNote"
                ? 0.97 : 0.25
        case "signer_id", "client_birth_date", "after_sequence", "resume_token", "device_id": 0.4
        case "pre_visit_check": 0.7
        default: 0.97
        }
    }

    static func text(_ name: String, method: String, _ scene: inout Scene) -> String {
        switch name {
        case "request_id":
            if scene.chance(0.03), let used = scene.pick(scene.harvest["request_id"]) { return used }
            let id = scene.uuid()
            scene.harvest.keep(id, of: name)
            return id
        case "appointment_id": return appointment(method, &scene)
        case "session_id": return scene.state?.session.id.rawValue ?? scene.uuid()
        case "participant_id": return participant(method, &scene)
        case "recording_id": return scene.pick(scene.state?.recordings.map(\.id.rawValue) ?? []) ?? "recording-0"
        case "invitation_id": return scene.pick(scene.state?.invitations.map(\.id.rawValue) ?? []) ?? "invitation-0"
        case "consent_id": return scene.pick(scene.rows.consents.map(\.id.rawValue)) ?? "consent-0"
        case "operation_id": return scene.pick(scene.rows.deadEffects.map(\.rawValue)) ?? "effect-0"
        case "client_id": return scene.chance(0.9) ? "client-1" : "client-2"
        case "clinician_id": return scene.chance(0.85) ? "clinician-1" : "clinician-2"
        case "guardian_id": return "guardian-1"
        case "person_id", "signer_id":
            return scene.chance(0.6) ? "client-1" : scene.pick(People.subjects) ?? "client-1"
        case "caller": return scene.pick(People.all.map(\.id)) ?? "admin"
        case "grant": return scene.pick(scene.harvest["grant"]) ?? "thg1.grant"
        case "page_token": return scene.pick(scene.harvest["\(method).next_page_token"]) ?? ""
        case "resume_token": return scene.pick(scene.harvest["\(method).resume_token"]) ?? ""
        case "events": return event(&scene)
        default: return word(name, method: method, &scene)
        }
    }

    private static func word(_ name: String, method: String, _ scene: inout Scene) -> String {
        switch name {
        case "language", "document_language": return "en-US"
        case "type": return scene.pick(ConsentType.builtIn.map(\.id)) ?? "recording"
        case "version": return method == "PutConsentDocument" ? "2.\(scene.fresh())" : "1.0"
        case "document_version", "script_version": return "1.0"
        case "text": return scene.chance(0.5) ? "I agree." : "I agree, number \(scene.fresh())."
        case "time_zone": return scene.pick(["America/New_York", "America/Chicago", "UTC"]) ?? "UTC"
        case "client_birth_date": return scene.pick(["1980-02-29", "2011-03-09"]) ?? ""
        case "location_state": return "GA"
        case "location_address": return "1 Peachtree St, Atlanta"
        case "emergency_contact_name", "witness": return "Pat Doe"
        case "emergency_contact_phone": return "+1 404 555 0100"
        case "device_id": return scene.pick(["device-a", "device-b"]) ?? "device-a"
        case "action": return scene.pick(["GetSession", "JoinSession"]) ?? "GetSession"
        case "session_note_id": return "note-\(scene.number(1...9))"
        default: return "said number \(scene.number(1...9))"
        }
    }

    private static func appointment(_ method: String, _ scene: inout Scene) -> String {
        let known = scene.rows.appointments.map(\.id.rawValue)
        switch method {
        case "PutAppointment":
            return scene.chance(0.6) ? "appointment-\(1 + scene.fresh())" : scene.pick(known) ?? "a-1"
        case "CreateSession":
            let used = Set(scene.rows.sessions.map(\.session.appointmentID.rawValue))
            let unused = known.filter { !used.contains($0) }
            return scene.pick(unused) ?? scene.pick(known) ?? "appointment-1"
        default: return scene.pick(known) ?? "appointment-1"
        }
    }

    /// Whoever the verb is for.
    private static func participant(_ method: String, _ scene: inout Scene) -> String {
        let people = scene.state?.participants ?? []
        let fitting = people.filter { person in
            switch method {
            case "AdmitParticipant", "DenyParticipant": person.state == .waiting
            case "ReturnToWaitingRoom": person.state == .admitted && person.role != .clinician
            case "RemoveParticipant": person.role != .clinician
            default: true
            }
        }
        let chosen = scene.chance(0.9) ? scene.pick(fitting) : scene.pick(people)
        return (chosen ?? scene.pick(people))?.id.rawValue ?? "participant-0"
    }

    private static func event(_ scene: inout Scene) -> String {
        let kinds = [
            "MeetingStarted", "MeetingEnded", "AttendeeJoined", "AttendeeLeft", "AttendeeDropped",
            "AttendeeContentJoined", "AttendeeContentLeft", "MediaPipelineInProgress", "MediaPipelineDeleted",
            "MediaPipelineTemporaryFailure", "MediaPipelinePermanentFailure", "AttendeeVideoJoined",
        ]
        guard let state = scene.state, let kind = scene.pick(kinds), scene.chance(0.9) else {
            return scene.pick(Extremes.texts) ?? ""
        }
        return scene.event(kind, state, scene.pick(state.participants.map(\.externalUserID)), scene.fresh())
    }

    static func bytes(_ name: String, _ scene: inout Scene) -> [UInt8] {
        guard name.hasSuffix("sha256") else { return [UInt8(scene.number(0...255))] }
        return Array(SHA256.hash(data: Array("I agree.".utf8)))
    }

    static func choice(_ name: String, method: String, of values: [Int32], _ scene: inout Scene) -> Int32 {
        // The first value is the common one: granted, electronic, clinical, normal.
        let isCommon = [
            "decision", "method", "purpose", "recording_purposes", "audio", "video", "content",
        ].contains(name)
        if isCommon, scene.chance(0.8) { return values.first ?? 0 }
        return scene.pick(values) ?? 0
    }

    static func moment(_ name: String, _ scene: inout Scene) -> Timestamp {
        switch name {
        case "scheduled_start_time": scene.moment(-60...900)
        case "scheduled_end_time": scene.moment(1_000...7_200)
        case "occur_time_before", "end_time": scene.moment(1...3_600)
        case "retention_end_time": scene.moment(86_400...86_400_000)
        case "expire_time": scene.moment(3_600...864_000)
        default: scene.moment(-3_600 ... -1)
        }
    }

    static func seconds(_ name: String, _ scene: inout Scene) -> Int64 {
        switch name {
        case "valid_for": scene.number(60...1_800)
        case "window": scene.number(1...60)
        default: scene.number(0...5)
        }
    }

    static func count(_ name: String, _ scene: inout Scene) -> Int64 {
        switch name {
        case "source_version": scene.number(1...40)
        case "number": scene.number(1...Int64(max(1, scene.rows.auditCount)))
        case "from_number": scene.number(0...Int64(scene.rows.auditCount))
        case "through_number": scene.chance(0.7) ? 0 : Int64(scene.rows.auditCount)
        case "after_sequence": scene.number(0...3)
        case "page_size": scene.number(0...5)
        case "expected_version": scene.state.map { Int64($0.session.version) } ?? 1
        default: scene.number(0...60)
        }
    }
}
