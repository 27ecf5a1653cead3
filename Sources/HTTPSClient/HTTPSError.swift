/// Why a request has no response.
///
/// A response with an error status is not an error here but an ``HTTPSResponse``. Contains no URL, header or body, so
/// it is safe for logs.
public struct HTTPSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// The URL does not match the grammar of ``HTTPSURL``. The caller's or the configuration's fault.
        case invalidURL
        /// Plain `http` to a host that is neither loopback nor a metadata address. Configuration's fault.
        case plainHTTPRefused
        /// A metadata address without ``HTTPSRequest/mayReachMetadata``: such requests can fetch credentials.
        case metadataAddressRefused
        /// The host has no public address, and ``HTTPSRequest/mayReachPrivate`` is false. The fault of whoever chose
        /// the URL.
        case privateAddressRefused
        /// An invalid header name or value. The caller's fault.
        case invalidHeader
        /// The body is longer than ``HTTPSClient/Configuration/requestBodyBytesMax``. Caller's fault.
        case requestTooLarge(limit: Int)
        /// More requests wait than ``HTTPSClient/Configuration/queuedRequestsMax``: overload.
        case queueFull(limit: Int)
        /// The response is longer than ``HTTPSRequest/responseBytesMax``. The server's fault.
        case responseTooLarge(limit: Int)
        /// The request's deadline passed.
        case deadlineExceeded
        /// The Swift task that sent it was cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
        /// No thread or memory is available.
        case resourcesExhausted
        /// libcurl failed with this `CURLcode` (curl.se/libcurl/c/libcurl-errors.html).
        case transport(curlCode: UInt32)
    }

    /// How far the request had come.
    public enum Phase: String, Hashable, Sendable {
        /// Not started: nothing was sent.
        case waiting
        /// Name look-up, TCP, proxy or TLS handshake: nothing of the request was sent.
        case connecting
        /// Some or all of the request was sent; no byte of a response has arrived.
        case sent
        /// The response had begun.
        case receiving
    }

    public let reason: Reason
    public let phase: Phase

    public init(_ reason: Reason, phase: Phase = .waiting) {
        self.reason = reason
        self.phase = phase
    }

    /// Whether the server may have acted on the request: false only when no byte of it was written.
    public var mayHaveReachedServer: Bool {
        switch phase {
        case .waiting, .connecting: false
        case .sent, .receiving: true
        }
    }

    /// A word without dynamic values, for metrics.
    public var label: String {
        switch reason {
        case .invalidURL: "invalid_url"
        case .plainHTTPRefused: "plain_http_refused"
        case .metadataAddressRefused: "metadata_address_refused"
        case .privateAddressRefused: "private_address_refused"
        case .invalidHeader: "invalid_header"
        case .requestTooLarge: "request_too_large"
        case .queueFull: "queue_full"
        case .responseTooLarge: "response_too_large"
        case .deadlineExceeded: "deadline_exceeded"
        case .cancelled: "cancelled"
        case .shutDown: "shut_down"
        case .resourcesExhausted: "resources_exhausted"
        case .transport: "transport"
        }
    }

    public var description: String {
        switch reason {
        case .transport(let curlCode): "transport failed (curl code \(curlCode), \(phase.rawValue))"
        case .requestTooLarge(let limit), .queueFull(let limit), .responseTooLarge(let limit):
            "\(label) (limit \(limit), \(phase.rawValue))"
        case .invalidURL, .plainHTTPRefused, .metadataAddressRefused, .privateAddressRefused, .invalidHeader,
            .deadlineExceeded, .cancelled, .shutDown, .resourcesExhausted:
            "\(label) (\(phase.rawValue))"
        }
    }
}
