/// Credentials from the process's environment.
struct EnvironmentCredentials: CredentialsSource {
    let environment: [String: String]

    func fetch() async throws(CredentialsError) -> AWSCredentials? {
        guard let id = environment.setting("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = environment.setting("AWS_SECRET_ACCESS_KEY") else {
            throw .misconfigured(.environment, setting: "AWS_SECRET_ACCESS_KEY (missing)")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: environment.setting("AWS_SESSION_TOKEN"))
    }
}
