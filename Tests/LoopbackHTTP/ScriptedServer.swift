internal import Foundation
internal import Synchronization

/// An HTTP/1.1 server on a loopback port whose answers are given by a closure, for tests of the outbound
/// client.
///
/// One thread accepts, one thread serves each connection; connections are kept as HTTP/1.1 has it.
public final class ScriptedServer: Sendable {
    public struct Request: Sendable, Hashable {
        public var method: String
        /// Path and query as they came.
        public var target: String
        /// In order, names lower-cased.
        public var headers: [[String]]
        public var body: [UInt8]
        /// 1 for the first connection the server accepted.
        public var connection: Int

        public func header(_ name: String) -> String? {
            headers.first { $0[0] == name.lowercased() }?[1]
        }

        public var bodyText: String { String(decoding: body, as: UTF8.self) }
    }

    public enum Reply: Sendable {
        case answer(status: Int, headers: [String: String] = [:], body: String = "")
        /// Bytes as they are, then the connection is closed.
        case raw(String)
        /// Never answers; the connection stays open until the server stops.
        case silence
        /// Closes the connection without a byte.
        case hangUp
    }

    public let port: UInt16
    public let isIPv6: Bool
    private let sockets = Sockets()
    private let script: @Sendable (Request) -> Reply
    private let recorded = Mutex<[Request]>([])

    /// The open descriptors. One is closed only by the thread that serves it and shut down only while it
    /// stands here, so that no number is touched after the system gave it to somebody else.
    private final class Sockets: Sendable {
        private struct State {
            var open: Set<Int32> = []
            var acceptedCount = 0
            var isStopped = false
        }

        private let state = Mutex(State())

        /// - Returns: how many there were before; nil when the server has stopped.
        func add(_ descriptor: Int32) -> Int? {
            state.withLock { state in
                if state.isStopped { return nil }
                state.open.insert(descriptor)
                defer { state.acceptedCount += 1 }
                return state.acceptedCount
            }
        }

        func closeOne(_ descriptor: Int32) {
            state.withLock { state in
                state.open.remove(descriptor)
                _ = close(descriptor)
            }
        }

        func stop() {
            state.withLock { state in
                state.isStopped = true
                for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
            }
        }
    }

    public init(isIPv6: Bool = false, script: @escaping @Sendable (Request) -> Reply) {
        self.script = script
        self.isIPv6 = isIPv6
        let listener: Int32
        (listener, port) = Self.listen(isIPv6: isIPv6)
        _ = sockets.add(listener)
        let sockets = sockets
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                guard let self, let number = sockets.add(connection) else {
                    close(connection)
                    break
                }
                Thread.detachNewThread {
                    self.serve(connection, number: number)
                    sockets.closeOne(connection)
                }
            }
            sockets.closeOne(listener)
        }
    }

    deinit {
        sockets.stop()
    }

    /// `http://127.0.0.1:port` or `http://[::1]:port`.
    public var base: String { "http://\(isIPv6 ? "[::1]" : "127.0.0.1"):\(port)" }

    /// What came so far, in order.
    public var requests: [Request] { recorded.withLock { $0 } }

    /// Waits for the first request; no longer than the test may run, whose time limit cancels it.
    public func firstRequest() async {
        while requests.isEmpty, !Task.isCancelled { await Task.yield() }
    }

    /// Closes every connection; those served by `silence` too.
    public func stop() {
        sockets.stop()
    }

    private func serve(_ connection: Int32, number: Int) {
        var buffer: [UInt8] = []
        while let request = Self.read(connection, buffer: &buffer, number: number) {
            recorded.withLock { $0.append(request) }
            switch script(request) {
            case .answer(let status, let headers, let body):
                let hasBody = request.method != "HEAD" && status != 204
                var text = "HTTP/1.1 \(status) Scripted\r\n"
                for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
                    text += "\(name): \(value)\r\n"
                }
                if status != 204, headers["Content-Length"] == nil {
                    text += "Content-Length: \(body.utf8.count)\r\n"
                }
                Self.write(connection, text + "\r\n" + (hasBody ? body : ""))
            case .raw(let text):
                Self.write(connection, text)
                return
            case .silence:
                // Ends when the client gives up or the server stops.
                var byte: UInt8 = 0
                while Foundation.read(connection, &byte, 1) > 0 {}
                return
            case .hangUp:
                return
            }
        }
    }

    private static func read(_ connection: Int32, buffer: inout [UInt8], number: Int) -> Request? {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            if let end = headerEnd(buffer) {
                let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
                let start = lines[0].split(separator: " ").map(String.init)
                let headers = lines.dropFirst().map { line in
                    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    return [parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces)]
                }
                let length = headers.first { $0[0] == "content-length" }.flatMap { Int($0[1]) } ?? 0
                if buffer.count >= end + 4 + length {
                    let body = Array(buffer[(end + 4)..<(end + 4 + length)])
                    buffer.removeFirst(end + 4 + length)
                    return Request(
                        method: start[0], target: start[1], headers: Array(headers), body: body,
                        connection: number)
                }
            }
            let count = Foundation.read(connection, &chunk, chunk.count)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    private static func headerEnd(_ buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        return buffer.withUnsafeBufferPointer { bytes in
            (0...(bytes.count - 4)).first {
                bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
            }
        }
    }

    private static func write(_ connection: Int32, _ text: String) {
        var bytes = ArraySlice(Array(text.utf8))
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func listen(isIPv6: Bool) -> (Int32, UInt16) {
        let listener = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var storage = sockaddr_storage()
        var length = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
        let port: UInt16 = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                if isIPv6 {
                    UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr_in6.self).pointee
                        .sin6_family =
                        sa_family_t(AF_INET6)
                    UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr_in6.self).pointee
                        .sin6_addr =
                        in6addr_loopback
                } else {
                    UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr_in.self).pointee
                        .sin_family =
                        sa_family_t(AF_INET)
                    UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr_in.self).pointee
                        .sin_addr.s_addr =
                        UInt32(0x7f00_0001).bigEndian
                }
                precondition(bind(listener, address, length) == 0, "no loopback port: \(errno)")
                precondition(Foundation.listen(listener, 64) == 0, "cannot listen: \(errno)")
                getsockname(listener, address, &length)
                return UInt16(
                    bigEndian: UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr_in.self)
                        .pointee
                        .sin_port)
            }
        }
        return (listener, port)
    }
}
