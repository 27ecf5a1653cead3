// An HTTPS client over libcurl: one thread drives every transfer, callers suspend.
//
//     caller's task ── submit ──▶ mailbox (Mutex) ──▶ TransferLoop thread ──▶ curl_multi ──▶ sockets
//           ▲                                             │
//           └───────────── continuation resumed ◀─────────┘
//
// It knows HTTP and nothing of AWS. Requests are few and small beside the RPC traffic (a visit makes about
// ten), so one thread and bodies whole in memory are enough; what counts is that no wait is unbounded and
// nobody reaches an address that the request did not name.

/// Sends requests over HTTP/1.1 with TLS 1.2 or newer, certificates checked, connections kept and used again.
///
/// Redirects are never followed. Plain `http` goes to loopback and to metadata addresses only (see
/// ``HTTPSURL``). libcurl itself repeats a request once on a new connection when a kept connection turns out
/// closed before any byte of an answer came, so a request sent here must be safe to repeat.
/// - Isolation: any; all state is behind the loop's mailbox.
public final class HTTPSClient: Sendable {
    public struct Configuration: Sendable {
        public enum Proxy: Hashable, Sendable {
            /// libcurl's own variables: `https_proxy`, `no_proxy` and so on. Never for loopback or metadata
            /// addresses.
            case fromEnvironment
            case direct
        }

        /// Transfers under way at once. Calls are limited to 8 a second per operation and take well below a
        /// second, so this is reached only when a service stalls.
        public var runningRequestsMax = 64
        /// Requests that wait for one of those places; more are refused at once.
        public var queuedRequestsMax = 512
        public var requestBodyBytesMax = 1024 * 1024
        /// Name look-up, TCP and TLS together. Shorter than a call's deadline, so that a retry can find
        /// another address.
        public var connectTimeout: Duration = .seconds(2)
        /// Connections kept open when idle.
        public var idleConnectionsMax = 16
        public var proxy: Proxy = .fromEnvironment
        /// PEM file of the trusted authorities instead of the system's.
        public var authoritiesFile: String?
        public var userAgent = "telehealth-rpc"

        public init() {}
    }

    private let loop: TransferLoop

    /// Starts the thread. It ends at ``shutdown()`` or when the client is released.
    /// - Throws: ``HTTPSError`` with `.resourcesExhausted` when the system gives no thread or memory.
    public init(configuration: Configuration = Configuration()) throws(HTTPSError) {
        loop = try TransferLoop(configuration: configuration)
        try loop.start()
    }

    deinit {
        loop.stop()
    }

    /// Sends one request and waits for its whole answer.
    ///
    /// - Throws: ``HTTPSError``; its ``HTTPSError/mayHaveReachedServer`` says whether the request can have
    ///   had effect. Cancelling the task ends the transfer and throws `.cancelled`.
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
                // The handler below may have run before the job was there to be found.
                if Task.isCancelled { loop.cancel(id) }
            }
        } onCancel: {
            loop.cancel(id)
        }
        return try result.get()
    }

    /// Fails what is under way with `.shutDown` and ends the thread. Requests sent later fail likewise.
    public func shutdown() {
        loop.stop()
    }
}
