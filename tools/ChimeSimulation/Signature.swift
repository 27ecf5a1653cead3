/// The throw-away key pair that clients of the simulator sign with.
public struct Credentials: Sendable {
    public var accessKeyID: String
    public var secretAccessKey: String
    /// Given one, requests must carry it; without one, any session token is accepted, and none too.
    public var sessionToken: String?

    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// Where a signature says that it is valid: `<key>/<day>/<region>/<service>/aws4_request`.
struct CredentialScope: Hashable, Sendable {
    let accessKeyID: String
    let day: String
    let region: String
    let service: String

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard parts.count == 5, parts[4] == "aws4_request" else { return nil }
        (accessKeyID, day, region, service) = (parts[0], parts[1], parts[2], parts[3])
    }

    var withoutKey: String { "\(day)/\(region)/\(service)/aws4_request" }
}

/// The parts of a Signature Version 4, from the `Authorization` header or from a presigned query.
struct RequestSignature: Sendable {
    var scope: CredentialScope
    var signedHeaders: [String]
    var signature: String
    var date: String
    var sessionToken: String?
    /// Seconds from `date` on; `nil` in the header form.
    var expiresSeconds: Int?

    static let algorithm = "AWS4-HMAC-SHA256"

    /// - Returns: `nil` when the request carries no signature at all.
    /// - Throws: the answer to a signature whose parts are missing or broken.
    static func read(from request: SimulatedRequest) throws(ServiceError) -> RequestSignature? {
        if let header = request.headers["authorization"] {
            return try fromHeader(header, request)
        }
        guard request.queryValue("X-Amz-Algorithm") != nil || request.queryValue("X-Amz-Signature") != nil
        else {
            return nil
        }
        return try fromQuery(request)
    }

    private static func fromHeader(
        _ header: String, _ request: SimulatedRequest
    ) throws(ServiceError) -> RequestSignature {
        guard header.hasPrefix(algorithm + " ") else {
            throw incomplete("the Authorization header must begin with \(algorithm)")
        }
        var fields: [Substring: Substring] = [:]
        for field in header.dropFirst(algorithm.count + 1).split(separator: ",") {
            let pair = field.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { fields[pair[0]] = pair[1] }
        }
        guard let scope = fields["Credential"].flatMap({ CredentialScope(String($0)) }),
            let names = fields["SignedHeaders"], let signature = fields["Signature"],
            let date = request.headers["x-amz-date"]
        else { throw incomplete("Credential, SignedHeaders, Signature and X-Amz-Date are required") }
        return RequestSignature(
            scope: scope, signedHeaders: names.split(separator: ";").map(String.init),
            signature: String(signature),
            date: date, sessionToken: request.headers["x-amz-security-token"])
    }

    private static func fromQuery(_ request: SimulatedRequest) throws(ServiceError) -> RequestSignature {
        let items = Dictionary(
            request.queryItems.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        guard items["X-Amz-Algorithm"] == algorithm,
            let scope = items["X-Amz-Credential"].flatMap({ CredentialScope($0) }),
            let names = items["X-Amz-SignedHeaders"], let signature = items["X-Amz-Signature"],
            let date = items["X-Amz-Date"], let seconds = items["X-Amz-Expires"].flatMap({ Int($0) }),
            (1...604_800).contains(seconds)
        else {
            throw ServiceError(
                400, "AuthorizationQueryParametersError",
                "a query parameter of the signature is missing or out of range")
        }
        return RequestSignature(
            scope: scope, signedHeaders: names.split(separator: ";").map(String.init), signature: signature,
            date: date, sessionToken: items["X-Amz-Security-Token"], expiresSeconds: seconds)
    }

    private static func incomplete(_ what: String) -> ServiceError {
        ServiceError(403, "IncompleteSignatureException", "the signature is not complete: \(what)")
    }

    /// The hash over what was signed: method, path, query, signed headers and payload.
    func canonicalRequest(_ request: SimulatedRequest, payloadHash: String) -> String {
        // S3 signs the path as it is sent; every other service encodes the encoded path once more.
        let path =
            scope.service == "s3"
            ? PercentCoding.encoded(PercentCoding.decoded(request.path).utf8, keepingSlashes: true)
            : PercentCoding.encoded(request.path.utf8, keepingSlashes: true)
        let query = request.queryItems
            .filter { expiresSeconds == nil || $0.name != "X-Amz-Signature" }
            .map { (PercentCoding.encoded($0.name.utf8), PercentCoding.encoded($0.value.utf8)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }.joined(separator: "&")
        let headers = signedHeaders.map { name in
            let words = (request.headers[name] ?? "").split(separator: " ", omittingEmptySubsequences: true)
            return "\(name):\(words.joined(separator: " "))\n"
        }
        return [
            request.method, path, query, headers.joined(), signedHeaders.joined(separator: ";"), payloadHash,
        ].joined(separator: "\n")
    }
}
