public import DevelopmentIdentity
public import HTTPSClient
internal import Synchronization
public import TelehealthModel

/// A problem with reading keys, for the operator.
public enum KeyNotice: Sendable, Hashable {
    /// The previous keys stay in use.
    case keysKept(KeySetError)
    /// The keys were read from the place in the last valid document of their issuer, because the current one cannot
    /// be used.
    case documentKept(KeySetError)

    /// For metrics: what was kept.
    public var label: String {
        switch self {
        case .keysKept: "keys"
        case .documentKept: "document"
        }
    }

    public static let labels = ["keys", "document"]
}

/// Keeps a verifier's keys current: those of the configured issuer and, if allowed, the development key.
///
/// Isolation: any. Concurrent calls of `reload` are allowed; the last one to finish wins.
public final class KeyDirectory: Sendable {
    private struct State {
        var document: KnownDocument?
        /// The key set in use, as published.
        var published: [UInt8]?
        var freshFor: Duration?
    }

    private let issuer: (name: String, source: KeySource)?
    private let development: DevelopmentIssuer?
    private let verifier: TokenVerifier
    private let reader: KeySetReader
    private let state = Mutex(State())

    /// - Parameters:
    ///   - issuer: the configured issuer's `iss` and key source.
    ///   - development: its key is also accepted, on loopback and Unix sockets only.
    ///   - client: required for ``KeySource/url(_:)`` and ``KeySource/discovery(_:)``.
    public init(
        verifier: TokenVerifier, issuer: (name: String, source: KeySource)?, development: DevelopmentIssuer?,
        client: HTTPSClient? = nil
    ) {
        self.verifier = verifier
        self.issuer = issuer
        self.development = development
        reader = KeySetReader(client: client)
    }

    /// Reads all sources and replaces the keys.
    ///
    /// - Parameter anew: also requests the issuer's document when the last one is still fresh.
    /// - Returns: why the issuer's document cannot be used, if the last valid one was used instead; otherwise nil.
    /// - Throws: ``KeySetError``; the old keys then stay in use.
    @discardableResult
    public func reload(anew: Bool = true) async throws(KeySetError) -> KeySetError? {
        var keys = VerificationKeys()
        var found = PublishedKeySet(bytes: [])
        if let issuer {
            let known = state.withLock { $0.document }
            found = try await reader.read(issuer.source, known: known, anew: anew)
            keys = try VerificationKeys(jwks: found.bytes, issuer: issuer.name, isDevelopment: false)
        }
        if let development {
            keys.merge(
                try VerificationKeys(
                    jwks: Array(development.publicKeySet.utf8), issuer: DevelopmentIssuer.name,
                    isDevelopment: true))
        }
        let (published, current) = (found, keys)
        state.withLock { state in
            // If the keys are unchanged, tokens verified with them stay verified. Under the lock, so that the
            // recorded set is the one in use.
            if state.published != published.bytes { verifier.replaceKeys(current) }
            state = State(document: published.document, published: published.bytes, freshFor: published.freshFor)
        }
        return published.doubt
    }

    /// Reloads at least every `interval`, and within seconds after a token named an unknown key, until the task is
    /// cancelled: see ``KeySchedule``.
    ///
    /// - Parameter notice: called for each reload that failed in whole or in part.
    public func keepCurrent(
        every interval: Duration, time: any TimeSource, notice: @Sendable (KeyNotice) -> Void
    ) async {
        var schedule = KeySchedule(interval: interval, freshFor: freshFor)
        while true {
            do { try await time.sleep(for: KeySchedule.look) } catch { return }
            let sawUnknownKey = verifier.takeUnknownKeySighting()
            guard schedule.isDue(sawUnknownKey: sawUnknownKey) else { continue }
            do throws(KeySetError) {
                if let doubt = try await reload(anew: sawUnknownKey) { notice(.documentKept(doubt)) }
                schedule.didRead(freshFor: freshFor)
            } catch {
                notice(.keysKept(error))
                schedule.didFail()
            }
        }
    }

    private var freshFor: Duration? { state.withLock { $0.freshFor } }
}
