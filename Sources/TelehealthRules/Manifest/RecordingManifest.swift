internal import Crypto
public import TelehealthModel
internal import TextFormats

/// What binds a recording's file to the visit, the people and the consents it stands on.
///
/// Made of stored facts that do not change any more once the recording is available; what may change later
/// (hold, retention, note) is not in it. ``canonicalJSON`` is the text that ``sha256`` is over.
public struct RecordingManifest: Sendable, Hashable {
    public static let format = "telehealth.v1.recording-manifest/1"

    public struct Presence: Sendable, Hashable {
        public let from: Timestamp
        /// nil = still there when the recording stopped.
        public let to: Timestamp?
    }

    public struct Person: Sendable, Hashable {
        public let participantID: ParticipantID
        public let subjectID: SubjectID
        public let role: ParticipantRole
        /// Within the recording, by begin; at least one.
        public let presence: [Presence]
    }

    public enum PresenceSource: String, Sendable, Hashable, CaseIterable {
        /// AWS's words on everybody's connection to the media.
        case meetingEvents
        /// Admission and departure as this service noted them, where AWS told nothing.
        case roster
    }

    public let recording: Recording
    public let presenceSource: PresenceSource
    /// Who was there at any moment of it, by participant id.
    public let people: [Person]
    public let madeAt: Timestamp
    public let canonicalJSON: [UInt8]
    /// 32 bytes.
    public let sha256: [UInt8]

    package init(_ recording: Recording, _ state: SessionState, presence: [PresenceInterval], madeAt: Timestamp) {
        self.recording = recording
        self.madeAt = madeAt
        presenceSource = presence.isEmpty ? .roster : .meetingEvents
        people = state.participants.sorted { $0.id.rawValue < $1.id.rawValue }.compactMap { participant in
            let all =
                presence.isEmpty
                ? participant.admittedAt.map { [Presence(from: $0, to: participant.leftAt)] } ?? []
                : presence.filter { $0.participantID == participant.id }
                    .map { Presence(from: $0.startedAt, to: $0.endedAt) }
            let within = all.compactMap { Self.part(of: $0, in: recording) }
            return within.isEmpty
                ? nil
                : Person(
                    participantID: participant.id, subjectID: participant.subjectID, role: participant.role,
                    presence: within)
        }
        canonicalJSON = Self.text(recording, state, people, presenceSource).bytes
        sha256 = Array(SHA256.hash(data: canonicalJSON))
    }

    /// What of a stretch lies within the recording.
    private static func part(of presence: Presence, in recording: Recording) -> Presence? {
        guard let startedAt = recording.startedAt else { return nil }
        if let stoppedAt = recording.stoppedAt, presence.from >= stoppedAt { return nil }
        if let to = presence.to, to <= startedAt { return nil }
        let end = recording.stoppedAt.map { min($0, presence.to ?? $0) } ?? presence.to
        return Presence(from: max(presence.from, startedAt), to: end)
    }

    private static func text(
        _ recording: Recording, _ state: SessionState, _ people: [Person], _ source: PresenceSource
    ) -> JSONText {
        let object: [String: JSONText] = [
            "bucket": .string(recording.bucket), "key": .optional(recording.objectKey),
            "bytes": recording.objectBytes.map(JSONText.number) ?? .null,
            "etag": .optional(recording.objectETag), "checksum": .optional(recording.objectChecksum),
        ]
        let persons = people.map { person in
            JSONText.object([
                "participant_id": .string(person.participantID.rawValue),
                "subject_id": .string(person.subjectID.rawValue), "role": .string(wireName(person.role)),
                "presence": .array(
                    person.presence.map {
                        .object(["from": .optional($0.from), "to": .optional($0.to)])
                    }),
            ])
        }
        return .object([
            "format": .string(format), "recording_id": .string(recording.id.rawValue),
            "session_id": .string(recording.sessionID.rawValue),
            "appointment_id": .string(state.session.appointmentID.rawValue),
            "segment": .number(Int64(recording.segment)),
            "generation": .number(Int64(recording.generation)),
            "purpose": .string(wireName(recording.purpose)), "requested_by": .string(recording.requestedBy),
            "requested_at": .optional(recording.requestedAt), "started_at": .optional(recording.startedAt),
            "stopped_at": .optional(recording.stoppedAt),
            "stop_cause": .optional(recording.stopCause.map(wireName)),
            "stopped_by": .optional(recording.stoppedBy),
            "capture_pipeline_id": .optional(recording.capturePipelineID),
            "concatenation_pipeline_id": .optional(recording.concatenationPipelineID),
            "consent_ids": .array(
                recording.consentIDs.map(\.rawValue).sorted().map(JSONText.string)),
            "object": .object(object), "people": .array(persons),
            "presence_source": .string(wireName(source)),
        ])
    }
}
