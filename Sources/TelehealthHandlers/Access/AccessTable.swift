public import RPCModel
internal import TelehealthAPI
public import TelehealthCore

/// Which role may use which call: the one place where that is said. Which rows one may then see or change is the
/// domain's business (the roster of the session, the subject of a consent).
///
/// A guardian has the role client, with an id of their own; staff beside the clinician have the role clinician.
public struct AccessTable: Sendable {
    public struct Row: Sendable {
        public let method: MethodDescriptor
        public let roles: Set<Role>

        /// Needs no token: the request itself holds what is checked.
        public let isOpen: Bool

        init(_ method: MethodDescriptor, _ roles: Set<Role>) {
            self.method = method
            self.roles = roles
            isOpen = false
        }

        init(open method: MethodDescriptor) {
            self.method = method
            roles = []
            isOpen = true
        }
    }

    /// Services whose calls need no token: asking for health shows nothing of anybody.
    static let openServices: Set<String> = ["grpc.health.v1.Health"]
    /// Services that describe the API: for anybody on this machine, elsewhere for operators.
    static let operatorServices: Set<String> = [
        "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
    ]

    /// Calls that a clinician off the roster may make in an emergency: looking, and being there.
    static let emergencyMethods: Set<String> = {
        typealias Method = Telehealth_V1_TelehealthService_Methods
        return Set(
            [
                Method.getSession, Method.watchSession, Method.joinSession, Method.heartbeat,
                Method.leaveSession,
            ]
            .map(\.path))
    }()

    public static let rows: [Row] =
        appointments + visits + people + consents + consentPolicy + consentReceipts + recordings + measures
            + operations + audit

    /// Whoever has an account; a guest, who has none, is named where they may call.
    private static let everybody = Set(Role.allCases).subtracting([.guest])
    private static let everybodyAndGuests = Set(Role.allCases)

    private static let appointments: [Row] = {
        typealias Method = Telehealth_V1_AppointmentService_Methods
        return [
            Row(Method.putAppointment, [.scheduler, .admin]),
            Row(Method.getAppointment, everybody),
            Row(Method.cancelAppointment, [.scheduler, .admin]),
        ]
    }()

    private static let visits: [Row] = {
        typealias Method = Telehealth_V1_TelehealthService_Methods
        return [
            Row(Method.createSession, [.service, .scheduler, .clinician, .admin]),
            Row(Method.getSession, everybodyAndGuests),
            Row(Method.listSessions, everybodyAndGuests),
            Row(Method.joinSession, [.clinician, .client, .guest]),
            Row(Method.admitParticipant, [.clinician]),
            Row(Method.watchSession, [.service, .clinician, .client, .admin, .guest]),
            Row(Method.watchSessions, [.scheduler, .clinician, .admin]),
            Row(Method.heartbeat, [.clinician, .client, .guest]),
            Row(Method.updateSessionStatus, everybody),
            Row(Method.startRecording, [.clinician]),
            Row(Method.stopRecording, [.clinician, .client, .admin]),
            Row(Method.listRecordings, [.clinician, .client, .admin]),
            Row(Method.getRecordingPlaybackUrl, [.clinician, .client, .admin]),
            Row(Method.startScreenShare, [.clinician, .client]),
            Row(Method.stopScreenShare, [.clinician, .client]),
            Row(Method.leaveSession, [.clinician, .client, .guest]),
            Row(Method.cancelSession, everybody),
            Row(Method.markNoShow, [.scheduler, .clinician, .admin]),
            Row(Method.undoNoShow, [.scheduler, .clinician, .admin]),
            Row(Method.endSession, [.clinician, .admin]),
        ]
    }()

    private static let people: [Row] = {
        typealias Method = Telehealth_V1_PeopleService_Methods
        return [
            Row(Method.inviteParticipant, [.scheduler, .clinician, .admin]),
            Row(Method.revokeInvitation, [.scheduler, .clinician, .admin]),
            // Whoever holds the grant: it is signed, and good once.
            Row(open: Method.redeemInvitation),
            Row(Method.denyParticipant, [.clinician, .admin]),
            Row(Method.returnToWaitingRoom, [.clinician, .admin]),
            Row(Method.removeParticipant, [.clinician, .admin]),
            Row(Method.setParticipantCapabilities, [.clinician, .admin]),
        ]
    }()

    private static let consents: [Row] = {
        typealias Method = Telehealth_V1_ConsentService_Methods
        return [
            Row(Method.submitConsent, [.clinician, .client, .admin, .guest]),
            Row(Method.getConsentStatus, [.service, .clinician, .client, .admin, .guest]),
            Row(Method.updateConsent, [.clinician, .client, .admin, .guest]),
            Row(Method.revokeConsent, [.clinician, .client, .admin, .guest]),
            Row(Method.listConsents, [.service, .clinician, .client, .admin, .guest]),
            Row(Method.putConsentDocument, [.admin]),
            Row(Method.getConsentDocument, everybodyAndGuests),
        ]
    }()

    private static let consentPolicy: [Row] = {
        typealias Method = Telehealth_V1_ConsentPolicyService_Methods
        return [
            Row(Method.evaluateConsent, [.service, .clinician, .client, .admin, .guest]),
            Row(Method.listConsentDocuments, everybody),
            Row(Method.listPlacePolicies, everybody),
        ]
    }()

    private static let consentReceipts: [Row] = {
        typealias Method = Telehealth_V1_ConsentReceiptService_Methods
        return [
            Row(Method.getConsentReceipt, [.clinician, .client, .admin]),
            Row(Method.getReceiptKey, everybody),
            Row(Method.exportPersonRecord, [.client, .admin]),
        ]
    }()

    private static let audit: [Row] = {
        typealias Method = Telehealth_V1_AuditService_Methods
        return [
            Row(Method.listAuditEvents, [.admin]),
            Row(Method.listSessionAccesses, [.client, .admin]),
            Row(Method.verifyAuditLog, [.admin]),
            Row(Method.exportAuditLog, [.admin]),
            Row(Method.getAuditProof, [.admin]),
        ]
    }()

    private static let recordings: [Row] = {
        typealias Method = Telehealth_V1_RecordingService_Methods
        return [
            Row(Method.setRecordingHold, [.admin]),
            Row(Method.releaseRecordingHold, [.admin]),
            Row(Method.setRecordingRetention, [.admin]),
            Row(Method.linkSessionNote, [.clinician, .admin]),
            Row(Method.getRecordingManifest, [.clinician, .admin]),
        ]
    }()

    private static let measures: [Row] = [
        Row(Telehealth_V1_EventsService_Methods.ingestMeetingEvents, [.service, .admin]),
        Row(Telehealth_V1_QualityService_Methods.reportClientMetrics, [.clinician, .client]),
        Row(Telehealth_V1_QualityService_Methods.getServiceReport, [.admin]),
    ]

    private static let operations: [Row] = {
        typealias Method = Telehealth_V1_OperationsService_Methods
        return [
            Row(Method.getServiceStatus, [.admin]),
            Row(Method.backupDatabase, [.admin]),
            Row(Method.checkDatabase, [.admin]),
            Row(Method.listFailedEffects, [.admin]),
            Row(Method.retryEffect, [.admin]),
        ]
    }()

    private let rowsByPath: [String: Row]

    /// - Throws: ``AccessTableGap`` naming each method without a row and each row without a method: then the
    ///   service does not start.
    public init(covering services: [any RPCService]) throws(AccessTableGap) {
        let offered = Set(services.flatMap(\.routes).map(\.method.path))
        rowsByPath = Dictionary(uniqueKeysWithValues: Self.rows.map { ($0.method.path, $0) })
        let gap = offered.symmetricDifference(rowsByPath.keys)
        guard gap.isEmpty else { throw AccessTableGap(methods: gap.sorted()) }
    }

    enum Verdict {
        case open
        /// Needs no token, but what the request holds may be refused as one is.
        case bearingGrant
        case operators
        case roles(Set<Role>)
    }

    func verdict(on method: MethodDescriptor) -> Verdict {
        if let row = rowsByPath[method.path] { return row.isOpen ? .bearingGrant : .roles(row.roles) }
        if Self.openServices.contains(method.service) { return .open }
        // Whatever else a server may offer is nobody's but the operators'.
        return .operators
    }
}

/// The table of access and the services offered do not name the same methods.
public struct AccessTableGap: Error, Hashable, Sendable, CustomStringConvertible {
    /// `:path`s that stand on one side only.
    public let methods: [String]

    public var description: String {
        "methods without a row in the access table, or rows without a method: \(methods)"
    }
}
