import EventCore
import HTTP2Engine
import Synchronization
import TLSEngine
import Transport

/// A client call that remembers what came back.
final class CallStream: HTTP2Stream {
    private let result: Mutex<(body: [UInt8], closed: StreamCloseReason?)>

    override init() {
        result = Mutex(([], nil))
        super.init()
    }

    var body: [UInt8] { result.withLock { $0.body } }
    var closeReason: StreamCloseReason? { result.withLock { $0.closed } }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        consume(bytes.count)
        result.withLock { $0.body += bytes }
    }
    override func closed(_ reason: StreamCloseReason) { result.withLock { $0.closed = reason } }
}

/// A client's loop with one connection, driven from a test's task.
///
/// `@unchecked Sendable`: `connection` and streams are touched on the loop; what tests read is behind
/// mutexes.
final class ClientFixture: ClientConnectionObserver, @unchecked Sendable {
    let group: EventLoopGroup
    private var connection: ClientConnection?
    private let log = Mutex<[String]>([])
    private let loss = Mutex<ConnectionLoss?>(nil)
    private var loop: EventLoop { group.loops[0] }

    init(clock: LoopClock = .system) throws {
        group = try EventLoopGroup(loopCount: 1, name: "client", clock: clock)
    }

    var lines: [String] { log.withLock { $0 } }
    var lastLoss: ConnectionLoss? { loss.withLock { $0 } }

    func connectionReady(_ connection: ClientConnection) { log.withLock { $0.append("ready") } }
    func connectionCapacityChanged(_ connection: ClientConnection) {}
    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String) {
        log.withLock { $0.append("draining \(code) \(debugData)") }
    }
    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss) {
        self.loss.withLock { $0 = loss }
        log.withLock { $0.append("closed \(loss.label)") }
    }

    func onLoop<R: Sendable>(_ body: @escaping @Sendable (ClientFixture) -> R) async -> R {
        await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: body(self)) }
        }
    }

    func connect(
        to address: SocketAddress, tls: TLSClientContext? = nil, serverName: String? = nil,
        configuration: ClientTransportConfiguration = ClientTransportConfiguration()
    ) async -> Bool {
        await onLoop {
            $0.connection = ClientConnection.connect(
                to: address, tls: tls, serverName: serverName, on: $0.loop, configuration: configuration,
                observer: $0)
        }
        return await eventually { !self.lines.isEmpty } && lines.first == "ready"
    }

    /// Sends one request and, unless `body` is nil, its end.
    func call(_ path: String, body: [UInt8]?) async -> CallBox {
        await onLoop { fixture in
            let stream = CallStream()
            var headers = HeaderList()
            headers.add(":method", "POST")
            headers.add(":scheme", "http")
            headers.add(":path", path)
            headers.add(":authority", "test")
            fixture.connection?.open(stream, headers: headers, endStream: false)
            if let body {
                body.withUnsafeBytes { stream.write($0) }
                stream.finish()
            }
            return CallBox(stream: stream)
        }
    }

    func drain() async { await onLoop { $0.connection?.drain() } }

    func stop() async {
        await onLoop {
            $0.connection?.close()
            $0.connection = nil
        }
        group.shutdown()
    }
}

/// `@unchecked Sendable`: tests read only what the stream keeps behind its mutex.
struct CallBox: @unchecked Sendable {
    let stream: CallStream

    func outcome() async -> StreamCloseReason? {
        _ = await eventually { stream.closeReason != nil }
        return stream.closeReason
    }
}
