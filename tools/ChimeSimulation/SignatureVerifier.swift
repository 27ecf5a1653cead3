internal import Crypto

/// Checks Signature Version 4 as AWS does: key, scope, age, then the signature itself. Independent of the product's
/// signer on purpose.
///
/// Spec: AWS "Create a signed AWS API request" and "Authenticating Requests: Using Query Parameters".
struct SignatureVerifier: Sendable {
    /// AWS refuses header signatures that are further from its clock.
    static let skewMax: Duration = .seconds(15 * 60)
    /// One key per day, region and service: more than this means that somebody invents regions.
    private static let signingKeysMax = 64
    /// Regions in which the Chime SDK has a control endpoint.
    static let controlRegions: Set<String> = [
        "af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "ca-central-1", "eu-central-1", "eu-west-2", "il-central-1", "us-east-1", "us-west-2",
        "us-gov-east-1",
        "us-gov-west-1",
    ]

    private let credentials: Credentials
    private var signingKeys: [String: SymmetricKey] = [:]

    init(credentials: Credentials) { self.credentials = credentials }

    /// - Parameter service: the signing name, `chime` or `s3`.
    /// - Returns: the region of the signature, which is the control region of the call.
    mutating func verify(
        _ request: SimulatedRequest, service: String, wallClock: Timestamp
    ) throws(ServiceError) -> String {
        let isS3 = service == "s3"
        guard let signature = try RequestSignature.read(from: request) else {
            throw isS3
                ? ServiceError(403, "AccessDenied", "Access Denied")
                : ServiceError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        try checkIdentity(signature, isS3: isS3)
        try checkScope(signature.scope, service: service, isS3: isS3)
        try checkAge(signature, wallClock: wallClock, isS3: isS3)
        let hash = try payloadHash(request, signature, isS3: isS3)
        let key = signingKey(for: signature.scope)
        let canonical = signature.canonicalRequest(request, payloadHash: hash)
        let text = [
            RequestSignature.algorithm, signature.date, signature.scope.withoutKey,
            hex(SHA256.hash(data: Array(canonical.utf8))),
        ].joined(separator: "\n")
        let expected = hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        guard expected == signature.signature, signature.signedHeaders.contains("host") else {
            throw mismatch(isS3: isS3)
        }
        return signature.scope.region
    }

    private func checkIdentity(_ signature: RequestSignature, isS3: Bool) throws(ServiceError) {
        let keyMatches = signature.scope.accessKeyID == credentials.accessKeyID
        let tokenMatches =
            credentials.sessionToken == nil || credentials.sessionToken == signature.sessionToken
        guard !keyMatches || !tokenMatches else { return }
        if !isS3 {
            throw ServiceError(
                403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        }
        throw keyMatches
            ? ServiceError(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")
            : ServiceError(
                403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
            )
    }

    private func checkScope(_ scope: CredentialScope, service: String, isS3: Bool) throws(ServiceError) {
        if scope.service != service {
            throw refusal("Credential should be scoped to correct service: '\(service)'.", isS3: isS3)
        }
        if !isS3, !Self.controlRegions.contains(scope.region) {
            throw refusal("Credential should be scoped to a valid region.", isS3: isS3)
        }
    }

    private func checkAge(
        _ signature: RequestSignature, wallClock: Timestamp, isS3: Bool
    ) throws(ServiceError) {
        guard let date = Timestamp(basic: signature.date), signature.date.hasPrefix(signature.scope.day)
        else {
            throw refusal("Date in Credential scope does not match the date of the request.", isS3: isS3)
        }
        if let seconds = signature.expiresSeconds {
            guard wallClock <= date + .seconds(seconds) else {
                throw ServiceError(403, "AccessDenied", "Request has expired")
            }
            guard date <= wallClock + Self.skewMax else {
                throw ServiceError(403, "AccessDenied", "Request is not yet valid")
            }
        } else if wallClock > date + Self.skewMax || date > wallClock + Self.skewMax {
            throw isS3
                ? ServiceError(
                    403, "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.")
                : ServiceError(
                    403, "InvalidSignatureException",
                    "Signature expired: \(signature.date) is too far from \(wallClock.basic).")
        }
    }

    /// The payload hash that takes part in the signature; where the body must match it, it does.
    private func payloadHash(
        _ request: SimulatedRequest, _ signature: RequestSignature, isS3: Bool
    ) throws(ServiceError) -> String {
        let announced = request.headers["x-amz-content-sha256"]
        if isS3, signature.expiresSeconds != nil { return announced ?? "UNSIGNED-PAYLOAD" }
        if isS3, announced == "UNSIGNED-PAYLOAD" { return "UNSIGNED-PAYLOAD" }
        let actual = hex(SHA256.hash(data: request.body ?? []))
        if let announced, announced != actual {
            throw isS3
                ? ServiceError(
                    400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.")
                : mismatch(isS3: isS3)
        }
        return actual
    }

    private func mismatch(isS3: Bool) -> ServiceError {
        ServiceError(
            403, isS3 ? "SignatureDoesNotMatch" : "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method.")
    }

    private func refusal(_ message: String, isS3: Bool) -> ServiceError {
        ServiceError(403, isS3 ? "SignatureDoesNotMatch" : "InvalidSignatureException", message)
    }

    private mutating func signingKey(for scope: CredentialScope) -> SymmetricKey {
        if let key = signingKeys[scope.withoutKey] { return key }
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        if signingKeys.count >= Self.signingKeysMax { signingKeys.removeAll() }
        signingKeys[scope.withoutKey] = key
        return key
    }
}
