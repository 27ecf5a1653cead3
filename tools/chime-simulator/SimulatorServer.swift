internal import ChimeSimulation
internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Glibc
internal import Synchronization

/// The thin part: HTTP/1.1 on a loopback port around one `SimulatedChime` value.
final class SimulatorServer: Sendable {
    private let server: HTTPServer

    /// - Parameter host: a loopback address: the HTTP library is not hardened for a hostile network.
    init(host: String, port: UInt16, chime: consuming SimulatedChime) throws {
        let handler = ChimeHandler(chime)
        // No shorter than the longest ordered delay, and no longer either: the library starts a timer for
        // each request, and the 750 bytes of one stay until it would have fired, long after the answer.
        let timeout: TimeInterval = SimulatedResponse.delayMax / .seconds(1) + 1
        if host == "::1" {
            server = HTTPServer(
                config: .init(
                    address: try sockaddr_in6.inet6(ip6: host, port: port), timeout: timeout,
                    sharedRequestBufferSize: SimulatedChime.bodyBytesMax, pool: NoDelayPool(),
                    logger: .disabled),
                handler: handler)
        } else {
            server = HTTPServer(
                config: .init(
                    address: try sockaddr_in.inet(ip4: host, port: port), timeout: timeout,
                    sharedRequestBufferSize: SimulatedChime.bodyBytesMax, pool: NoDelayPool(),
                    logger: .disabled),
                handler: handler)
        }
    }

    func run() async throws { try await server.run() }

    /// - Returns: `address:port`, the address in brackets for IPv6.
    func waitUntilListening() async throws -> String {
        try await server.waitUntilListening()
        switch await server.listeningAddress {
        case .ip4(let host, let port): return "\(host):\(port)"
        case .ip6(let host, let port): return "[\(host)]:\(port)"
        case .unix(let path): return path
        case nil: throw SocketError.disconnected
        }
    }
}

/// Turns the library's requests into simulated ones, and the answers back.
private final class ChimeHandler: HTTPHandler {
    private let chime: Mutex<SimulatedChime>

    init(_ chime: consuming SimulatedChime) { self.chime = Mutex(chime) }

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        var headers: [String: String] = [:]
        for (header, value) in request.headers { headers[header.rawValue.lowercased()] = value }
        let isTooLong = (request.bodySequence.count ?? 0) > SimulatedChime.bodyBytesMax
        let body = isTooLong ? nil : try await [UInt8](request.bodyData)
        let simulated = SimulatedRequest(
            method: request.method.rawValue, path: request.target.path(), query: request.target.query(),
            headers: headers, body: body)
        var response = chime.withLock { $0.respond(to: simulated, at: .wallClock) }
        // A long poll asks again until something is there or its time is over.
        let deadline = ContinuousClock.now + response.waitsForMore
        while response.waitsForMore > .zero, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            response = chime.withLock { $0.respond(to: simulated, at: .wallClock) }
        }
        if response.delay > .zero { try await Task.sleep(for: response.delay) }
        return response.dropsConnection ? .hangUp : HTTPResponse(response)
    }
}

extension HTTPResponse {
    fileprivate init(_ response: SimulatedResponse) {
        var headers = HTTPHeaders()
        for header in response.headers { headers[HTTPHeader(header.name)] = header.value }
        self.init(
            statusCode: HTTPStatusCode(response.status, phrase: "Simulated"), headers: headers,
            body: Data(response.body))
    }

    /// Closes the connection without a byte of response. The library has no call for that, but a switch of
    /// protocols that fails before it begins ends in just this.
    fileprivate static var hangUp: HTTPResponse { HTTPResponse(webSocket: RefusedSwitch()) }
}

private struct RefusedSwitch: WSHandler {
    func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame>
    {
        throw SocketError.disconnected
    }
}

/// The epoll pool, with Nagle's algorithm switched off.
///
/// The library writes the head and the body of a response apart, and a client that delays its acknowledgement
/// of the head would wait 40 ms for the body. Accepted sockets inherit the option from the listener, and the
/// listener is the first socket that ever waits in a pool.
private struct NoDelayPool: AsyncSocketPool {
    private let pool = SocketPool<ePoll>.ePoll()
    private let listener = ListenerOption()

    func prepare() async throws { try await pool.prepare() }

    func run() async throws { try await pool.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        if !listener.isSet.exchange(true, ordering: .relaxed) {
            try socket.setValue(1, for: Int32SocketOption(level: Int32(IPPROTO_TCP), name: TCP_NODELAY))
        }
        try await pool.suspendSocket(socket, untilReadyFor: events)
    }

    private final class ListenerOption: Sendable {
        let isSet = Atomic(false)
    }
}

extension Timestamp {
    fileprivate static var wallClock: Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
    }
}
