internal import HTTPSClient

/// The role of an EC2 instance, with IMDSv2 only: version 1 responds to anyone who can make this process send a GET.
///
/// In a container the token's response needs a hop limit of 2 on the instance; with 1 it is lost and the request
/// times out.
/// - Spec: Amazon EC2 user guide, "Use the Instance Metadata Service".
struct InstanceCredentials: CredentialsSource {
    /// Outside EC2 there is no response; AWS's SDKs wait a second too.
    private static let timeout: Duration = .seconds(1)
    private static let tokenLifeSeconds = 21_600
    let environment: [String: String]
    let http: HTTPSClient

    func fetch() async throws(CredentialsError) -> AWSCredentials? {
        if environment.setting("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        let base = environment.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
        let root = base.hasSuffix("/") ? String(base.dropLast()) : base
        guard let token = try await token(root) else { return nil }
        let rolesPath = "\(root)/latest/meta-data/iam/security-credentials/"
        let roles = try await get(rolesPath, token: token)
        // 404: the instance has no role.
        guard roles.status != 404 else { return nil }
        guard roles.status == 200 else { throw .refused(.instance, status: roles.status) }
        let role = String(decoding: roles.body.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
        guard !role.isEmpty else { return nil }
        let document = try await get(rolesPath + PercentEncoding.component(role), token: token)
        guard document.status == 200 else { throw .refused(.instance, status: document.status) }
        return try CredentialsDocument.credentials(in: document, from: .instance)
    }

    /// - Returns: nil when no metadata service responds: this machine is not an EC2 instance.
    private func token(_ root: String) async throws(CredentialsError) -> String? {
        let response: HTTPSResponse
        do {
            response = try await http.fetch(
                .instance, setting: "AWS_EC2_METADATA_SERVICE_ENDPOINT", .put, root + "/latest/api/token",
                headers: ["X-aws-ec2-metadata-token-ttl-seconds": String(Self.tokenLifeSeconds)],
                timeout: Self.timeout)
        } catch CredentialsError.unreachable {
            return nil
        } catch {
            throw error
        }
        guard response.status == 200 else { throw .refused(.instance, status: response.status) }
        return String(decoding: response.body, as: UTF8.self).trimmingBlanks
    }

    private func get(_ address: String, token: String) async throws(CredentialsError) -> HTTPSResponse {
        try await http.fetch(
            .instance, setting: "AWS_EC2_METADATA_SERVICE_ENDPOINT", .get, address,
            headers: ["X-aws-ec2-metadata-token": token], timeout: Self.timeout)
    }
}
