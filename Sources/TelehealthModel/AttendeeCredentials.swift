public struct AttendeeRequest: Sendable, Hashable {
    /// Our pseudonym, 2 to 64 characters.
    public var externalUserID: String
    public var capabilities: MediaCapabilities

    public init(externalUserID: String, capabilities: MediaCapabilities = .init()) {
        self.externalUserID = externalUserID
        self.capabilities = capabilities
    }
}

/// What a participant's device needs. The token is a bearer secret: never stored, logged or sent in events.
public struct AttendeeCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public var externalUserID: String
    public var attendeeID: String
    public var joinToken: String
    /// As the attendee has them now; nil when Chime did not say.
    public var capabilities: MediaCapabilities?

    public init(
        externalUserID: String, attendeeID: String, joinToken: String,
        capabilities: MediaCapabilities? = nil
    ) {
        self.externalUserID = externalUserID
        self.attendeeID = attendeeID
        self.joinToken = joinToken
        self.capabilities = capabilities
    }

    public var description: String { "AttendeeCredentials(\(attendeeID))" }
    public var customMirror: Mirror { Mirror(self, children: ["attendeeID": attendeeID]) }
}
