public import HTTPSClient

/// The AWS credentials of this process: looked up on first need in the order below, kept until shortly before
/// they expire, fetched once however many calls wait.
///
/// 1. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
/// 2. `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN` (`AWS_ROLE_SESSION_NAME`, `AWS_ENDPOINT_URL_STS`)
/// 3. `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI` (`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or
///   `_TOKEN`)
/// 4. IMDSv2, unless `AWS_EC2_METADATA_DISABLED=true` (`AWS_EC2_METADATA_SERVICE_ENDPOINT`)
///
/// A source that is configured and fails ends the search: to go on with other credentials would hide the
/// fault.
/// - Spec: AWS SDKs and tools reference, "Standardized credential providers".
public actor CredentialsChain {
    /// Credentials are replaced this long before they expire: longer than the longest call with its retries, and than
    /// the five minutes by which a signature's time may differ.
    public static let refreshMarginSeconds: Int64 = 300
    /// After a failed or fruitless refresh, credentials that are still valid are used this long before the next
    /// attempt.
    public static let refreshPauseSeconds: Int64 = 30

    private let sources: [any CredentialsSource]
    private let runtime: RuntimeSources
    private var cached: AWSCredentials?
    private var nextRefreshAt: Int64 = .min
    /// One look-up for all waiting callers. Not cancelled with any of them, because the next caller needs the result
    /// too; the sources' own deadlines end it.
    private var lookup: Task<Result<AWSCredentials, CredentialsError>, Never>?

    /// - Parameter environment: the process's environment variables.
    public init(
        environment: [String: String], region: String, http: HTTPSClient, runtime: RuntimeSources = .system
    ) {
        self.init(
            sources: [
                EnvironmentCredentials(environment: environment),
                WebIdentityCredentials(environment: environment, region: region, http: http),
                ContainerCredentials(environment: environment, http: http),
                InstanceCredentials(environment: environment, http: http),
            ], runtime: runtime)
    }

    init(sources: [any CredentialsSource], runtime: RuntimeSources) {
        self.sources = sources
        self.runtime = runtime
    }

    /// Valid credentials.
    /// - Throws: ``CredentialsError``, for the operator to fix.
    public func current() async throws(CredentialsError) -> AWSCredentials {
        if let cached, isFresh(cached) { return cached }
        let result = await refreshed()
        switch result {
        case .success(let credentials):
            return credentials
        case .failure(let error):
            // The old ones are used until they expire: a source may be down for as long as the margin.
            if let cached, !isExpired(cached) { return cached }
            throw error
        }
    }

    /// Drops credentials that a service refused, so that the next call looks them up again. Any others are kept: they
    /// may have been replaced in the meantime.
    public func forget(_ refused: AWSCredentials) {
        if cached == refused, runtime.wallClock() >= nextRefreshAt {
            cached = nil
            nextRefreshAt = runtime.wallClock() + Self.refreshPauseSeconds
        }
    }

    private func refreshed() async -> Result<AWSCredentials, CredentialsError> {
        if let lookup { return await lookup.value }
        // Awaited right below, and by callers that arrive in the meantime.
        let task = Task { [sources] in await Self.lookUp(sources) }
        lookup = task
        let result = await task.value
        lookup = nil
        nextRefreshAt = runtime.wallClock() + Self.refreshPauseSeconds
        if case .success(let credentials) = result { cached = credentials }
        return result
    }

    private static func lookUp(_ sources: [any CredentialsSource]) async -> Result<
        AWSCredentials, CredentialsError
    > {
        for source in sources {
            do {
                if let credentials = try await source.fetch() { return .success(credentials) }
            } catch {
                return .failure(error)
            }
        }
        return .failure(.notFound)
    }

    private func isFresh(_ credentials: AWSCredentials) -> Bool {
        guard let expiresAt = credentials.expiresAt else { return true }
        let now = runtime.wallClock()
        return now < expiresAt - Self.refreshMarginSeconds || now < expiresAt && now < nextRefreshAt
    }

    private func isExpired(_ credentials: AWSCredentials) -> Bool {
        credentials.expiresAt.map { runtime.wallClock() >= $0 } ?? false
    }
}
