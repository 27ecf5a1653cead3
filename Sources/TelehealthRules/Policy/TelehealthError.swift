package import TelehealthModel

/// Why a rule refused a call: a stable reason a front end can branch on, and nothing personal.
public struct TelehealthError: Error, Sendable, Hashable {
    /// Stable over versions; goes into `google.rpc.ErrorInfo.reason` as it is.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        // Unknown, or not for this caller to know
        case sessionNotFound = "SESSION_NOT_FOUND"
        case appointmentNotFound = "APPOINTMENT_NOT_FOUND"
        case participantNotFound = "PARTICIPANT_NOT_FOUND"
        case recordingNotFound = "RECORDING_NOT_FOUND"
        case consentNotFound = "CONSENT_NOT_FOUND"
        case personNotFound = "PERSON_NOT_FOUND"
        case documentNotFound = "DOCUMENT_NOT_FOUND"
        // The caller
        case notAllowed = "NOT_ALLOWED"
        case tokenExpired = "TOKEN_EXPIRED"
        // The request
        case fieldInvalid = "INVALID_FIELD"
        case requestIDReused = "REQUEST_ID_REUSED"
        case textHashMismatch = "TEXT_HASH_MISMATCH"
        case acknowledgementsIncomplete = "ACKNOWLEDGEMENTS_INCOMPLETE"
        case writtenConsentRequired = "WRITTEN_CONSENT_REQUIRED"
        // The state
        case appointmentHasOpenSession = "SESSION_EXISTS"
        case documentVersionExists = "DOCUMENT_VERSION_EXISTS"
        case invalidState = "INVALID_STATE"
        case appointmentCancelled = "APPOINTMENT_CANCELLED"
        case appointmentStarted = "APPOINTMENT_STARTED"
        case tooEarly = "TOO_EARLY"
        case tooLate = "TOO_LATE"
        case preVisitCheckRequired = "PRE_VISIT_CHECK_REQUIRED"
        case preVisitCheckFailed = "PRE_VISIT_CHECK_FAILED"
        case consentMissing = "CONSENT_MISSING"
        case recordingConsentMissing = "RECORDING_CONSENT_MISSING"
        case consentNotCurrent = "CONSENT_NOT_CURRENT"
        case participantNotWaiting = "PARTICIPANT_NOT_WAITING"
        case notJoined = "NOT_JOINED"
        case clinicianNotPresent = "CLINICIAN_NOT_PRESENT"
        case clientWasHere = "CLIENT_WAS_HERE"
        case meetingNotReady = "MEETING_NOT_READY"
        case recordingActive = "RECORDING_ACTIVE"
        case recordingNotActive = "RECORDING_NOT_ACTIVE"
        case recordingNotReady = "RECORDING_NOT_READY"
        case recordingNotConfigured = "RECORDING_NOT_CONFIGURED"
        case recordingConsentRevoked = "RECORDING_CONSENT_REVOKED"
        case screenShareActive = "SCREEN_SHARE_ACTIVE"
        case screenShareNotActive = "SCREEN_SHARE_NOT_ACTIVE"
        // People
        case participantRemoved = "PARTICIPANT_REMOVED"
        case participantDenied = "PARTICIPANT_DENIED"
        case participantNotAdmitted = "PARTICIPANT_NOT_ADMITTED"
        case participantExists = "PARTICIPANT_EXISTS"
        case rosterFull = "ROSTER_FULL"
        case invitationNotFound = "INVITATION_NOT_FOUND"
        case invitationInvalid = "INVITATION_INVALID"
        case invitationExpired = "INVITATION_EXPIRED"
        case invitationUsed = "INVITATION_USED"
        case invitationRevoked = "INVITATION_REVOKED"
        // The moment
        case versionConflict = "VERSION_CONFLICT"
        case versionMismatch = "VERSION_MISMATCH"
        case meetingUnavailable = "MEETING_UNAVAILABLE"
        case meetingQuotaExceeded = "MEETING_QUOTA_EXCEEDED"
        case meetingRefused = "MEETING_REFUSED"
        case resumeExpired = "RESUME_EXPIRED"
        case watchLagging = "WATCH_LAGGING"
        case watchTooLarge = "WATCH_TOO_LARGE"
        case storeFull = "STORE_FULL"
        case storeOverloaded = "STORE_OVERLOADED"
        case storeUnavailable = "STORE_UNAVAILABLE"
        case dataDamaged = "DATA_DAMAGED"
        case callCancelled = "CALL_CANCELLED"
        case auditUnavailable = "AUDIT_UNAVAILABLE"
        case auditEventNotFound = "AUDIT_EVENT_NOT_FOUND"
        // Recordings' keeping, and clients' reports
        case recordingOnHold = "RECORDING_ON_HOLD"
        case recordingBeingDeleted = "RECORDING_BEING_DELETED"
        case recordingDeleted = "RECORDING_DELETED"
        case recordingObjectGone = "RECORDING_OBJECT_GONE"
        case recordingNotReleased = "RECORDING_NOT_RELEASED"
        case metricsTooOften = "METRICS_TOO_OFTEN"
        // Operations
        case effectNotFound = "OPERATION_NOT_FOUND"
        case effectNotFailed = "OPERATION_NOT_FAILED"
        // Consent in depth
        case guardianRequired = "GUARDIAN_REQUIRED"
        case documentOutdated = "DOCUMENT_OUTDATED"
        case evidenceIncomplete = "EVIDENCE_INCOMPLETE"
        case receiptNotReady = "RECEIPT_NOT_READY"
        case exportTooLarge = "EXPORT_TOO_LARGE"
        case thirdPartyConsentMissing = "THIRD_PARTY_CONSENT_MISSING"
    }

    /// What a caller can do about it; one gRPC code each.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        case notFound, permissionDenied, unauthenticated, invalidArgument, alreadyExists, failedPrecondition
        case outOfRange, aborted, unavailable, resourceExhausted, internalFault, cancelled, dataLoss
    }

    /// A field of the request and what is wrong with it; the value itself is never repeated.
    public struct FieldViolation: Sendable, Hashable {
        /// The proto field's path ("pre_visit_check.location_state").
        public let field: String
        public let description: String

        public init(field: String, description: String) {
            self.field = field
            self.description = description
        }
    }

    /// The keys of `ErrorInfo.metadata`: states, times and ids of our own. The API's contract says which reason has
    /// which, so they are set by the makers below and nowhere else.
    public enum MetadataKey: String, Sendable, Hashable, CaseIterable {
        case status, failed, missing, place
        case sessionID = "session_id"
        case participantID = "participant_id"
        case recordingID = "recording_id"
        case recordingState = "recording_state"
        case waitingReason = "waiting_reason"
        case opensAt = "open_time"
        case closedAt = "close_time"
        case visitsMax = "visits_max"
        case currentVersion = "current_version"
    }

    public let reason: Reason
    public let metadata: [MetadataKey: String]
    public var violations: [FieldViolation] = []
    /// Of the three consent reasons: whose consent is missing, and why it does not count.
    public var missing: [ConsentGap] = []
    public var retryAfter: Duration?

    public init(_ reason: Reason, retryAfter: Duration? = nil) {
        self.init(reason, metadata: [:], retryAfter: retryAfter)
    }

    private init(_ reason: Reason, metadata: [MetadataKey: String], retryAfter: Duration? = nil) {
        self.reason = reason
        self.metadata = metadata
        self.retryAfter = retryAfter
    }

    public var category: Category { reason.category }
    /// One English sentence for people; programs branch on ``reason``.
    public var message: String {
        violations.first.map { "\($0.field) \($0.description)" } ?? reason.sentence
    }
}

extension TelehealthError {
    package static func invalid(_ field: String, _ description: String) -> TelehealthError {
        var error = TelehealthError(.fieldInvalid)
        error.violations = [FieldViolation(field: field, description: description)]
        return error
    }

    package static func invalidState(_ status: SessionStatus) -> TelehealthError {
        TelehealthError(.invalidState, metadata: [.status: wireName(status)])
    }

    static func sessionExists(_ id: SessionID) -> TelehealthError {
        TelehealthError(.appointmentHasOpenSession, metadata: [.sessionID: id.rawValue])
    }

    static func tooEarly(opensAt: Timestamp) -> TelehealthError {
        TelehealthError(.tooEarly, metadata: [.opensAt: opensAt.rfc3339])
    }

    static func tooLate(closedAt: Timestamp) -> TelehealthError {
        TelehealthError(.tooLate, metadata: [.closedAt: closedAt.rfc3339])
    }

    /// - Parameter failed: what of the check, by its field's name.
    static func preVisitCheckFailed(_ failed: [String]) -> TelehealthError {
        TelehealthError(.preVisitCheckFailed, metadata: [.failed: failed.joined(separator: ",")])
    }

    static func participantExists(_ id: ParticipantID) -> TelehealthError {
        TelehealthError(.participantExists, metadata: [.participantID: id.rawValue])
    }

    package static func watchTooLarge(visitsMax: Int) -> TelehealthError {
        TelehealthError(.watchTooLarge, metadata: [.visitsMax: "\(visitsMax)"])
    }

    /// - Parameter current: ``Session/version`` as it is now.
    package static func versionMismatch(current: Int64) -> TelehealthError {
        TelehealthError(.versionMismatch, metadata: [.currentVersion: "\(current)"])
    }

    static func recordingActive(_ id: RecordingID) -> TelehealthError {
        TelehealthError(.recordingActive, metadata: [.recordingID: id.rawValue])
    }

    package static func recordingNotReady(_ recording: Recording) -> TelehealthError {
        var metadata: [MetadataKey: String] = [.recordingState: wireName(recording.state)]
        metadata[.waitingReason] = recording.waitReason.map(wireName)
        return TelehealthError(.recordingNotReady, metadata: metadata)
    }

    /// - Parameter missing: names of what the place asks for.
    static func evidenceIncomplete(_ missing: [String], place: JurisdictionPolicy) -> TelehealthError {
        TelehealthError(
            .evidenceIncomplete, metadata: [.missing: missing.joined(separator: ","), .place: place.id])
    }

    static func thirdPartyConsentMissing(_ gaps: [ConsentGap], place: JurisdictionPolicy) -> TelehealthError {
        var error = TelehealthError(.thirdPartyConsentMissing, metadata: [.place: place.id])
        error.missing = gaps
        return error
    }

    static func consentMissing(_ reason: Reason, _ gaps: [ConsentGap]) -> TelehealthError {
        var error = TelehealthError(reason)
        error.missing = gaps
        return error
    }

    /// Others changed the same at the same time, again and again.
    package static let versionConflict = TelehealthError(.versionConflict, retryAfter: .milliseconds(100))

    package init(_ error: StoreError) {
        switch error {
        case .failed: self.init(.storeUnavailable)
        case .damaged: self.init(.dataDamaged)
        case .full: self.init(.storeFull)
        case .overloaded: self.init(.storeOverloaded, retryAfter: .seconds(1))
        case .closed: self.init(.storeUnavailable)
        }
    }

    package init(_ error: GatewayError) {
        switch error.kind {
        case .gone, .throttled, .unavailable, .conflict:
            self.init(.meetingUnavailable, retryAfter: error.retryAfter ?? .seconds(2))
        case .quotaExceeded: self.init(.meetingQuotaExceeded)
        case .rejected, .notAuthorised: self.init(.meetingRefused)
        }
    }
}
