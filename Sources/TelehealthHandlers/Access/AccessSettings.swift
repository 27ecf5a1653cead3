public import Pacing
internal import RPCModel
public import TelehealthModel

/// The operator's access settings beyond the access table: identities of client certificates, rate limits, and how
/// long an emergency lasts.
public struct AccessSettings: Sendable {
    /// The identity of a client certificate.
    public struct Service: Sendable, Hashable {
        /// Used in audit and idempotency like a token's `sub`.
        public var subject: Subject
        /// `service` or `scheduler`: people do not use certificates.
        public var role: Role

        public init(subject: Subject, role: Role) {
            self.subject = subject
            self.role = role
        }
    }

    public struct Limits: Sendable {
        /// Per identity, by its role; a role without a limit is not limited.
        public var byRole: [Role: RateLimit] = [:]
        /// Per address, for calls refused for lack of an identity or a valid grant; nil for no limit.
        public var refused: RateLimit?
        /// Per address, for calls that need no identity (health, redemption of a grant); nil for no limit.
        public var open: RateLimit?

        public init() {}
    }

    /// Metadata with the reason of an emergency; with the suffix `-bin`, for text beyond ASCII.
    public static let emergencyHeader = "telehealth-emergency-reason"
    static let binaryEmergencyHeader = emergencyHeader + "-bin"
    /// Maximum duration of a call with a certificate (a watch ends then): the maximum lifetime of a token.
    static let certificateTrustedFor = Duration.seconds(3600)

    /// By subject alternative name, `dns:NAME` or `uri:URI`. A valid certificate whose name is not listed is not
    /// authenticated.
    public var services: [String: Service] = [:]
    public var limits = Limits()
    /// Whether callers on this machine may use reflection without a token; others need the role admin.
    public var opensReflection = true
    /// How long a watch opened in an emergency lasts; nil disables emergency access.
    public var emergencyLasts: Duration?

    public init() {}

    /// The first of the certificate's names that is listed.
    func service(of identity: CallPeer.VerifiedIdentity?) -> Service? {
        guard let identity, !services.isEmpty else { return nil }
        let names = identity.uris.map { "uri:" + $0 } + identity.dnsNames.map { "dns:" + $0.lowercased() }
        return names.lazy.compactMap { services[$0] }.first
    }
}
