import EventCore
import HTTP2Engine
import TLSEngine
import Transport

/// Many connections with many open calls, on one event loop.
///
/// `@unchecked Sendable`: every property is used on the loop alone; the async functions go there first.
final class Holder: ClientConnectionObserver, @unchecked Sendable {
    struct Call: Sendable {
        var path: String
        var headers: [(name: String, value: String)]
        /// With its length prefix.
        var body: [UInt8]
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Connections on their way at a time: less than a listener's queue.
    private static let dialledMax = 128
    /// Calls on their way at a time: less than a server lets wait for their turn.
    private static let unansweredMax = 1000

    let readsEvents: Bool
    private let loop: EventLoop
    private let address: SocketAddress
    private let tls: TLSClientContext?
    private let call: Call

    private var connections: [ClientConnection] = []
    private var readyCount = 0
    private var wantedConnections = 0
    private var streamsEach = 0
    private var openedCount = 0
    private var answeredCount = 0
    private var latencies: [UInt64] = []
    private var waiter: CheckedContinuation<Void, any Error>?

    init(loop: EventLoop, address: SocketAddress, tls: TLSClientContext?, call: Call, readsEvents: Bool) {
        self.loop = loop
        self.address = address
        self.tls = tls
        self.call = call
        self.readsEvents = readsEvents
    }

    private var streamCount: Int { wantedConnections * streamsEach }

    /// Returns when that many connections are ready for calls.
    func connect(_ count: Int) async throws {
        try await onLoop {
            self.wantedConnections = count
            self.dial()
        }
    }

    /// Returns when every connection has so many calls that the server answered with headers.
    func open(_ streamsEach: Int) async throws {
        try await onLoop {
            self.streamsEach = streamsEach
            self.openMore()
        }
    }

    /// Makes the server tell everybody, once.
    ///
    /// - Returns: nanoseconds from the server's first write to each arrival.
    func publish() async throws -> [UInt64] {
        try await onLoop {
            self.latencies.removeAll(keepingCapacity: true)
            let empty = Call(path: "/bench.Echo/Publish", headers: [], body: [0, 0, 0, 0, 0])
            self.send(empty, on: PublishStream(), self.connections[0])
        }
        return latencies
    }

    // MARK: - On the loop

    private func onLoop(_ work: @escaping @Sendable () -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            loop.execute {
                self.waiter = continuation
                work()
            }
        }
    }

    private func finish(_ failure: Failure? = nil) {
        guard let waiter else { return }
        self.waiter = nil
        if let failure { waiter.resume(throwing: failure) } else { waiter.resume() }
    }

    private func dial() {
        while connections.count < wantedConnections, connections.count - readyCount < Self.dialledMax {
            connections.append(
                ClientConnection.connect(
                    to: address, tls: tls, serverName: tls == nil ? nil : "localhost", on: loop,
                    configuration: ClientTransportConfiguration(), observer: self))
        }
    }

    private func openMore() {
        while openedCount < streamCount, openedCount - answeredCount < Self.unansweredMax {
            send(call, on: HeldStream(holder: self), connections[openedCount % connections.count])
            openedCount += 1
        }
    }

    private func send(_ call: Call, on stream: HTTP2Stream, _ connection: ClientConnection) {
        var headers = HeaderList()
        headers.add(":method", "POST")
        headers.add(":scheme", tls == nil ? "http" : "https")
        headers.add(":authority", "localhost")
        headers.add(":path", call.path)
        headers.add("te", "trailers")
        headers.add("content-type", "application/grpc")
        for header in call.headers { headers.add(name: header.name, value: header.value) }
        connection.open(stream, headers: headers, endStream: false)
        stream.write(call.body.span)
        stream.finish()
    }

    func streamAnswered() {
        answeredCount += 1
        openMore()
        if answeredCount == streamCount { finish() }
    }

    func streamEnded(_ stream: HeldStream) { finish(Failure(description: "the server ended a call")) }

    func eventArrived(after nanoseconds: UInt64) {
        latencies.append(nanoseconds)
        if latencies.count == streamCount { finish() }
    }

    // MARK: - ClientConnectionObserver

    func connectionReady(_ connection: ClientConnection) {
        readyCount += 1
        if readyCount == wantedConnections { finish() } else { dial() }
    }

    func connectionCapacityChanged(_ connection: ClientConnection) {}

    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String) {}

    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss) {
        finish(Failure(description: "a connection was lost: \(loss)"))
    }
}
