/// The first schema, in SQL that PostgreSQL reads too, but for: `WITHOUT ROWID` (left out there), `BLOB`
/// (`BYTEA`),
/// `INTEGER PRIMARY KEY` (`BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY`) and the bodies of triggers.
///
/// Instants are microseconds since 1970 (`BIGINT`), truth values 0 and 1, enums their Swift raw values as
/// text. Tables whose rows are read together (by session) are stored in key order, so such a read touches one
/// page.
enum SchemaV1 {
    static let visits = [
        """
        CREATE TABLE appointments (
            id TEXT NOT NULL PRIMARY KEY,
            client_id TEXT NOT NULL, guardian_id TEXT, clinician_id TEXT NOT NULL,
            starts_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, time_zone TEXT NOT NULL,
            status TEXT NOT NULL, source_version BIGINT NOT NULL, version BIGINT NOT NULL,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            created_by TEXT NOT NULL, last_modified_by TEXT NOT NULL
        )
        """,
        // is_open: the status is not a terminal one. oldest_event_at: a lower bound of the events still kept,
        // NULL when there are none; only pruning reads it.
        """
        CREATE TABLE sessions (
            id TEXT NOT NULL PRIMARY KEY,
            appointment_id TEXT NOT NULL REFERENCES appointments (id),
            client_id TEXT NOT NULL, guardian_id TEXT, clinician_id TEXT NOT NULL,
            starts_at BIGINT NOT NULL, is_open INTEGER NOT NULL, created_at BIGINT NOT NULL,
            ends_at BIGINT NOT NULL, status TEXT NOT NULL, status_updated_at BIGINT NOT NULL,
            admission_policy TEXT NOT NULL, clinician_join_url TEXT NOT NULL, client_join_url TEXT NOT NULL,
            waiting_room_entered_at BIGINT, clinician_arrived_at BIGINT, started_at BIGINT, ended_at BIGINT,
            end_reason TEXT, end_note TEXT, cancel_reason TEXT, no_show_party TEXT,
            current_generation BIGINT NOT NULL, last_event_sequence BIGINT NOT NULL,
            last_effect_sequence BIGINT NOT NULL, version BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            created_by TEXT NOT NULL, last_modified_by TEXT NOT NULL,
            oldest_event_at BIGINT DEFAULT 0
        )
        """,
        "CREATE UNIQUE INDEX sessions_one_open ON sessions (appointment_id) WHERE is_open = 1",
        "CREATE INDEX sessions_by_appointment ON sessions (appointment_id, created_at, id)",
        "CREATE INDEX sessions_by_client ON sessions (client_id, starts_at, id)",
        "CREATE INDEX sessions_by_clinician ON sessions (clinician_id, starts_at, id)",
        "CREATE INDEX sessions_by_start ON sessions (starts_at, id)",
        "CREATE INDEX sessions_open_by_start ON sessions (starts_at, id) WHERE is_open = 1",
        "CREATE INDEX sessions_open_of_client ON sessions (client_id, id) WHERE is_open = 1",
        "CREATE INDEX sessions_open_of_guardian ON sessions (guardian_id, id) WHERE is_open = 1",
        "CREATE INDEX sessions_open_of_clinician ON sessions (clinician_id, id) WHERE is_open = 1",
        "CREATE INDEX sessions_to_prune ON sessions (oldest_event_at) WHERE is_open = 0",
        """
        CREATE TABLE participants (
            session_id TEXT NOT NULL REFERENCES sessions (id), id TEXT NOT NULL,
            subject_id TEXT NOT NULL, role TEXT NOT NULL, external_user_id TEXT NOT NULL, state TEXT NOT NULL,
            checked_at BIGINT, check_location_state TEXT, check_location_address TEXT,
            check_contact_name TEXT, check_contact_phone TEXT,
            check_private INTEGER NOT NULL, check_reliable INTEGER NOT NULL,
            check_device TEXT,
            first_waiting_at BIGINT, waiting_since BIGINT, admitted_at BIGINT, first_joined_at BIGINT,
            left_at BIGINT, attendee_id TEXT, attendee_generation BIGINT,
            PRIMARY KEY (session_id, id)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE meetings (
            session_id TEXT NOT NULL REFERENCES sessions (id), generation BIGINT NOT NULL,
            client_request_token TEXT NOT NULL, state TEXT NOT NULL, meeting_id TEXT, meeting_arn TEXT,
            control_region TEXT NOT NULL, media_region TEXT NOT NULL,
            created_at BIGINT NOT NULL, active_at BIGINT, ended_at BIGINT, has_placement INTEGER NOT NULL,
            audio_host_url TEXT, audio_fallback_url TEXT, signaling_url TEXT, turn_control_url TEXT,
            screen_data_url TEXT, screen_viewing_url TEXT, screen_sharing_url TEXT, event_ingestion_url TEXT,
            PRIMARY KEY (session_id, generation)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE recordings (
            id TEXT NOT NULL PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id), segment BIGINT NOT NULL,
            generation BIGINT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL,
            requested_by TEXT NOT NULL, requested_at BIGINT NOT NULL, consent_ids TEXT NOT NULL,
            control_region TEXT NOT NULL, bucket TEXT NOT NULL, prefix TEXT NOT NULL,
            started_at BIGINT, stopped_at BIGINT, stop_cause TEXT, stopped_by TEXT,
            capture_pipeline_id TEXT, capture_pipeline_arn TEXT, concatenation_pipeline_id TEXT,
            object_key TEXT, object_bytes BIGINT, object_etag TEXT, failure TEXT, consent_revoked_at BIGINT
        )
        """,
        "CREATE INDEX recordings_by_session ON recordings (session_id, segment, id)",
        """
        CREATE TABLE screen_shares (
            id TEXT NOT NULL PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id), participant_id TEXT NOT NULL,
            started_at BIGINT NOT NULL, stopped_at BIGINT
        )
        """,
        "CREATE INDEX screen_shares_by_session ON screen_shares (session_id, started_at, id)",
    ]

    static let consents = [
        """
        CREATE TABLE consents (
            id TEXT NOT NULL PRIMARY KEY,
            subject_id TEXT NOT NULL, subject_role TEXT NOT NULL, type TEXT NOT NULL, decision TEXT NOT NULL,
            method TEXT NOT NULL, document_version TEXT NOT NULL, document_language TEXT NOT NULL,
            text_hash BLOB NOT NULL, acknowledged_rights INTEGER NOT NULL,
            acknowledged_emergency INTEGER NOT NULL, acknowledged_privacy INTEGER NOT NULL,
            recording_purposes TEXT NOT NULL, signer_id TEXT NOT NULL, attested_by TEXT, evidence TEXT,
            session_id TEXT, granted_at BIGINT NOT NULL, expires_at BIGINT, supersedes TEXT,
            recorded_by TEXT NOT NULL, recorded_at BIGINT NOT NULL,
            superseded_by TEXT, revoked_at BIGINT, revoked_by TEXT, revocation_reason TEXT
        )
        """,
        "CREATE INDEX consents_by_subject ON consents (subject_id, recorded_at, id)",
        """
        CREATE TABLE consent_versions (
            subject_id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE consent_documents (
            type TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
            text_hash BLOB NOT NULL, effective_at BIGINT NOT NULL, registered_at BIGINT NOT NULL,
            registered_by TEXT NOT NULL,
            PRIMARY KEY (type, version, language)
        )
        """,
    ]

    static let records = [
        """
        CREATE TABLE session_events (
            session_id TEXT NOT NULL REFERENCES sessions (id), sequence BIGINT NOT NULL, at BIGINT NOT NULL,
            kind TEXT NOT NULL, status TEXT NOT NULL, participant_id TEXT, recording_id TEXT,
            screen_share_id TEXT, generation BIGINT, reason TEXT,
            PRIMARY KEY (session_id, sequence)
        ) WITHOUT ROWID
        """,
        // due_at: the later of not_before and leased_until. lane: follows from kind and recording.
        """
        CREATE TABLE effects (
            id TEXT NOT NULL PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id), sequence BIGINT NOT NULL, kind TEXT NOT NULL,
            generation BIGINT, participant_id TEXT, recording_id TEXT, created_at BIGINT NOT NULL,
            state TEXT NOT NULL, not_before BIGINT NOT NULL, attempts BIGINT NOT NULL, fence BIGINT NOT NULL,
            leased_until BIGINT, last_error TEXT, due_at BIGINT NOT NULL, lane TEXT NOT NULL
        )
        """,
        "CREATE INDEX effects_due ON effects (due_at, id) WHERE state = 'pending'",
        "CREATE UNIQUE INDEX effects_unfinished ON effects (session_id, lane, sequence) WHERE state <> 'done'",
        """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            at BIGINT NOT NULL, subject TEXT NOT NULL, role TEXT, actor TEXT, action TEXT NOT NULL,
            outcome TEXT NOT NULL, session_id TEXT, target TEXT, reason TEXT
        )
        """,
        """
        CREATE TABLE requests (
            request_id TEXT NOT NULL, method TEXT NOT NULL, subject TEXT NOT NULL, request_hash BLOB NOT NULL,
            session_id TEXT, appointment_id TEXT, result_id TEXT, created_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            PRIMARY KEY (request_id, method, subject)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX requests_by_expiry ON requests (expires_at)",
    ]

    /// What the rules promise never to do, the database refuses.
    static let guards = [
        refusal("audit_no_update", "UPDATE ON audit", "audit is append-only"),
        refusal("audit_no_delete", "DELETE ON audit", "audit is append-only"),
        refusal("consents_no_delete", "DELETE ON consents", "consents are append-only"),
        refusal(
            "consents_no_update",
            """
            UPDATE OF id, subject_id, subject_role, type, decision, method, document_version, \
            document_language, text_hash, acknowledged_rights, acknowledged_emergency, \
            acknowledged_privacy, recording_purposes, signer_id, attested_by, \
            evidence, session_id, granted_at, expires_at, supersedes, recorded_by, recorded_at ON consents
            """, "the facts of a consent never change"),
        refusal("documents_no_update", "UPDATE ON consent_documents", "documents are immutable"),
        refusal("documents_no_delete", "DELETE ON consent_documents", "documents are immutable"),
    ]

    private static func refusal(_ name: String, _ event: String, _ reason: String) -> String {
        "CREATE TRIGGER \(name) BEFORE \(event) BEGIN SELECT RAISE(ABORT, '\(reason)'); END"
    }
}
