public import TelehealthModel

/// Keeps a flood of refusals from filling the audit log: within one window, each identity's first few denials
/// are rows of their own, the rest are summed into one row with their count.
///
/// Has no clock: whoever owns it ends the windows, a second each.
public struct DenialLedger: Sendable {
    /// Denials of one identity that get a row each before the rest are summed: enough to see in detail what a
    /// person runs into, few enough that a flood adds little.
    public static let ownRowsMax = 4
    /// Identities counted apart in a window; those that come later share one sum. Tokens limit how many
    /// identities there are, but nothing limits the addresses that calls without one come from.
    public static let identitiesMax = 1_024

    public struct Identity: Sendable, Hashable {
        let subject: Subject
        let role: Role?
        let actor: Subject?
        let source: String?
    }

    public enum Place: Sendable, Hashable {
        /// A row of its own, now.
        case ownRow
        /// Part of the identity's sum, which ``endWindow()`` gives.
        case summed(Identity)
    }

    private struct Account {
        var ownRows = 0
        var sum: AuditEntry?
    }

    private static let others = Identity(subject: Subject(AuditEntry.various), role: nil, actor: nil, source: nil)

    private let ownRows: Int
    private var accounts: [Identity: Account] = [:]

    /// - Parameter ownRows: denials of one identity that get a row each; 0 sums all of them.
    public init(ownRows: Int = ownRowsMax) { self.ownRows = ownRows }

    /// Whether nothing was noted since the last window's end.
    public var isEmpty: Bool { accounts.isEmpty }

    public mutating func note(_ entry: AuditEntry) -> Place {
        var identity = Identity(
            subject: entry.subject, role: entry.role, actor: entry.actor, source: entry.source)
        var account = accounts[identity]
        if account == nil, accounts.count >= Self.identitiesMax {
            identity = Self.others
            account = accounts[identity] ?? Account(ownRows: ownRows)
        }
        var changed = account ?? Account()
        defer { accounts[identity] = changed }
        if changed.ownRows < ownRows {
            changed.ownRows += 1
            return .ownRow
        }
        changed.sum = Self.sum(changed.sum, entry, identity)
        return .summed(identity)
    }

    /// The sums of the window that ends, in the order of their first denials; the next window begins.
    public mutating func endWindow() -> [(identity: Identity, entry: AuditEntry)] {
        defer { accounts.removeAll(keepingCapacity: true) }
        return accounts.compactMap { identity, account in account.sum.map { (identity, $0) } }
            .sorted { ($0.entry.at, $0.entry.subject) < ($1.entry.at, $1.entry.subject) }
    }

    /// What differs within a sum is left out of it.
    private static func sum(_ sum: AuditEntry?, _ entry: AuditEntry, _ identity: Identity) -> AuditEntry {
        guard var sum else {
            return AuditEntry(
                at: entry.at, subject: identity.subject, role: identity.role, actor: identity.actor,
                source: identity.source, action: entry.action, outcome: entry.outcome, person: entry.person,
                sessionID: entry.sessionID, target: entry.target, reason: entry.reason, count: entry.count)
        }
        sum.count += entry.count
        if sum.action != entry.action { sum.action = AuditEntry.various }
        if sum.reason != entry.reason { sum.reason = AuditEntry.various }
        if sum.person != entry.person { sum.person = nil }
        if sum.sessionID != entry.sessionID { sum.sessionID = nil }
        if sum.target != entry.target { sum.target = nil }
        return sum
    }
}
