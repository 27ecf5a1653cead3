internal import DurableFile
internal import FoundationEssentials
internal import Glibc
public import HTTPSClient
public import TelehealthCore

/// Where an issuer publishes its keys.
public enum KeySource: Sendable, Hashable {
    /// A JWK set in a file.
    case file(String)
    /// A JWK set behind an https URL (loopback may be plain).
    case url(String)
}

/// Keeps a verifier's keys current: from the configured issuer's set and, when allowed, the development key.
///
/// Isolation: any. `reload` may run at the same time as itself; the last one to finish wins.
public struct KeyDirectory: Sendable {
    /// A published set of 64 RSA keys has 30 KB.
    private static let setBytesMax = 256 * 1024
    private static let fetchTimeout: Duration = .seconds(10)
    /// How often a sighting of an unknown key may cause a reload: a forged key id must not become a request each.
    private static let sightingInterval: Duration = .seconds(5)

    private let issuer: (name: String, source: KeySource)?
    private let development: DevelopmentIssuer?
    private let verifier: TokenVerifier
    private let client: HTTPSClient?

    /// - Parameters:
    ///   - issuer: the configured issuer's `iss` and key source.
    ///   - development: its key counts as well, on loopback and unix sockets only.
    ///   - client: needed for ``KeySource/url(_:)``.
    public init(
        verifier: TokenVerifier, issuer: (name: String, source: KeySource)?, development: DevelopmentIssuer?,
        client: HTTPSClient? = nil
    ) {
        self.verifier = verifier
        self.issuer = issuer
        self.development = development
        self.client = client
    }

    /// Reads all sources and puts their keys in place of the old ones.
    ///
    /// - Throws: ``KeySetError``; the old keys then stay.
    public func reload() async throws(KeySetError) {
        var keys = VerificationKeys()
        if let issuer {
            keys = try VerificationKeys(
                jwks: await published(at: issuer.source), issuer: issuer.name, isDevelopment: false)
        }
        if let development {
            keys.merge(
                try VerificationKeys(
                    jwks: Array(development.publicKeySet.utf8), issuer: DevelopmentIssuer.name,
                    isDevelopment: true))
        }
        verifier.replaceKeys(keys)
    }

    /// Reloads every `interval`, and within seconds after a token named an unknown key, until the task is cancelled.
    ///
    /// - Parameter onFailure: told of each reload that failed; the old keys stay in use.
    public func keepCurrent(
        every interval: Duration, time: any TimeSource, onFailure: @Sendable (KeySetError) -> Void
    ) async {
        var waited = Duration.zero
        while true {
            do { try await time.sleep(for: Self.sightingInterval) } catch { return }
            waited += Self.sightingInterval
            guard verifier.takeUnknownKeySighting() || waited >= interval else { continue }
            waited = .zero
            do { try await reload() } catch { onFailure(error) }
        }
    }

    private func published(at source: KeySource) async throws(KeySetError) -> [UInt8] {
        switch source {
        case .file(let path):
            return try KeyFile.read(path, bytesMax: Self.setBytesMax, .open)
        case .url(let text):
            guard let client else { throw .unavailable("no_client") }
            let response: HTTPSResponse
            do throws(HTTPSError) {
                let url = try HTTPSURL(text)
                response = try await client.send(
                    HTTPSRequest(
                        .get, url, headers: ["accept": "application/json"],
                        deadline: .now + Self.fetchTimeout,
                        responseBytesMax: Self.setBytesMax))
            } catch {
                throw .unavailable(error.label)
            }
            guard response.status == 200 else { throw .unavailable("status_\(response.status)") }
            return response.body
        }
    }
}
