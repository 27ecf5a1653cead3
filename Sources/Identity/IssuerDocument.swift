internal import HTTPSClient
internal import TextFormats

/// The part of an issuer's configuration document that is used: where its keys are.
///
/// - Spec: OpenID Connect Discovery 1.0 §3 (`issuer`, `jwks_uri`), §4.3 (the document's issuer must be the requested
///   one, or nothing in it may be used).
struct IssuerDocument: Sendable, Hashable {
    let keySet: HTTPSURL
    /// Not on the issuer's own host: the document chose it, not the operator, so it must be a public address.
    let isElsewhere: Bool

    /// - Throws: ``DiscoveryFault``, the fault of the issuer or of whoever answers in its place.
    init(parsing bytes: [UInt8], of address: IssuerAddress) throws(DiscoveryFault) {
        guard let document = try? JSONText(parsing: bytes, fractions: true), case .object = document else {
            throw .malformed
        }
        let issuer = document["issuer"]?.stringValue
        // As bytes: Swift's == accepts canonically equivalent texts.
        guard issuer?.utf8.elementsEqual(address.name.utf8) == true else {
            throw .issuerDiffers(said: issuer, expected: address.name)
        }
        guard let text = document["jwks_uri"]?.stringValue else { throw .keySetMissing }
        guard let url = try? HTTPSURL(text) else { throw .keySetUnusable(text) }
        keySet = url
        isElsewhere = url.host != address.document.host
    }
}

/// Why an issuer's document gives no keys; for the issuer to fix, in words for the operator.
public enum DiscoveryFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a JSON object in which every member appears once.
    case malformed
    /// `issuer` differs from the configured one, byte for byte, or is missing (nil).
    case issuerDiffers(said: String?, expected: String)
    /// No `jwks_uri`.
    case keySetMissing
    /// `jwks_uri` is not an https URL (http on this machine only).
    case keySetUnusable(String)
    /// `jwks_uri` is on another host than the issuer, and not at a public address.
    case keySetPrivate(String)

    public var description: String {
        switch self {
        case .malformed: "the issuer's document must be a JSON object without repeated members"
        case .issuerDiffers(let said, let expected):
            "the document's issuer is \(said.map { "'\(Self.shown($0))'" } ?? "missing"), the setting's '\(expected)':"
                + " they must be the same, byte for byte"
        case .keySetMissing: "the issuer's document lacks a jwks_uri"
        case .keySetUnusable(let text): "the document's jwks_uri '\(Self.shown(text))' must be an https URL"
        case .keySetPrivate(let text):
            "the document's jwks_uri '\(Self.shown(text))' is on another host than the issuer and not at a public address;"
                + " if that is intended, set it with --jwks-url"
        }
    }

    /// Limits how much foreign text a log line contains.
    private static let shownMax = 200

    static func shown(_ text: String) -> String {
        text.unicodeScalars.count > shownMax ? String(text.unicodeScalars.prefix(shownMax)) + "…" : text
    }
}
