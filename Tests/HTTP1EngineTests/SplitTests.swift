import Testing

@testable import HTTP1Engine

/// How a network divides bytes means nothing.
@Suite("The bytes of a connection") struct SplitTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private struct Outcome: Hashable {
        let events: [HTTP1Event]
        let output: String
        let isOver: Bool
    }

    /// Every request is answered when it is complete.
    private static func outcome(_ bytes: [UInt8], _ sizes: () -> Int) -> Outcome {
        var client = ScriptedClient()
        client.answers = true
        var offset = 0
        while offset < bytes.count, client.session.readableByteCount > 0 {
            let size = min(max(1, sizes()), bytes.count - offset, client.session.readableByteCount)
            client.send(Array(bytes[offset..<offset + size]))
            offset += size
        }
        client.end()
        return Outcome(events: client.events, output: client.output(), isOver: client.session.closesAfterOutput)
    }

    private static let seedsMax: UInt64 = 400

    private static let parts = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n1234\r\n7", "\r\n", "GET / HTTP/1.0\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n",
        "POST /d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ]

    /// What may replace a byte: those that the grammar turns on.
    private static let replacements = Array("\r\n\0 \t:;,0159aAfFxHG/?*.-\u{7F}".utf8)

    @Test func `mean the same at every place where they may be cut in two`() {
        for part in Self.parts + [Self.parts.joined()] {
            let bytes = Array(part.utf8)
            let whole = Self.outcome(bytes) { bytes.count }
            for cut in 1..<bytes.count {
                var isFirst = true
                let divided = Self.outcome(bytes) {
                    defer { isFirst = false }
                    return isFirst ? cut : bytes.count
                }
                #expect(divided == whole, "cut at \(cut) of \(part)")
            }
            #expect(Self.outcome(bytes) { 1 } == whole, "byte by byte: \(part)")
        }
    }

    /// Some requests, in which up to three bytes are changed, added or lost.
    private static func history(_ random: inout Generator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            bytes += Array(Self.parts.randomElement(using: &random)!.utf8)
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            let byte = Self.replacements.randomElement(using: &random)!
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = byte
            case 1: bytes.insert(byte, at: place)
            default: if bytes.count > 1 { bytes.remove(at: place) }
            }
        }
        return bytes
    }

    @Test(arguments: 1...seedsMax)
    func `mean the same however they are divided, right or wrong`(seed: UInt64) {
        var random = Generator(state: seed)
        let bytes = Self.history(&random)
        let text = String(decoding: bytes, as: UTF8.self).debugDescription
        let whole = Self.outcome(bytes) { bytes.count }
        #expect(Self.outcome(bytes) { 1 } == whole, "seed \(seed): \(text)")
        for _ in 0..<5 {
            let divided = Self.outcome(bytes) { Int.random(in: 1...20, using: &random) }
            #expect(divided == whole, "seed \(seed): \(text)")
        }
    }

    @Test func `are right in many of these histories, and wrong in many ways in others`() {
        var answered = 0
        var violations: Set<HTTP1Violation> = []
        for seed in 1...Self.seedsMax {
            var random = Generator(state: seed)
            let bytes = Self.history(&random)
            let outcome = Self.outcome(bytes) { bytes.count }
            answered += outcome.output.contains(" 200 OK") ? 1 : 0
            if case .failed(let violation) = outcome.events.last { violations.insert(violation) }
        }
        #expect(answered > 200 && violations.count > 10, "\(answered) answered, \(violations)")
    }
}
