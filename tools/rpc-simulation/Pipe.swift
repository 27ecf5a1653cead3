/// One direction of the connection: bytes on their way, and what the wire has seen.
struct Pipe {
    private(set) var bytes: [UInt8] = []
    private var head = 0
    /// Senders wait above it, as a full socket makes them.
    let capacity: Int
    private(set) var tap = ConnectionTap()

    init(capacity: Int, startsWithPreface: Bool) {
        self.capacity = capacity
        tap = ConnectionTap(skipping: startsWithPreface ? 24 : 0)
    }

    var count: Int { bytes.count - head }
    var hasRoom: Bool { count < capacity }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        tap.see(more)
        bytes.append(contentsOf: more)
    }

    mutating func take(_ limit: Int) -> [UInt8] {
        let taken = Array(bytes[head..<min(head + limit, bytes.count)])
        head += taken.count
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1 << 16 {
            bytes.removeSubrange(..<head)
            head = 0
        }
        return taken
    }

    /// Damages one byte on its way.
    mutating func corrupt(at index: Int, bit: UInt8) { bytes[head + index] ^= bit }

    mutating func removeAll() {
        bytes.removeAll()
        head = 0
    }
}

/// Reads the frames that go by, independently of the code under test, and keeps the account of flow control.
struct ConnectionTap {
    private var header: [UInt8] = []
    private var payloadLeft: Int
    private var payload: [UInt8] = []
    private var keepsPayload = false
    /// Bytes of DATA frames, padding included.
    private(set) var dataByteCount = 0
    /// Sum of the WINDOW_UPDATE frames for the connection.
    private(set) var windowGranted = 0

    init(skipping preface: Int = 0) { payloadLeft = preface }

    mutating func see(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            if payloadLeft > 0 {
                let part = min(payloadLeft, bytes.count - offset)
                if keepsPayload { payload.append(contentsOf: bytes[offset..<offset + part]) }
                offset += part
                payloadLeft -= part
                if payloadLeft == 0 { frameEnded() }
                continue
            }
            header.append(bytes[offset])
            offset += 1
            if header.count == 9 { frameBegan() }
        }
    }

    private mutating func frameBegan() {
        payloadLeft = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
        let isOfConnection = header[5...8].allSatisfy { $0 == 0 }
        if header[3] == 0 { dataByteCount += payloadLeft }
        keepsPayload = header[3] == 8 && isOfConnection
        header.removeAll(keepingCapacity: true)
        if payloadLeft == 0 { frameEnded() }
    }

    private mutating func frameEnded() {
        if keepsPayload { windowGranted += payload.reduce(0) { $0 << 8 | Int($1) } }
        keepsPayload = false
        payload.removeAll(keepingCapacity: true)
    }
}
