internal import Crypto
internal import FoundationEssentials
internal import Synchronization
public import TelehealthModel
internal import TextFormats

/// Turns bearer tokens into callers: verifies signature, issuer, audience, times and claims, and caches the result.
///
/// Isolation: any; calls do not suspend. The first check of a token costs one signature verification on the caller's
/// thread, later ones a SHA-256 and a table look-up.
public final class TokenVerifier: Sendable {
    private struct State {
        var keys = VerificationKeys()
        var cache: VerifiedTokenCache
        /// Increases with each change of keys: a check that began before a change is not cached after it.
        var generation = 0
        var sawUnknownKey = false
    }

    private let policy: TokenPolicy
    private let state: Mutex<State>

    public init(policy: TokenPolicy) {
        self.policy = policy
        state = Mutex(State(cache: VerifiedTokenCache()))
    }

    /// The bearer of a token that was verified before, if it is still valid here and now; costs a hash and a look-up.
    ///
    /// - Returns: nil for any other token: use ``verify(_:isLocal:now:)``.
    public func known(_ token: String, isLocal: Bool, now: Timestamp) -> Caller? {
        guard token.utf8.count <= TokenPolicy.tokenBytesMax else { return nil }
        let digest = Self.digest(of: token)
        guard let known = state.withLock({ $0.cache.entry(for: digest, now: now) }), now < known.caller.expiresAt,
            isLocal || !known.isDevelopment
        else { return nil }
        return known.caller
    }

    /// - Parameter isLocal: the call came over loopback or a Unix socket; the development key is accepted only there.
    /// - Returns: the bearer, valid until `Caller.expiresAt`.
    /// - Throws: ``TokenError``, always the peer's fault.
    public func verify(_ token: String, isLocal: Bool, now: Timestamp) throws(TokenError) -> Caller {
        guard !token.isEmpty else { throw .missing }
        guard token.utf8.count <= TokenPolicy.tokenBytesMax else { throw .malformed }
        let digest = Self.digest(of: token)
        if let known = state.withLock({ $0.cache.entry(for: digest, now: now) }) {
            guard now < known.caller.expiresAt else { throw .expired }
            guard isLocal || !known.isDevelopment else { throw .developmentOnly }
            return known.caller
        }
        return try check(token, digest: digest, isLocal: isLocal, now: now)
    }

    /// Whether only a signature check can show that a token is invalid: it has the form of a token and names one of
    /// our keys.
    public func deservesCheck(_ token: String) -> Bool {
        guard token.utf8.count <= TokenPolicy.tokenBytesMax else { return false }
        let parts = token.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.url.decodeCanonical(parts[0]),
            let header = try? TokenHeader(parsing: bytes), let id = header.keyID
        else { return false }
        return state.withLock { $0.keys.keys[id]?.key.algorithm.rawValue } == header.algorithm
    }

    /// Whether a token has named an unknown key since the last call of this function: the published set may have
    /// changed.
    func takeUnknownKeySighting() -> Bool {
        state.withLock { state in
            defer { state.sawUnknownKey = false }
            return state.sawUnknownKey
        }
    }

    /// Replaces every key and drops cached results of the old ones.
    func replaceKeys(_ keys: VerificationKeys) {
        state.withLock { state in
            state.keys = keys
            state.generation += 1
            state.cache.removeAll()
        }
    }

    private func check(_ token: String, digest: VerifiedTokenCache.Digest, isLocal: Bool, now: Timestamp)
        throws(TokenError) -> Caller
    {
        let parts = token.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64.url.decodeCanonical(parts[0]),
            let signature = Base64.url.decodeCanonical(parts[2])
        else { throw .malformed }
        let header = try TokenHeader(parsing: headerBytes)
        guard let algorithm = SignatureAlgorithm(rawValue: header.algorithm) else { throw .algorithmNotAllowed }
        let (found, generation) = state.withLock { state in
            let key = header.keyID.flatMap { state.keys.keys[$0] }
            if key == nil { state.sawUnknownKey = true }
            return (key, state.generation)
        }
        guard let key = found else { throw .keyUnknown }
        guard key.key.algorithm == algorithm else { throw .algorithmNotAllowed }
        guard isLocal || !key.isDevelopment else { throw .developmentOnly }
        let signed = Data(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard key.key.accepts(Data(signature), of: signed) else { throw .signatureInvalid }
        // Only now is anything that the token says about its bearer read.
        guard let payload = Base64.url.decodeCanonical(parts[1]) else { throw .malformed }
        let names = key.isDevelopment ? ClaimNames.standard : policy.claims
        let caller = try TokenClaims(parsing: payload, names: names)
            .caller(policy: policy, issuer: key.issuer, now: now)
        state.withLock { state in
            guard state.generation == generation else { return }
            state.cache.insert(.init(caller: caller, isDevelopment: key.isDevelopment), for: digest)
        }
        return caller
    }

    private static func digest(of token: String) -> VerifiedTokenCache.Digest {
        var hash = SHA256()
        var token = token
        token.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize().withUnsafeBytes { bytes in
            .init(
                words: (
                    bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
                ))
        }
    }
}
