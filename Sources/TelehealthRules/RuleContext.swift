public import TelehealthModel

/// What every rule may ask besides its state and command.
public struct RuleContext: Sendable {
    public let now: Timestamp
    public let policy: Policy
    public let ids: any IDSource
    /// The region whose Chime API is called.
    public let controlRegion: String
    /// Where recordings go; nil = recording is not configured.
    public let recordingsBucket: String?
    /// The policy of the place that is judged by: the home place's, or where a visit's client is.
    public let place: JurisdictionPolicy
    /// Who signs for the client of the visit although they are of age; nil = nobody.
    let adultGuardian: SubjectID?

    public init(
        now: Timestamp, policy: Policy, ids: any IDSource, controlRegion: String, recordingsBucket: String?
    ) {
        self.now = now
        self.policy = policy
        self.ids = ids
        self.controlRegion = controlRegion
        self.recordingsBucket = recordingsBucket
        place = policy.places.homePolicy
        adultGuardian = nil
    }

    private init(_ context: RuleContext, place: JurisdictionPolicy, adultGuardian: SubjectID?) {
        now = context.now
        policy = context.policy
        ids = context.ids
        controlRegion = context.controlRegion
        recordingsBucket = context.recordingsBucket
        self.place = place
        self.adultGuardian = adultGuardian
    }

    /// The same instant under the policy that a visit is under, with who signs for its client.
    package func at(placeOf state: SessionState) -> RuleContext {
        let place = policy.places.place(of: state)
        let guardian = state.session.guardsAdult ? state.session.guardianID : nil
        if place.id == self.place.id && guardian == adultGuardian { return self }
        return RuleContext(self, place: place, adultGuardian: guardian)
    }

    /// Outside a visit.
    package func with(adultGuardian guardian: SubjectID?) -> RuleContext {
        RuleContext(self, place: place, adultGuardian: guardian)
    }
}

/// On whose account a change goes.
package enum Principal: Sendable, Hashable {
    case caller(Caller)
    /// A worker or sweeper.
    case system

    package var name: String {
        switch self {
        case .caller(let caller): caller.subject.rawValue
        case .system: "system"
        }
    }

    package func audit(
        _ action: String, at now: Timestamp, outcome: AuditEntry.Outcome = .allowed,
        person: SubjectID? = nil, session: SessionID? = nil, target: String? = nil, reason: String? = nil
    ) -> AuditEntry {
        switch self {
        case .caller(let caller):
            AuditEntry(
                at: now, subject: caller.subject, role: caller.role, actor: caller.actor,
                source: caller.source, action: action, outcome: outcome, person: person,
                sessionID: session, target: target, reason: reason)
        case .system:
            AuditEntry(
                at: now, subject: Subject(name), role: nil, actor: nil, action: action, outcome: outcome,
                person: person, sessionID: session, target: target, reason: reason)
        }
    }
}
