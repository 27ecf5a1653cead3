/// A clinician who is not of a visit looked into it or joined it, because they said there is an emergency.
///
/// The reason comes with the call and counts for that call alone: there is no grant that could outlive the emergency or
/// be forgotten, and every look has its own row.
public struct EmergencyAccess: Sendable, Hashable {
    public let id: String
    public let at: Timestamp
    /// `Caller.subject`.
    public let subject: Subject
    public let role: Role
    public let sessionID: SessionID
    /// The RPC's name.
    public let action: String
    /// What the caller wrote; personal.
    public let reason: String

    public init(
        id: String, at: Timestamp, subject: Subject, role: Role, sessionID: SessionID, action: String,
        reason: String
    ) {
        self.id = id
        self.at = at
        self.subject = subject
        self.role = role
        self.sessionID = sessionID
        self.action = action
        self.reason = reason
    }

    /// Bytes of a reason: below the least nobody has said anything, above the maximum it is not a reason but a record.
    static let reasonByteCounts = 10...500

    /// Whether a text says why, as far as a program can tell: so many bytes, at least one letter or digit among
    /// them, and no control characters. Blanks of every kind, dashes and NULs alone say nothing.
    public static func isReason(_ text: String) -> Bool {
        guard reasonByteCounts.contains(text.utf8.count) else { return false }
        return text.saysSomething && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
    /// The audit action of every such access.
    public static let auditAction = "EmergencyAccess"
}
