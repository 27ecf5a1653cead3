/// Where an issuer publishes its keys.
public enum KeySource: Sendable, Hashable {
    /// A JWK set in a file.
    case file(String)
    /// A JWK set behind an https URL (loopback may be plain).
    case url(String)
    /// Where the issuer's own document says.
    case discovery(IssuerAddress)
}
