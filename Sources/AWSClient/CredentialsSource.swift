/// A source of credentials.
protocol CredentialsSource: Sendable {
    /// - Returns: nil when the source is not configured, or does not exist, on this machine.
    func fetch() async throws(CredentialsError) -> AWSCredentials?
}
