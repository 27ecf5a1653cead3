import Foundation

/// A connection from a chosen address of this machine that sends frames made by hand, and only counts what comes back.
final class AttackConnection {
    private let descriptor: Int32
    private var nextStream: UInt32 = 1
    /// Bytes of the frame that is being skipped, and of a head that is not whole.
    private var skip = 0
    private var head: [UInt8] = []
    private var unsent: [UInt8] = []
    private(set) var inFlight = 0
    private(set) var answers = 0
    private(set) var isOpen = true

    /// - Parameters:
    ///   - settings: pairs of identifier and value; nil says nothing at all.
    /// - Returns: nil when no connection could be made.
    init?(port: UInt16, source: String, settings: [(UInt16, UInt32)]?) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard Self.call(descriptor, source, 0, bind), Self.call(descriptor, "127.0.0.1", port, connect) else {
            close(descriptor)
            return nil
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        guard let settings else { return }
        let entries = settings.flatMap { Self.bytes(of: $0.0) + Self.bytes(of: $0.1) }
        // The connection's window is opened wide, so that streams alone decide how slowly is read.
        send(
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4, 0, 0, entries)
                + Self.frame(8, 0, 0, Self.bytes(of: UInt32(1 << 30))))
    }

    deinit { close(descriptor) }

    /// A unary call on its own stream, followed by a reset if requested.
    func request(_ fields: [UInt8], _ message: [UInt8], isReset: Bool = false) {
        var bytes = Self.frame(1, 4, nextStream, fields)
        if isReset {
            bytes += Self.frame(3, 0, nextStream, Self.bytes(of: UInt32(8)))
        } else {
            bytes += Self.frame(0, 1, nextStream, [0] + Self.bytes(of: UInt32(message.count)) + message)
            inFlight += 1
        }
        nextStream += 2
        send(bytes)
    }

    var streamsLeft: Bool { nextStream < 1 << 30 }
    var isBlocked: Bool { unsent.count > 1 << 16 }

    /// Reads what is there.
    ///
    /// - Returns: whether anything was.
    @discardableResult
    func receive() -> Bool {
        if !unsent.isEmpty { send([]) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { isOpen = false }
        guard count > 0 else { return false }
        var offset = 0
        while offset < count {
            let skipped = min(skip, count - offset)
            skip -= skipped
            offset += skipped
            guard offset < count, skip == 0 else { break }
            let taken = min(9 - head.count, count - offset)
            head += buffer[offset..<offset + taken]
            offset += taken
            guard head.count == 9 else { break }
            note(kind: head[3], flags: head[4])
            skip = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            head.removeAll(keepingCapacity: true)
        }
        return true
    }

    private func note(kind: UInt8, flags: UInt8) {
        switch kind {
        case 0 where flags & 1 != 0, 1 where flags & 1 != 0, 3:
            inFlight = max(0, inFlight - 1)
            answers += 1
        case 4 where flags & 1 == 0:
            send(Self.frame(4, 1, 0, []))
        case 7:
            isOpen = false
        default:
            break
        }
    }

    private func send(_ bytes: [UInt8]) {
        unsent += bytes
        let count = unsent.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
        if count > 0 { unsent.removeFirst(count) }
        if count < 0, errno != EAGAIN { isOpen = false }
    }

    // MARK: Bytes

    /// A header block of literals without an index.
    static func fields(path: String, token: String?) -> [UInt8] {
        var fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ]
        if let token { fields.append(("authorization", "Bearer " + token)) }
        return fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    /// RFC 7541 §5.2, without Huffman coding.
    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var (prefix, rest): ([UInt8], Int) = ([127], bytes.count - 127)
        while rest >= 128 {
            prefix.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return prefix + [UInt8(rest)] + bytes
    }

    private static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        bytes(of: UInt32(payload.count)).dropFirst() + [kind, flags] + bytes(of: stream) + payload
    }

    /// Most significant first.
    private static func bytes<Number: FixedWidthInteger>(of number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian, Array.init)
    }

    private static func call(
        _ descriptor: Int32, _ address: String, _ port: UInt16,
        _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Bool {
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &raw.sin_addr) == 1 else { return false }
        return withUnsafePointer(to: &raw) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
