internal import ProtobufWire
internal import TelehealthAPI

/// A random UUID (version 4, RFC 9562 section 5.4) in lower-case text form: the shape of a `request_id`.
func makeRequestID(random: () -> UInt64) -> String {
    let high = (random() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    let low = (random() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    let digits = [high, low].flatMap { word in
        let text = String(word, radix: 16)
        return Array(String(repeating: "0", count: 16 - text.count) + text)
    }
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
}

/// A request that changes something: its id makes a retry safe. Generated code declares which requests do.
protocol ChangeRequest: Message {
    var requestID: String { get set }
}
