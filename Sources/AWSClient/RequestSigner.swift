internal import Crypto
internal import HTTPSClient
internal import TextFormats

/// Signature Version 4 for one service in one region, in header and query form.
///
/// A value without a clock or credentials: the same arguments give the same signature.
/// - Spec: AWS IAM user guide, "Create a signed AWS API request"; Amazon S3 API reference, "Authenticating Requests:
///   Using Query Parameters". Where they are vague, botocore's signer is the reference; tests compare with it.
public struct RequestSigner: Hashable, Sendable {
    /// How path and payload enter the signature.
    public enum Dialect: Hashable, Sendable {
        /// The path as sent, `x-amz-content-sha256` sent and signed, presigned payloads unsigned.
        case s3
        /// Dot segments and repeated slashes removed, then encoded a second time.
        case standard
    }

    /// Maximum validity of a presigned URL in seconds (7 days).
    public static let validitySecondsMax = 604_800
    private static let algorithm = "AWS4-HMAC-SHA256"
    private static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Headers that proxies and HTTP libraries may change or add.
    private static let unsignedHeaders: Set<String> = [
        "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    ]

    public let region: String
    /// The signing name: `chime` for meetings and media pipelines, `s3` for objects.
    public let service: String
    public let dialect: Dialect

    public init(region: String, service: String, dialect: Dialect = .standard) {
        self.region = region
        self.service = service
        self.dialect = dialect
    }

    /// The request with `X-Amz-Date`, `Authorization` and, where they apply, `X-Amz-Security-Token` and
    /// `X-Amz-Content-SHA256`. Signing a signed request replaces them.
    /// - Parameter unixSeconds: AWS refuses a time that differs from its own by more than 5 minutes.
    public func signed(_ request: AWSRequest, with credentials: AWSCredentials, at unixSeconds: Int64)
        -> AWSRequest
    {
        let time = CivilTime(unixSeconds: unixSeconds)
        let payloadHash = Hex.encode(SHA256.hash(data: request.body))
        var request = request
        request.headers.remove(name: "Authorization")
        request.headers.replace(name: "X-Amz-Date", value: time.timestamp)
        request.headers.remove(name: "X-Amz-Security-Token")
        if let token = credentials.sessionToken {
            request.headers.append(name: "X-Amz-Security-Token", value: token)
        }
        if dialect == .s3 { request.headers.replace(name: "X-Amz-Content-SHA256", value: payloadHash) }
        let headers = canonicalHeaders(of: request)
        let signature = signature(
            of: canonicalRequest(request, headers: headers, payloadHash: payloadHash), secret: credentials,
            at: time)
        request.headers.append(
            name: "Authorization",
            value: "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope(at: time)), "
                + "SignedHeaders=\(headers.names), Signature=\(signature)")
        return request
    }

    /// The presigned URL of `request`: a bearer secret for as long as it is valid.
    ///
    /// - Parameter validitySeconds: 1...604,800. The URL also expires with the session token used to sign it.
    public func presignedURL(
        _ request: AWSRequest, with credentials: AWSCredentials, at unixSeconds: Int64, validitySeconds: Int
    ) -> String {
        precondition(
            (1...Self.validitySecondsMax).contains(validitySeconds), "AWS accepts validities of 1 s to 7 days")
        let time = CivilTime(unixSeconds: unixSeconds)
        let headers = canonicalHeaders(of: request)
        var request = request
        request.query += [
            .init("X-Amz-Algorithm", Self.algorithm),
            .init("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(at: time))"),
            .init("X-Amz-Date", time.timestamp),
            .init("X-Amz-Expires", String(validitySeconds)),
            .init("X-Amz-SignedHeaders", headers.names),
        ]
        if let token = credentials.sessionToken { request.query.append(.init("X-Amz-Security-Token", token)) }
        let payloadHash =
            switch dialect {
            case .s3: Self.unsignedPayload
            case .standard: Hex.encode(SHA256.hash(data: request.body))
            }
        let signature = signature(
            of: canonicalRequest(request, headers: headers, payloadHash: payloadHash), secret: credentials,
            at: time)
        return request.urlText + "&X-Amz-Signature=" + signature
    }

    // MARK: The four steps of the specification

    private func canonicalRequest(
        _ request: AWSRequest, headers: (lines: String, names: String), payloadHash: String
    ) -> String {
        [
            request.method.rawValue, canonicalPath(request.path), canonicalQuery(request.query),
            headers.lines,
            headers.names, payloadHash,
        ].joined(separator: "\n")
    }

    private func signature(of canonicalRequest: String, secret: AWSCredentials, at time: CivilTime) -> String
    {
        let toSign = [
            Self.algorithm, time.timestamp, scope(at: time),
            Hex.encode(SHA256.hash(data: Array(canonicalRequest.utf8))),
        ].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(secret.secretAccessKey)".utf8))
        for part in [time.dateStamp, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Hex.encode(HMAC<SHA256>.authenticationCode(for: Array(toSign.utf8), using: key))
    }

    private func scope(at time: CivilTime) -> String {
        "\(time.dateStamp)/\(region)/\(service)/aws4_request"
    }

    private func canonicalPath(_ path: String) -> String {
        let path = path.isEmpty ? "/" : path
        switch dialect {
        case .s3: return path
        case .standard: return PercentEncoding.path(Self.normalized(path))
        }
    }

    /// RFC 3986 section 5.2.4, and repeated slashes become one, as the services do.
    private static func normalized(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        return "/" + segments.joined(separator: "/") + (path.hasSuffix("/") && !segments.isEmpty ? "/" : "")
    }

    /// Sorted by encoded name, then by encoded value, both as bytes.
    private func canonicalQuery(_ query: [AWSRequest.QueryItem]) -> String {
        let encoded = query.map { (PercentEncoding.component($0.name), PercentEncoding.component($0.value)) }
        return encoded.sorted { left, right in
            left.0 == right.0 ? Self.precedes(left.1, right.1) : Self.precedes(left.0, right.0)
        }
        .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// `lines` ends with the empty line that follows the headers in the canonical request.
    private func canonicalHeaders(of request: AWSRequest) -> (lines: String, names: String) {
        var values: [String: [String]] = [:]
        for field in request.headers.fields {
            let name = field.name.lowercased()
            if !Self.unsignedHeaders.contains(name) {
                values[name, default: []].append(Self.trimmed(field.value))
            }
        }
        values["host"] = [request.endpoint.authority]
        let names = values.keys.sorted(by: Self.precedes)
        let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
        return (lines, names.joined(separator: ";"))
    }

    /// Removes blanks at both ends and collapses runs of blanks.
    private static func trimmed(_ value: String) -> String {
        value.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { String(Substring($0)) }.joined(separator: " ")
    }

    /// Byte order. Swift's own `<` orders by Unicode canonical equivalence, which is the same for ASCII; this is
    /// explicit.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
