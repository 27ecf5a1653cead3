public import HTTPSClient
internal import Synchronization
public import TelehealthModel

/// What an operator should hear of a reading of keys that did not go as it should.
public enum KeyNotice: Sendable, Hashable {
    /// The keys of before stay in use.
    case keysKept(KeySetError)
    /// The keys were read, but where the last good document of their issuer says: the present one cannot be used.
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

/// Keeps a verifier's keys current: from the configured issuer's set and, when allowed, the development key.
///
/// Isolation: any. `reload` may run at the same time as itself; the last one to finish wins.
public final class KeyDirectory: Sendable {
    private struct State {
        var document: KnownDocument?
        /// The set in use, as it was published.
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
    ///   - development: its key counts as well, on loopback and unix sockets only.
    ///   - client: needed for ``KeySource/url(_:)`` and ``KeySource/discovery(_:)``.
    public init(
        verifier: TokenVerifier, issuer: (name: String, source: KeySource)?, development: DevelopmentIssuer?,
        client: HTTPSClient? = nil
    ) {
        self.verifier = verifier
        self.issuer = issuer
        self.development = development
        reader = KeySetReader(client: client)
    }

    /// Reads all sources and puts their keys in place of the old ones.
    ///
    /// - Parameter anew: also asks for the issuer's document when the last one still holds by its own word.
    /// - Returns: why the issuer's document cannot be used, when the last good one stood in for it; else nil.
    /// - Throws: ``KeySetError``; the old keys then stay.
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
            // The same keys again: what was verified with them stays verified. Under the lock, so that what is noted as
            // in use is in use.
            if state.published != published.bytes { verifier.replaceKeys(current) }
            state = State(document: published.document, published: published.bytes, freshFor: published.freshFor)
        }
        return published.doubt
    }

    /// Reloads every `interval` at the latest, and within seconds after a token named an unknown key, until the task is
    /// cancelled: see ``KeySchedule``.
    ///
    /// - Parameter notice: told of each reload that failed in whole or in part.
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
