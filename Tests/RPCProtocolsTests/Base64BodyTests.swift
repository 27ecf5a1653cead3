import RPCModel
import RPCProtocols
import Testing
import TextFormats

/// gRPC PROTOCOL-WEB.md, "Protocol differences": base64 with padding inside.
@Suite struct Base64BodyTests {
    private static func read(_ text: String, every size: Int) throws(RPCError) -> [UInt8] {
        var reader = Base64BodyReader()
        var bytes: [UInt8] = []
        for part in cut(Array(text.utf8), every: size) {
            try part.span.bytes.withUnsafeBytes { (part: UnsafeRawBufferPointer) throws(RPCError) in
                try reader.receive(part, into: &bytes)
            }
        }
        try reader.end()
        return bytes
    }

    @Test("padding may be inside, wherever the text is cut", arguments: 1...13)
    func paddingInside(size: Int) throws {
        // RFC 4648 section 10: "f", "fo", "foo" and "foobar", one after the other.
        #expect(try Self.read("Zg==Zm8=Zm9vZm9vYmFy", every: size) == Array("ffofoofoobar".utf8))
        #expect(try Self.read("", every: size).isEmpty)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg==Z", "====", "Z===", "=Zg=", "Zg=g", "Zm9*", "Zm9\n", "Zm9-", "Zm 9v",
    ])
    func `what is not base64 is the peer's fault`(text: String) {
        for size in 1...5 {
            let error = #expect(throws: RPCError.self) { try Self.read(text, every: size) }
            #expect(error?.code == .internal)
        }
    }

    @Test(arguments: [11, 12, 13] as [UInt64]) func `texts written flush by flush are read at any split`(
        seed: UInt64
    ) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<100 {
            let parts = (0..<Int.random(in: 1...6, using: &numbers)).map { _ in
                numbers.bytes(Int.random(in: 0...20, using: &numbers))
            }
            let text = parts.map(Base64.standard.text).joined()
            let size = Int.random(in: 1...9, using: &numbers)
            #expect(try Self.read(text, every: size) == parts.flatMap { $0 })
        }
    }
}
