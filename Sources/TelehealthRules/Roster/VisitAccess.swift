package import TelehealthModel

/// What a call about a session is about: the visit, or what the service holds about the caller.
package enum SessionMatter: Sendable, Hashable {
    /// Seeing the visit, being in it, changing it, its recordings.
    case visit
    /// What somebody is owed about themself, whatever was decided about the visit: who looked at it (45 CFR 164.528).
    case ownRecord
}

extension SessionState {
    /// The one rule of who may know of a session and act in it; every call that names a session, or a recording of one,
    /// asks it first. What somebody may do there then follows from ``RoleRights``.
    ///
    /// | the caller | the visit | the own record |
    /// |---|---|---|
    /// | of the clinic's systems | as the role says | as the role says |
    /// | expected, waiting, admitted, left | as the role in the visit says | theirs |
    /// | removed | `PARTICIPANT_REMOVED` | of client and guardian: theirs |
    /// | denied | `PARTICIPANT_DENIED` | of client and guardian: theirs |
    /// | of another visit, or of none | `SESSION_NOT_FOUND` | `SESSION_NOT_FOUND` |
    ///
    /// Being sent away takes the visit, to its end and after it, and nothing else: consents, receipts and the export
    /// of the person's record name no session, so they do not come here. Only being let in, invited or named by the
    /// appointment again gives the visit back.
    ///
    /// - Throws: as the table says.
    package func standing(
        of caller: Caller, in matter: SessionMatter = .visit
    ) throws(TelehealthError) -> CallerMembership {
        guard let standing = CallerMembership.of(caller, in: self) else { throw TelehealthError(.sessionNotFound) }
        guard case .participant(let role) = standing, let refusal = place(of: caller)?.refusal else {
            return standing
        }
        switch matter {
        case .visit: throw refusal
        case .ownRecord:
            if !role.rights.isClientParty { throw refusal }
            return standing
        }
    }
}
