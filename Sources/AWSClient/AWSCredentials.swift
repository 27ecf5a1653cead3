/// Credentials for signing requests. Neither description nor mirror shows the secrets.
public struct AWSCredentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    public let accessKeyID: String
    public let secretAccessKey: String
    /// Set for role credentials.
    public let sessionToken: String?
    /// Seconds since 1970; nil for credentials that do not expire.
    public let expiresAt: Int64?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiresAt: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
    }

    public var description: String {
        "AWSCredentials(expires: \(expiresAt.map { CivilTime(unixSeconds: $0).timestamp } ?? "never"))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
