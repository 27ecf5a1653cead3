internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2

/// A peer that sends anything at all to an HTTP/2 session, client or server.
enum FramesFuzz {
    private static let preface = [UInt8]("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let emptySettings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]

    /// The first byte is the size of the chunks; the rest follows a handshake that went well.
    static func run(_ input: UnsafeRawBufferPointer, role: HTTP2Session.Role) {
        guard let size = input.first, size > 0 else { return }
        let endpoint = FuzzEndpoint(role)
        let greeting = (role == .server ? preface : []) + emptySettings
        greeting.withUnsafeBytes { endpoint.receive($0) }
        if role == .client {
            for _ in 0..<3 { endpoint.open() }
            endpoint.drainOutput()
        }
        let frames = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        for start in Swift.stride(from: 0, to: frames.count, by: Int(size)) {
            endpoint.receive(
                UnsafeRawBufferPointer(rebasing: frames[start..<min(start + Int(size), frames.count)]))
            endpoint.drainOutput()
        }
        endpoint.session.abandon()
        precondition(endpoint.session.openStreamCount == 0 && endpoint.session.queuedByteCount == 0)
        for stream in endpoint.streams { precondition(stream.closings == 1, "a stream ends exactly once") }
    }
}

/// Owns the session under test.
private final class FuzzEndpoint: HTTP2SessionOwner {
    /// Streams one input may open; each frame of 9 bytes could.
    private static let streamsMax = 100_000

    private(set) var session: HTTP2Session!
    private(set) var streams: [FuzzStream] = []
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var now: UInt64 = 1

    init(_ role: HTTP2Session.Role) {
        do {
            session = try HTTP2Session(role: role, workspace: HTTP2Workspace(), owner: self)
        } catch {
            preconditionFailure("out of memory: \(error)")
        }
    }

    deinit { output.deallocate() }

    func open() {
        var headers = HeaderList()
        headers.add(":method", "POST")
        headers.add(":scheme", "http")
        headers.add(":path", "/a.B/C")
        headers.add(":authority", "x")
        let stream = FuzzStream(isServer: false)
        if session.open(stream, headers: headers, endStream: false) {
            streams.append(stream)
            stream.finish()
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        now += 1_000_000
        // An error is an answer; everything after it must be harmless.
        try? session.receive(bytes, now: now)
    }

    func drainOutput() {
        while let count = try? session.nextOutput(into: output), count > 0 {}
    }

    func sessionHasOutput() {}
    func sessionMakesStream() -> HTTP2Stream {
        let stream = FuzzStream(isServer: true)
        streams.append(stream)
        precondition(streams.count < Self.streamsMax)
        return stream
    }
    func sessionReceivedSettings() {}
    func sessionReceivedPing() {}
    func sessionReceivedPingAcknowledgement(payload: UInt64) {}
    func sessionReceivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debugData: [UInt8]) {
        precondition(debugData.count <= HTTP2Session.debugBytesMax)
    }
    func sessionClosedStream() {}
}

/// Looks at everything it is given, answers a request with its own bytes, and checks the order of events.
private final class FuzzStream: HTTP2Stream {
    private static let head = PreparedHeaders([(":status", "200")])
    private static let trailers = PreparedHeaders([("grpc-status", "0")])

    private let isServer: Bool
    private(set) var closings = 0
    private var hasHead = false
    private var hasEnded = false

    init(isServer: Bool) { self.isServer = isServer }

    private func read(_ headers: HeaderBlock) {
        precondition(closings == 0 && headers.count <= HTTP2Limits().headerFieldsMax)
        _ = Metadata(headers)
        _ = headers.rpcStatus(trailers: Metadata())
        _ = headers.list(.grpcAcceptEncoding, contains: "gzip")
    }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        precondition(!hasHead)
        hasHead = true
        read(headers)
        if isServer { sendHeaders(Self.head) }
        if endStream { ended() }
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        precondition(hasHead && !hasEnded && closings == 0 && !bytes.isEmpty)
        if isServer { write(bytes) }
        consume(bytes.count)
    }

    override func receiveTrailers(_ headers: HeaderBlock) {
        read(headers)
        ended()
    }

    override func receiveEnd() { ended() }

    private func ended() {
        precondition(hasHead && !hasEnded && closings == 0)
        hasEnded = true
        if isServer { sendTrailers(Self.trailers) }
    }

    override func closed(_ reason: StreamCloseReason) { closings += 1 }
}
