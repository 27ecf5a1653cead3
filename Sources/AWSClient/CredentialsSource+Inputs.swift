// Shared by the credential sources: one request, one setting, one small file.

internal import DurableFile
internal import HTTPSClient

extension HTTPSClient {
    func fetch(
        _ source: CredentialsError.Source, setting: String, _ method: HTTPSRequest.Method, _ address: String,
        headers: HTTPHeaders, body: [UInt8] = [], timeout: Duration
    ) async throws(CredentialsError) -> HTTPSResponse {
        do {
            return try await send(
                HTTPSRequest(
                    method, HTTPSURL(address), headers: headers, body: body, deadline: .now + timeout,
                    responseBytesMax: 64 * 1024, mayReachMetadata: source != .webIdentity))
        } catch {
            switch error.reason {
            case .invalidURL, .plainHTTPRefused, .invalidHeader, .metadataAddressRefused, .privateAddressRefused:
                throw .misconfigured(source, setting: setting)
            case .requestTooLarge, .queueFull, .responseTooLarge, .deadlineExceeded, .cancelled, .shutDown,
                .resourcesExhausted, .transport:
                throw .unreachable(source, error)
            }
        }
    }
}

extension [String: String] {
    /// An empty variable counts as unset.
    func setting(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension String {
    var trimmingBlanks: String {
        let bytes = utf8.drop { $0 <= 0x20 }
        let end = bytes.lastIndex { $0 > 0x20 }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(Substring(bytes[..<end]))
    }
}

/// A token file: a JWT or the like.
enum TokenFile {
    private static let bytesMax = 64 * 1024

    /// - Returns: nil when the file cannot be read, is empty or too long. Blanks at both ends are dropped.
    static func text(at path: String) -> String? {
        guard let bytes = try? SmallFile.read(path, bytesMax: bytesMax, .open) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).trimmingBlanks
        return text.isEmpty ? nil : text
    }
}
