/// Where an issuer publishes its keys.
public enum KeySource: Sendable, Hashable {
    /// A JWK set in a file.
    case file(String)
    /// A JWK set at an https URL (plain http on loopback only).
    case url(String)
    /// As the issuer's configuration document says.
    case discovery(IssuerAddress)
}
