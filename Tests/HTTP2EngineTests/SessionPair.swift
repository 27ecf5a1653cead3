import HTTP2Engine

/// Remembers what a stream was told, in order.
class RecordingStream: HTTP2Stream {
    enum Told: Equatable {
        case headers([String], endStream: Bool, exceedsLimit: Bool)
        case data([UInt8])
        case trailers([String])
        case end
        case writable
        case closed(StreamCloseReason)
    }

    var told: [Told] = []
    /// What a server stream does when its request is complete.
    var respond: ((RecordingStream) -> Void)?
    var consumesAtOnce = true

    var body: [UInt8] {
        told.reduce(into: []) { if case .data(let bytes) = $1 { $0 += bytes } }
    }

    var closeReason: StreamCloseReason? {
        if case .closed(let reason) = told.last { return reason }
        return nil
    }

    /// Everything but data, whose chunking is not part of the outcome.
    var outline: [Told] { told.filter { if case .data = $0 { false } else { true } } }

    static func lines(_ block: HeaderBlock) -> [String] {
        (0..<block.count).map { "\(block[$0].nameString): \(block[$0].valueString)" }
    }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        told.append(.headers(Self.lines(headers), endStream: endStream, exceedsLimit: headers.exceedsLimit))
        if endStream { respond?(self) }
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        told.append(.data(Array(bytes)))
        if consumesAtOnce { consume(bytes.count) }
    }

    override func receiveTrailers(_ headers: HeaderBlock) {
        told.append(.trailers(Self.lines(headers)))
        respond?(self)
    }

    override func receiveEnd() {
        told.append(.end)
        respond?(self)
    }

    override func becameWritable() { told.append(.writable) }
    override func closed(_ reason: StreamCloseReason) { told.append(.closed(reason)) }
}

/// One end of a connection in memory.
final class Endpoint: HTTP2SessionOwner {
    private(set) var session: HTTP2Session!
    var streams: [RecordingStream] = []
    var makeStream: () -> RecordingStream = { RecordingStream() }
    var pings = 0
    var pingAcknowledgements: [UInt64] = []
    var goAways: [(last: Int32, code: HTTP2ErrorCode, debug: String)] = []
    var hasOutput = false
    var now: UInt64 = 1_000_000_000

    init(
        _ role: HTTP2Session.Role, limits: HTTP2Limits = HTTP2Limits(), workspace: HTTP2Workspace = HTTP2Workspace()
    ) throws {
        session = try HTTP2Session(role: role, limits: limits, workspace: workspace, owner: self)
    }

    deinit { session?.abandon() }

    func sessionHasOutput() { hasOutput = true }
    func sessionMakesStream() -> HTTP2Stream {
        let stream = makeStream()
        streams.append(stream)
        return stream
    }
    func sessionReceivedSettings() {}
    func sessionReceivedPing() { pings += 1 }
    func sessionReceivedPingAcknowledgement(payload: UInt64) { pingAcknowledgements.append(payload) }
    func sessionReceivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debugData: [UInt8]) {
        goAways.append((lastStreamID, code, String(decoding: debugData, as: UTF8.self)))
    }
    func sessionClosedStream() {}

    func output() throws -> [UInt8] {
        hasOutput = false
        var all: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try session.nextOutput(into: buffer)
            if count == 0 { return all }
            all += UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
    }

    /// What fits once into so little room; the rest waits.
    func output(roomByteCount: Int) throws -> [UInt8] {
        try Array(unsafeUninitializedCapacity: roomByteCount) { room, count in
            count = try session.nextOutput(into: UnsafeMutableRawBufferPointer(room))
        }
    }

    func receive(_ bytes: some Collection<UInt8>) throws {
        try Array(bytes).withUnsafeBytes { try session.receive($0, now: now) }
    }

    func open(
        path: String = "/telehealth.v1.Sessions/Get", fields: [(String, String)] = [], body: [UInt8]? = nil,
        as stream: RecordingStream = RecordingStream()
    ) -> RecordingStream {
        var list = HeaderList()
        list.add(":method", "POST")
        list.add(":scheme", "http")
        list.add(":path", path)
        list.add(":authority", "clinic.test")
        list.add("te", "trailers")
        for (name, value) in fields { list.add(name: name, value: value) }
        streams.append(stream)
        _ = session.open(stream, headers: list, endStream: false)
        if let body {
            body.withUnsafeBytes { stream.write($0) }
            stream.finish()
        }
        return stream
    }
}

/// A client and a server that exchange bytes in pieces of one size.
struct SessionPair {
    let client: Endpoint
    let server: Endpoint
    let chunk: Int

    init(
        chunk: Int = .max, serverLimits: HTTP2Limits = HTTP2Limits(),
        clientLimits: HTTP2Limits = HTTP2Limits()
    ) throws {
        client = try Endpoint(.client, limits: clientLimits)
        server = try Endpoint(.server, limits: serverLimits)
        self.chunk = chunk
    }

    /// Until neither has anything to say.
    func run() throws {
        while true {
            let toServer = try client.output()
            try pass(toServer, to: server)
            let toClient = try server.output()
            try pass(toClient, to: client)
            if toServer.isEmpty, toClient.isEmpty { return }
        }
    }

    private func pass(_ bytes: [UInt8], to endpoint: Endpoint) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try endpoint.receive(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
    }
}

/// The answer of a call that went well: headers, the given body, status 0.
func answer(_ stream: RecordingStream, _ body: [UInt8]) {
    stream.sendHeaders(okHead)
    body.withUnsafeBytes { stream.write($0) }
    stream.sendTrailers(okTrailers)
}

let okHead = PreparedHeaders([(":status", "200"), ("content-type", "application/grpc")])
let okTrailers = PreparedHeaders([("grpc-status", "0")])

/// Frames as a misbehaving peer would write them.
enum Frame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let emptySettings = make(type: 4)
    static let settingsAck = make(type: 4, flags: 1)

    static func make(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + bytes(stream) + payload
    }

    static func bytes(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    /// HEADERS of a POST with literal fields, END_HEADERS set.
    static func request(stream: UInt32, endStream: Bool, extra: [UInt8] = []) -> [UInt8] {
        // :method POST and :scheme http are static entries 3 and 6, :path / is 4, :authority x a literal with
        // index 1.
        let block: [UInt8] = [0x83, 0x86, 0x84, 0x01, 0x01, UInt8(ascii: "x")] + extra
        return make(type: 1, flags: 4 | (endStream ? 1 : 0), stream: stream, block)
    }

    static func data(stream: UInt32, _ payload: [UInt8], endStream: Bool = false) -> [UInt8] {
        make(type: 0, flags: endStream ? 1 : 0, stream: stream, payload)
    }

    static func reset(stream: UInt32, code: UInt32 = 8) -> [UInt8] {
        make(type: 3, stream: stream, bytes(code))
    }
    static func windowUpdate(stream: UInt32, _ increment: UInt32) -> [UInt8] {
        make(type: 8, stream: stream, bytes(increment))
    }

    /// (type, flags, stream, payload) of each frame in `bytes`.
    static func parse(_ bytes: [UInt8]) -> [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] {
        var found: [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...8].reduce(0) { $0 << 8 | UInt32($1) }
            found.append((head[3], head[4], stream, Array(rest.dropFirst(9).prefix(count))))
            rest = rest.dropFirst(9 + count)
        }
        return found
    }
}
