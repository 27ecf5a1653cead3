internal import HTTPSClient

/// The URL of an issuer's configuration document: the issuer's name, itself a URL, followed by the well-known path.
///
/// - Spec: OpenID Connect Discovery 1.0 §3 (an issuer is an https URL without query and fragment), §4 (a `/` at the
///   end of its path is removed before `/.well-known/openid-configuration` is appended).
public struct IssuerAddress: Sendable, Hashable {
    /// Why a name is invalid; a sentence that continues after the name.
    public enum Fault: Error, Sendable, Hashable, CustomStringConvertible {
        case noURL
        case plainHTTP
        case hasQuery
        case metadataAddress

        public var description: String {
            switch self {
            case .noURL: "must be an https URL, or the key set must be named (--jwks-file or --jwks-url)"
            case .plainHTTP: "must be https: plain http is allowed for this machine only"
            case .hasQuery: "must not have a query (OpenID Connect Discovery 1.0, section 3)"
            case .metadataAddress: "must not be the address of a cloud metadata service"
            }
        }
    }

    /// The tokens' `iss`, as the operator configured it.
    public let name: String
    /// The URL of the document.
    let document: HTTPSURL

    /// - Throws: ``Fault``, for the operator to fix.
    public init(_ name: String) throws(Fault) {
        let url: HTTPSURL
        do throws(HTTPSError) { url = try HTTPSURL(name) } catch {
            throw error.reason == .plainHTTPRefused ? Fault.plainHTTP : Fault.noURL
        }
        // http to such an address is allowed by ``HTTPSURL``, but only for the machine's credentials.
        guard url.hostKind != .instanceMetadata else { throw .metadataAddress }
        guard !name.utf8.contains(UInt8(ascii: "?")) else { throw .hasQuery }
        let base = name.hasSuffix("/") ? String(name.dropLast()) : name
        guard let document = try? HTTPSURL(base + "/.well-known/openid-configuration") else { throw .noURL }
        self.name = name
        self.document = document
    }
}
