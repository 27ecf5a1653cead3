import ProtobufWire
import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing

/// Pseudo-random numbers with a seed that a failure prints: splitmix64.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// A message of a stream, with its prefix.
func envelope(_ payload: [UInt8], flags: UInt8 = 0) -> [UInt8] {
    let count = UInt32(payload.count)
    return [flags, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        + payload
}

func envelope(_ text: String, flags: UInt8 = 0) -> [UInt8] { envelope(Array(text.utf8), flags: flags) }

/// The messages in a whole stream of them, and the flags of each.
func messages(in stream: [UInt8]) throws -> [[UInt8]] {
    var deframer = MessageDeframer(maxMessageBytes: 1 << 20)
    try stream.withUnsafeBytes { try deframer.append($0) }
    var found: [[UInt8]] = []
    while let frame = deframer.first() {
        found.append(deframer.withPayload(of: frame) { [UInt8]($0) })
        deframer.dropFirst(frame)
    }
    let isPartial = deframer.hasPartialMessage
    #expect(!isPartial)
    return found
}

func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    var packed = ByteBuffer()
    bytes.withUnsafeBytes { MessageCompression.gzip.compress($0, &packed) }
    return [UInt8](packed)
}

/// Empty for bytes that are not gzip.
func gunzipped(_ bytes: [UInt8]) -> [UInt8] {
    var plain = ByteBuffer()
    try? bytes.withUnsafeBytes { try MessageCompression.gzip.decompress($0, &plain, 1 << 20) }
    return [UInt8](plain)
}

/// The parts of `bytes` when it is cut at each of some places.
func cut(_ bytes: [UInt8], every size: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}

/// What a decoder reports about a whole response.
func events(
    _ contentType: RPCContentType, _ head: ResponseHead, _ body: [[UInt8]], trailers: HTTPFields? = nil,
    maxMessageBytes: Int = 1000
) -> [ResponseEvent] {
    var decoder = ResponseDecoder(contentType, maxMessageBytes: maxMessageBytes, gzip: .gzip)
    var events = decoder.receive(head)
    for part in body { events += part.withUnsafeBytes { decoder.receive($0) } }
    events += decoder.end(trailers: trailers)
    return events
}

/// The only end among the events, which is the last of them.
func end(of events: [ResponseEvent]) throws -> (error: RPCError?, trailers: Metadata) {
    let ends = events.filter { if case .end = $0 { true } else { false } }
    try #require(ends.count == 1, "\(events)")
    guard case .end(let error, let trailers)? = events.last else {
        throw RPCError(.internal, "the end is not the last event: \(events)")
    }
    return (error, trailers)
}
