// An HTTPS client over libcurl: one thread drives every transfer, callers suspend.
//
//     caller's task ── submit ──▶ mailbox (Mutex) ──▶ TransferLoop thread ──▶ curl_multi ──▶ sockets
//           ▲                                             │
//           └───────────── continuation resumed ◀─────────┘
//
// It knows HTTP and nothing of AWS. Requests are few and small beside the RPC traffic (a visit makes about
// ten), so one thread and bodies whole in memory are enough; what counts is that no wait is unbounded and
// nobody reaches an address that the request did not name.

/// Sends requests over HTTP/1.1 with TLS 1.2 or newer, verifies certificates, and reuses connections.
///
/// Redirects are never followed. Plain `http` is used for loopback and metadata addresses only (see ``HTTPSURL``).
/// libcurl itself repeats a request once on a new connection when a kept connection was closed before any byte of a
/// response arrived, so a request sent here must be safe to repeat.
/// - Isolation: any; all state is behind the loop's mailbox.
public final class HTTPSClient: Sendable {
    public struct Configuration: Sendable {
        public enum Proxy: Hashable, Sendable {
            /// libcurl's own variables: `https_proxy`, `no_proxy` and so on. Never for loopback or metadata
            /// addresses.
            case fromEnvironment
            case direct
        }

        /// Maximum number of concurrent transfers. Calls are limited to 8 per second per operation and take well
        /// below a second, so this is reached only when a service stalls.
        public var runningRequestsMax = 64
        /// Maximum number of waiting requests; more are refused at once.
        public var queuedRequestsMax = 512
        public let requestBodyBytesMax = 1024 * 1024
        /// Time limit for name look-up, TCP and TLS together. Shorter than a call's deadline, so that a retry can try
        /// another address.
        public let connectTimeout: Duration = .seconds(2)
        /// Maximum number of idle connections kept open.
        public let idleConnectionsMax = 16
        public var proxy: Proxy = .fromEnvironment
        /// PEM file of trusted certificate authorities, instead of the system's.
        public var authoritiesFile: String?
        public var userAgent = "telehealth-rpc"

        public init() {}
    }

    private let loop: TransferLoop

    /// Starts the thread, which ends at ``shutdown()`` or when the client is released.
    /// - Throws: ``HTTPSError`` with `.resourcesExhausted` when no thread or memory is available.
    public init(configuration: Configuration = Configuration()) throws(HTTPSError) {
        loop = try TransferLoop(configuration: configuration)
        try loop.start()
    }

    deinit {
        loop.stop()
    }

    /// Sends one request and waits for the complete response.
    ///
    /// - Throws: ``HTTPSError``; its ``HTTPSError/mayHaveReachedServer`` says whether the request may have taken
    ///   effect. Cancelling the task ends the transfer and throws `.cancelled`.
    public func send(_ request: HTTPSRequest) async throws(HTTPSError) -> HTTPSResponse {
        guard request.headers.isWellFormed else { throw HTTPSError(.invalidHeader) }
        if request.url.hostKind == .instanceMetadata, !request.mayReachMetadata {
            throw HTTPSError(.metadataAddressRefused)
        }
        guard request.body.count <= loop.configuration.requestBodyBytesMax else {
            throw HTTPSError(.requestTooLarge(limit: loop.configuration.requestBodyBytesMax))
        }
        let id = loop.makeID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(TransferLoop.Job(id: id, request: request, continuation: continuation))
                // The handler below may have run before the job was submitted.
                if Task.isCancelled { loop.cancel(id) }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }

    /// Fails pending requests with `.shutDown` and ends the thread. Later requests fail likewise.
    public func shutdown() {
        loop.stop()
    }
}
