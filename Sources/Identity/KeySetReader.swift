internal import DurableFile
internal import HTTPSClient

/// An issuer's document that led to keys.
struct KnownDocument: Sendable {
    let document: IssuerDocument
    let freshUntil: ContinuousClock.Instant
}

/// A key set as published.
struct PublishedKeySet: Sendable {
    let bytes: [UInt8]
    /// See `HTTPSResponse.freshFor`; nil for a file.
    var freshFor: Duration?
    /// The document by which it was found.
    var document: KnownDocument?
    /// Why an earlier document had to be used.
    var doubt: KeySetError?
}

/// Fetches key sets from where they are published.
struct KeySetReader: Sendable {
    /// A published set of 64 RSA keys has 30 KB.
    private static let setBytesMax = 256 * 1024
    /// Large providers' documents have 10 KB.
    private static let documentBytesMax = 64 * 1024
    /// For each of document and key set, from the first byte sent to the last received.
    private static let timeout: Duration = .seconds(10)
    /// A document without freshness information is read with every key set. Otherwise it is reused for at most the
    /// lifetime of a token, so that keys moved because of a theft are not read from the old place all day.
    private static let documentFreshMax: Duration = .seconds(3600)

    let client: HTTPSClient?

    /// - Parameters:
    ///   - known: the last document that led to keys; used when the current one cannot be read.
    ///   - anew: also requests a document that is still fresh.
    func read(_ source: KeySource, known: KnownDocument?, anew: Bool) async throws(KeySetError) -> PublishedKeySet {
        switch source {
        case .file(let path):
            return PublishedKeySet(bytes: try KeyFile.read(path, bytesMax: Self.setBytesMax, .open))
        case .url(let text):
            let url: HTTPSURL
            do throws(HTTPSError) { url = try HTTPSURL(text) } catch { throw .unavailable(text, "\(error)") }
            let answer = try await answer(of: url, bytesMax: Self.setBytesMax)
            return PublishedKeySet(bytes: answer.body, freshFor: answer.freshFor)
        case .discovery(let address):
            return try await discovered(address, known, anew: anew)
        }
    }

    private func discovered(
        _ address: IssuerAddress, _ known: KnownDocument?, anew: Bool
    ) async throws(KeySetError) -> PublishedKeySet {
        if !anew, let known, ContinuousClock.now < known.freshUntil {
            // If this fails, the keys may have moved: the document says where.
            do throws(KeySetError) { return try await keySet(by: known) } catch {}
        }
        let document: KnownDocument
        do throws(KeySetError) {
            document = try await self.document(of: address)
        } catch {
            guard let known else { throw error }
            do throws(KeySetError) {
                var published = try await keySet(by: known)
                published.doubt = error
                return published
            } catch _ {
                // A fault of the document takes precedence.
                throw error
            }
        }
        return try await keySet(by: document)
    }

    private func document(of address: IssuerAddress) async throws(KeySetError) -> KnownDocument {
        let answer = try await answer(of: address.document, bytesMax: Self.documentBytesMax)
        do throws(DiscoveryFault) {
            return KnownDocument(
                document: try IssuerDocument(parsing: answer.body, of: address),
                freshUntil: .now + min(answer.freshFor ?? .zero, Self.documentFreshMax))
        } catch {
            throw .discovery(error)
        }
    }

    private func keySet(by known: KnownDocument) async throws(KeySetError) -> PublishedKeySet {
        let answer = try await answer(
            of: known.document.keySet, bytesMax: Self.setBytesMax, mustBePublic: known.document.isElsewhere)
        return PublishedKeySet(bytes: answer.body, freshFor: answer.freshFor, document: known)
    }

    /// A response with status 200; redirects are not followed.
    private func answer(
        of url: HTTPSURL, bytesMax: Int, mustBePublic: Bool = false
    ) async throws(KeySetError) -> HTTPSResponse {
        guard let client else { throw .unavailable(url.text, "no_client") }
        var request = HTTPSRequest(
            .get, url, headers: ["accept": "application/json"], deadline: .now + Self.timeout, responseBytesMax: bytesMax)
        request.mayReachPrivate = !mustBePublic
        let response: HTTPSResponse
        do throws(HTTPSError) {
            response = try await client.send(request)
        } catch {
            switch error.reason {
            case .privateAddressRefused, .metadataAddressRefused: throw .discovery(.keySetPrivate(url.text))
            default: throw .unavailable(url.text, "\(error)")
            }
        }
        switch response.status {
        case 200: return response
        case 300..<400: throw .unavailable(url.text, "status_\(response.status), and redirects are not followed")
        default: throw .unavailable(url.text, "status_\(response.status)")
        }
    }
}
