internal import RPCModel
public import TelehealthEngine
public import TelehealthModel

/// What an operator decides about access beyond the table: who comes by certificate, how often one may call,
/// and for how long an emergency counts.
public struct AccessSettings: Sendable {
    /// Who a client certificate speaks for.
    public struct Service: Sendable, Hashable {
        /// Stands in audit and idempotency as a token's `sub` does.
        public var subject: Subject
        /// `service` or `scheduler`: people do not come by certificate.
        public var role: Role

        public init(subject: Subject, role: Role) {
            self.subject = subject
            self.role = role
        }
    }

    public struct Limits: Sendable {
        /// Of each identity, by its role; a role without one is not limited.
        public var byRole: [Role: RateLimit] = [:]
        /// Of each address whose calls are refused for want of an identity or a good grant; nil = not limited.
        public var refused: RateLimit?
        /// Of each address, of calls that need no identity (health, a grant's redemption); nil = not limited.
        public var open: RateLimit?

        public init() {}
    }

    /// Metadata that carries the reason of an emergency; with `-bin` behind its name, text beyond ASCII.
    public static let emergencyHeader = "telehealth-emergency-reason"
    /// How long a call by certificate may last (a watch ends then): as long as a token may live.
    static let certificateTrustedFor = Duration.seconds(3600)

    /// By subject alternative name, `dns:NAME` or `uri:URI`. A certificate without a name here is no
    /// identity, although its chain is good.
    public var services: [String: Service] = [:]
    public var limits = Limits()
    /// Whether callers on this machine may ask for reflection without a token; others need the role admin.
    public var opensReflection = true
    /// How long a watch that was opened in an emergency lasts; nil = there is no emergency access.
    public var emergencyLasts: Duration?

    public init() {}

    /// The first of the certificate's names that is listed.
    func service(of identity: CallPeer.VerifiedIdentity?) -> Service? {
        guard let identity, !services.isEmpty else { return nil }
        let names = identity.uris.map { "uri:" + $0 } + identity.dnsNames.map { "dns:" + $0.lowercased() }
        return names.lazy.compactMap { services[$0] }.first
    }
}
