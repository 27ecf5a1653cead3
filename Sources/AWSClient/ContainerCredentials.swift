internal import HTTPSClient

/// The credentials endpoint of ECS and EKS Pod Identity containers.
/// - Spec: AWS SDKs reference, "Container credential provider".
struct ContainerCredentials: CredentialsSource {
    private static let timeout: Duration = .seconds(2)
    /// ECS's own address for relative URIs.
    private static let relativeBase = "http://169.254.170.2"
    let environment: [String: String]
    let http: HTTPSClient

    func fetch() async throws(CredentialsError) -> AWSCredentials? {
        let setting: String
        let address: String
        if let relative = environment.setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            setting = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            guard relative.hasPrefix("/") else { throw .misconfigured(.container, setting: setting) }
            address = Self.relativeBase + relative
        } else if let full = environment.setting("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            setting = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
            address = full
        } else {
            return nil
        }
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if let token = try authorization() { headers.append(name: "Authorization", value: token) }
        let response = try await http.fetch(
            .container, setting: setting, .get, address, headers: headers, timeout: Self.timeout)
        guard response.status == 200 else { throw .refused(.container, status: response.status) }
        return try CredentialsDocument.credentials(in: response, from: .container)
    }

    /// Read every time: the token file is replaced while the container runs.
    private func authorization() throws(CredentialsError) -> String? {
        if let file = environment.setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            guard let token = TokenFile.text(at: file) else {
                throw .misconfigured(.container, setting: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
            }
            return token
        }
        return environment.setting("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    }
}
