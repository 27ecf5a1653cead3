/// Provides the bearer token for each call.
///
/// Called before every attempt, so it should keep a token until shortly before it expires; ``TokenCache`` does.
public protocol TokenProvider: Sendable {
    /// - Parameter rejected: the token that the service just refused as expired or unknown; `nil` otherwise. A
    ///   provider that keeps tokens must drop this one.
    /// - Throws: the reason why there is no token; the call then fails with UNAUTHENTICATED.
    func token(replacing rejected: String?) async throws -> String
}

/// A token that never changes: for programs that end before it expires.
public struct FixedToken: TokenProvider {
    private let value: String

    public init(_ value: String) { self.value = value }

    public func token(replacing rejected: String?) async throws -> String { value }
}

/// Keeps a token until it is rejected or about to expire, and fetches the next one once for all callers.
public actor TokenCache: TokenProvider {
    private let fetch: @Sendable () async throws -> (token: String, lifetime: Duration)
    private let margin: Duration
    private var current: (token: String, until: ContinuousClock.Instant)?
    private var fetching: Task<String, any Error>?

    /// - Parameters:
    ///   - margin: how long before expiry a token is replaced.
    ///   - fetch: returns a token and its remaining lifetime.
    public init(
        margin: Duration = .seconds(60),
        fetch: @escaping @Sendable () async throws -> (token: String, lifetime: Duration)
    ) {
        self.margin = margin
        self.fetch = fetch
    }

    public func token(replacing rejected: String?) async throws -> String {
        if let current, current.token != rejected, current.until > .now { return current.token }
        if let fetching { return try await fetching.value }
        // Awaited right below by this caller, and by every caller that arrives before it ends.
        let task = Task { try await renew() }
        fetching = task
        return try await task.value
    }

    private func renew() async throws -> String {
        // Here, not where it is awaited: a caller whose token was just refused must not receive it again.
        defer { fetching = nil }
        let (token, lifetime) = try await fetch()
        current = (token, .now + max(lifetime - margin, .zero))
        return token
    }
}
