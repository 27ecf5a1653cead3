import EventCore
import HTTP2Engine
import Synchronization
import Transport

/// What a server sent on one stream, undigested.
struct RawAnswer: Sendable {
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    var trailers: [String: String] = [:]
    var reason: StreamCloseReason?

    /// `grpc-status`, wherever it came.
    var status: String? { trailers["grpc-status"] ?? headers["grpc-status"] }
}

/// A client that sends what it is told, right or wrong.
final class RawClient: ClientConnectionObserver, @unchecked Sendable {
    // Sendable: `connection` is touched on the loop alone.

    private final class Stream: HTTP2Stream {
        var answer = RawAnswer()
        let done: (RawAnswer) -> Void

        init(done: @escaping (RawAnswer) -> Void) {
            self.done = done
            super.init()
        }

        override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
            answer.headers = fields(headers)
        }
        override func receiveTrailers(_ headers: HeaderBlock) { answer.trailers = fields(headers) }
        override func receiveData(_ bytes: UnsafeRawBufferPointer) {
            answer.body += bytes
            consume(bytes.count)
        }
        override func closed(_ reason: StreamCloseReason) {
            answer.reason = reason
            done(answer)
        }

        private func fields(_ headers: HeaderBlock) -> [String: String] {
            var fields: [String: String] = [:]
            for index in 0..<headers.count { fields[headers[index].nameString] = headers[index].valueString }
            return fields
        }
    }

    private let group: EventLoopGroup
    private let ready = Event()
    private var connection: ClientConnection?

    init(port: UInt16) async throws {
        group = try EventLoopGroup(loopCount: 1, name: "raw")
        group.loops[0].execute { [self] in
            connection = ClientConnection.connect(
                to: .loopback(port: port), tls: nil, serverName: nil, on: group.loops[0],
                configuration: ClientTransportConfiguration(), observer: self)
        }
        await ready.wait()
    }

    /// - Parameter ends: whether the request is half-closed behind the body.
    func send(_ headers: [(String, String)], body: [UInt8] = [], ends: Bool = true) async -> RawAnswer {
        await withCheckedContinuation { continuation in
            group.loops[0].execute { [self] in
                var list = HeaderList()
                for (name, value) in headers { list.add(name: name, value: value) }
                let stream = Stream { continuation.resume(returning: $0) }
                connection?.open(stream, headers: list, endStream: ends && body.isEmpty)
                if !body.isEmpty { stream.write(body.span) }
                if ends, !body.isEmpty { stream.finish() }
            }
        }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            group.loops[0].execute { [self] in
                connection?.close()
                continuation.resume()
            }
        }
        group.shutdown()
    }

    func connectionReady(_ connection: ClientConnection) { ready.happen() }
    func connectionCapacityChanged(_ connection: ClientConnection) {}
    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String) {}
    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss) {}
}
