/// What being somebody in a visit brings with it: the one table of roles. Pure, and asked by every rule.
///
/// | role | comes by | enters | counts as clinician | leads | sees |
/// |---|---|---|---|---|---|
/// | clinician | appointment | at once | yes | yes | everything |
/// | co-clinician | staff token | at once | yes | yes | everything |
/// | client, guardian | appointment | with the clinician, or by name | no | no | people |
/// | supervisor | staff token | with the clinician | no | no | everything |
/// | interpreter | staff token, grant | with the clinician; by name with a grant | no | no | people; roles with a grant |
/// | observer | staff token | by name | no | no | people |
/// | guest | grant | by name | no | no | roles |
///
/// "Leads": lets in, sends away, puts back, removes, invites, sets capabilities, records, ends. Nobody is exempt
/// from the recording consent: whoever is in the picture must have given one, the clinician included. The
/// telehealth consents are the client's: they are asked when the client or the guardian comes.
public struct RoleRights: Sendable, Hashable {
    /// How one gets a place on the roster.
    public enum Way: Sendable, Hashable { case appointment, staffToken, grant }

    /// How one gets from there into the visit.
    public enum Entry: Sendable, Hashable {
        /// Needs nobody.
        case direct
        /// When a clinician is there; for the client's side only while the session's policy says so.
        case withClinician
        /// Let in by name, again each time.
        case byName
    }

    /// What one is shown of the others.
    public enum Visibility: Sendable, Hashable {
        /// Notes and pre-visit checks as well.
        case everything
        /// Everybody's id, role and state.
        case people
        /// Who is there, by role alone; oneself only, until let in.
        case roles
    }

    public let entryRoutes: Set<Way>
    public let entry: Entry
    /// One of the clinic: may come by the earlier of the two windows.
    public let isStaff: Bool
    /// Whether this presence is "the clinician is there".
    public let countsAsClinician: Bool
    /// Lets in, denies, returns, removes, invites, sets capabilities, records and ends.
    public let leads: Bool
    public let sharesScreen: Bool
    /// Whose coming and going decides when a visit is abandoned.
    public let keepsVisitOpen: Bool
    /// The client or who comes for them: states the pre-visit check, needs the client's telehealth consents.
    public let isClientParty: Bool
    public let sight: Visibility
    /// What Chime lets them send and receive to begin with.
    public let capabilities: MediaCapabilities

    /// Whether the appointment, and not an invitation, puts them on the roster.
    public var isOfAppointment: Bool { entryRoutes.contains(.appointment) }
}

extension ParticipantRole {
    public var rights: RoleRights {
        switch self {
        case .clinician: .clinician
        case .coClinician: .coClinician
        case .client, .guardian: .clientParty
        case .supervisor: .supervisor
        case .interpreter: .interpreter
        case .observer: .observer
        case .guest: .guest
        }
    }
}

extension RoleRights {
    fileprivate static let clinician = RoleRights(
        entryRoutes: [.appointment], entry: .direct, isStaff: true, countsAsClinician: true, leads: true,
        sharesScreen: true, keepsVisitOpen: true, isClientParty: false, sight: .everything,
        capabilities: .init())
    fileprivate static let coClinician = RoleRights(
        entryRoutes: [.staffToken], entry: .direct, isStaff: true, countsAsClinician: true, leads: true,
        sharesScreen: true, keepsVisitOpen: true, isClientParty: false, sight: .everything,
        capabilities: .init())
    fileprivate static let clientParty = RoleRights(
        entryRoutes: [.appointment], entry: .withClinician, isStaff: false, countsAsClinician: false,
        leads: false, sharesScreen: true, keepsVisitOpen: true, isClientParty: true, sight: .people,
        capabilities: .init())
    /// Listens until given a voice.
    fileprivate static let supervisor = RoleRights(
        entryRoutes: [.staffToken], entry: .withClinician, isStaff: true, countsAsClinician: false,
        leads: false, sharesScreen: false, keepsVisitOpen: false, isClientParty: false, sight: .everything,
        capabilities: .init(audio: .receive, video: .receive, content: .receive))
    fileprivate static let interpreter = RoleRights(
        entryRoutes: [.staffToken, .grant], entry: .withClinician, isStaff: true, countsAsClinician: false,
        leads: false, sharesScreen: false, keepsVisitOpen: false, isClientParty: false, sight: .people,
        capabilities: .init(content: .receive))
    fileprivate static let observer = RoleRights(
        entryRoutes: [.staffToken], entry: .byName, isStaff: true, countsAsClinician: false, leads: false,
        sharesScreen: false, keepsVisitOpen: false, isClientParty: false, sight: .people,
        capabilities: .init(audio: .receive, video: .receive, content: .receive))
    fileprivate static let guest = RoleRights(
        entryRoutes: [.grant], entry: .byName, isStaff: false, countsAsClinician: false, leads: false,
        sharesScreen: false, keepsVisitOpen: false, isClientParty: false, sight: .roles,
        capabilities: .init(content: .receive))
}

extension Participant {
    /// A link can be passed on, so whoever came by one is let in by name, whatever their role.
    public var entry: RoleRights.Entry { invitationID == nil ? role.rights.entry : .byName }
    /// For the same reason such a person is shown the least.
    public var sight: RoleRights.Visibility { invitationID == nil ? role.rights.sight : .roles }
}
