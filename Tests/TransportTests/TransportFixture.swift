import EventCore
import Glibc
import HTTP2Engine
import Synchronization
import TLSEngine

@testable import Transport

let okHead = PreparedHeaders([(":status", "200"), ("content-type", "application/grpc")])
let okTrailers = PreparedHeaders([("grpc-status", "0")])

/// Answers with what it received, or holds back: "/echo", "/flood" (8 MiB at once), "/hold" (no answer at
/// all).
final class EchoStream: HTTP2Stream {
    static let floodBytes = 8 << 20
    private let source: EchoSource
    private var path = ""

    init(_ source: EchoSource) { self.source = source }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        path = headers.value(of: .path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard path != "/hold" else { return }
        sendHeaders(okHead)
        if path == "/flood" { [UInt8](repeating: 7, count: Self.floodBytes).withUnsafeBytes { write($0) } }
        if endStream { sendTrailers(okTrailers) }
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        consume(bytes.count)
        if path == "/echo" { write(bytes) }
    }

    override func receiveEnd() { if path == "/echo" { sendTrailers(okTrailers) } }

    override func closed(_ reason: StreamCloseReason) { source.note("stream \(reason)") }
}

/// Serves echoes and remembers what happened, in order.
final class EchoSource: ServerStreamSource {
    private let log = Mutex<[String]>([])
    private let peers = Mutex<[PeerInfo]>([])

    func note(_ line: String) { log.withLock { $0.append(line) } }
    var lines: [String] { log.withLock { $0 } }
    var lastPeer: PeerInfo? { peers.withLock { $0.last } }

    func makeStream(on connection: ServerConnection) -> HTTP2Stream {
        note("request")
        return EchoStream(self)
    }

    func connectionOpened(_ connection: ServerConnection) {
        peers.withLock { $0.append(connection.peer) }
        note("opened")
    }

    func connectionClosed(_ connection: ServerConnection, _ loss: ConnectionLoss) {
        note("closed \(loss.label)")
    }

    /// Until a line with this prefix was noted, for 10 s at most.
    func wait(for prefix: String) async -> Bool {
        await eventually { self.lines.contains { $0.hasPrefix(prefix) } }
    }
}

/// Polls a condition that another thread makes true. A test that waits without success fails by its own expectation.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}

/// A server on loopback for the length of a test.
final class ServerFixture: Sendable {
    let group: EventLoopGroup
    let source = EchoSource()
    let server: TransportServer
    let clock: ManualClock?

    init(
        loops: Int = 1, virtualTime: Bool = false,
        _ configure: (inout ServerTransportConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = ServerTransportConfiguration()
        configure(&configuration)
        clock = virtualTime ? ManualClock() : nil
        group = try EventLoopGroup(
            loopCount: loops, name: "server", clock: clock.map { .manual($0) } ?? .system)
        server = TransportServer(
            group: group, configuration: configuration, source: source, randomUnit: { 0.5 })
    }

    func stop() async {
        clock?.advance(by: .seconds(10))
        await server.shutdown(grace: .zero)
        group.shutdown()
    }

    /// Lets the loops look at the advanced clock and finish a tick.
    func advance(by duration: Duration) async {
        clock?.advance(by: duration)
        for loop in group.loops {
            for _ in 0..<2 {
                await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
            }
        }
    }
}

/// A blocking socket that says exactly what a test wants, also what no HTTP/2 library would.
final class RawClient {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4)
    private let descriptor: Int32

    init(_ address: SocketAddress, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var value = receiveBuffer ?? 0
        if receiveBuffer != nil { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &value, 4) }
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_port = (address.port ?? 0).bigEndian
        raw.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &raw) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw SystemCallError("connect", code: errno) }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// One read; empty at the end of the stream.
    func receiveSome() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return Array(buffer[..<max(0, count)])
    }

    /// Makes the close a RST.
    func abortOnClose() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// What arrives until `isEnough` says so, the peer closes, or 10 s passed.
    func receive(until isEnough: ([Frame]) -> Bool = { _ in false }) -> (frames: [Frame], isClosed: Bool) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let frames = Frame.parse(bytes)
            if isEnough(frames) { return (frames, false) }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return (frames, true) }
            if count < 0 { return (frames, false) }
            bytes += buffer[..<count]
        }
    }

    static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [
            UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type,
            flags,
        ]
            + [UInt8(stream >> 24), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255)]
            + payload
    }

    /// POST to a path of fewer than 127 bytes.
    static func request(stream: UInt32, path: String, endStream: Bool = true) -> [UInt8] {
        frame(
            type: 1, flags: endStream ? 5 : 4, stream: stream,
            [0x83, 0x86, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x01, 1, UInt8(ascii: "x")])
    }

    static let ping = frame(type: 6, [1, 2, 3, 4, 5, 6, 7, 8])
}

struct Frame: Equatable {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    var goAwayText: String { String(decoding: payload.dropFirst(8), as: UTF8.self) }
    var errorCode: UInt8 { type == 7 ? payload[7] : payload[3] }

    static func parse(_ bytes: [UInt8]) -> [Frame] {
        var found: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + count else { break }
            found.append(
                Frame(
                    type: head[3], flags: head[4], stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) },
                    payload: Array(rest.dropFirst(9).prefix(count))))
            rest = rest.dropFirst(9 + count)
        }
        return found
    }
}
