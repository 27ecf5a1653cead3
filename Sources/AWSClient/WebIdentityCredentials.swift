internal import HTTPSClient

/// AssumeRoleWithWebIdentity with the token that Kubernetes keeps in a file.
/// - Spec: AWS STS API reference, AssumeRoleWithWebIdentity: unsigned form request, XML response.
struct WebIdentityCredentials: CredentialsSource {
    private static let timeout: Duration = .seconds(2)
    let environment: [String: String]
    let region: String
    let http: HTTPSClient

    func fetch() async throws(CredentialsError) -> AWSCredentials? {
        guard let file = environment.setting("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = environment.setting("AWS_ROLE_ARN") else {
            throw .misconfigured(.webIdentity, setting: "AWS_ROLE_ARN (missing)")
        }
        guard let token = TokenFile.text(at: file) else {
            throw .misconfigured(.webIdentity, setting: "AWS_WEB_IDENTITY_TOKEN_FILE")
        }
        let form = AWSRequest.encoded([
            .init("Action", "AssumeRoleWithWebIdentity"), .init("Version", "2011-06-15"),
            .init("RoleArn", role),
            .init("RoleSessionName", environment.setting("AWS_ROLE_SESSION_NAME") ?? "telehealth-rpc"),
            .init("WebIdentityToken", token),
        ])
        let response = try await http.fetch(
            .webIdentity, setting: "AWS_ENDPOINT_URL_STS", .post,
            environment.setting("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).amazonaws.com/",
            headers: ["Content-Type": "application/x-www-form-urlencoded"], body: Array(form.utf8),
            timeout: Self.timeout)
        guard response.status == 200 else { throw .refused(.webIdentity, status: response.status) }
        return try Self.credentials(inXML: String(decoding: response.body, as: UTF8.self))
    }

    /// The response has one `<Credentials>` element whose members are plain text.
    private static func credentials(inXML text: String) throws(CredentialsError) -> AWSCredentials {
        guard let inner = element("Credentials", in: text), let id = element("AccessKeyId", in: inner),
            let secret = element("SecretAccessKey", in: inner),
            let token = element("SessionToken", in: inner),
            let expiration = element("Expiration", in: inner).flatMap(CivilTime.unixSeconds(ofISO8601:))
        else { throw .malformed(.webIdentity) }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiresAt: expiration)
    }

    private static func element(_ name: String, in text: String) -> String? {
        guard let open = text.firstRange(of: "<\(name)>"),
            let close = text[open.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        return String(text[open.upperBound..<close.lowerBound]).trimmingBlanks
    }
}
