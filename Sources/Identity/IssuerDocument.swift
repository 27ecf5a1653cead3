internal import HTTPSClient
internal import TextFormats

/// What an issuer says about itself, as far as it counts here: where its keys are.
///
/// - Spec: OpenID Connect Discovery 1.0 §3 (`issuer`, `jwks_uri`), §4.3 (the document's issuer is the one it was asked
///   for, or nothing in it may be used).
struct IssuerDocument: Sendable, Hashable {
    let keySet: HTTPSURL
    /// Not on the issuer's own host: its word, and not the operator's, so it must be a public address.
    let isElsewhere: Bool

    /// - Throws: ``DiscoveryFault``; the issuer's, or of whoever answers in its place.
    init(parsing bytes: [UInt8], of address: IssuerAddress) throws(DiscoveryFault) {
        guard let document = try? JSONText(parsing: bytes, fractions: true), case .object = document else {
            throw .malformed
        }
        let issuer = document["issuer"]?.stringValue
        // As bytes: Swift's == takes texts for one that only look alike.
        guard issuer?.utf8.elementsEqual(address.name.utf8) == true else {
            throw .issuerDiffers(said: issuer, expected: address.name)
        }
        guard let text = document["jwks_uri"]?.stringValue else { throw .keySetMissing }
        guard let url = try? HTTPSURL(text) else { throw .keySetUnusable(text) }
        keySet = url
        isElsewhere = url.host != address.document.host
    }
}

/// Why an issuer's document gives no keys; the issuer's matter, in words for the operator.
public enum DiscoveryFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// No JSON object with every member once.
    case malformed
    /// `issuer` is another than the configured one, byte for byte, or is not there (nil).
    case issuerDiffers(said: String?, expected: String)
    /// No `jwks_uri`.
    case keySetMissing
    /// `jwks_uri` is no https URL (http on this machine only).
    case keySetUnusable(String)
    /// `jwks_uri` is on another host than the issuer, and that is at no public address.
    case keySetPrivate(String)

    public var description: String {
        switch self {
        case .malformed: "the issuer's document is no JSON object, or names a member twice"
        case .issuerDiffers(let said, let expected):
            "the document's issuer is \(said.map { "'\(Self.shown($0))'" } ?? "missing"), the setting's '\(expected)':"
                + " they must be the same, byte for byte"
        case .keySetMissing: "the issuer's document has no jwks_uri"
        case .keySetUnusable(let text): "the document's jwks_uri '\(Self.shown(text))' is no https URL"
        case .keySetPrivate(let text):
            "the document's jwks_uri '\(Self.shown(text))' is on another host than the issuer and at no public address;"
                + " if it is meant, name it with --jwks-url"
        }
    }

    /// A line of a log holds no more of somebody else's text.
    private static let shownMax = 200

    static func shown(_ text: String) -> String {
        text.unicodeScalars.count > shownMax ? String(text.unicodeScalars.prefix(shownMax)) + "…" : text
    }
}
