import RPCModel
import RPCProtocols
import Testing

/// Connect protocol, "Unary-Get-Request".
@Suite struct ConnectQueryTests {
    @Test func `the members may be in any order, with unknown ones between`() throws {
        let query = try ConnectQuery(
            parsing: "x=1&message=AQI&base64=1&y&encoding=proto&connect=v1&compression=gzip")
        #expect(query.codec == .proto && query.message == [1, 2] && query.compression == .gzip)
    }

    @Test func `JSON may be percent-encoded`() throws {
        let query = try ConnectQuery(parsing: "encoding=json&message=%7b%22a%22%3A%22b+c%2B%22%7D")
        #expect(query.codec == .json)
        #expect(String(decoding: query.message, as: UTF8.self) == #"{"a":"b c+"}"#)
        #expect(query.compression == CallOptions.Compression.none)
    }

    @Test(
        "base64 is of the alphabet for URLs, with or without padding",
        arguments: ["-_8", "-_8=", "-_8%3D", "%2D_8"])
    func base64(text: String) throws {
        #expect(try ConnectQuery(parsing: "encoding=proto&base64=1&message=\(text)").message == [0xFB, 0xFF])
    }

    @Test func `an empty message is a message`() throws {
        #expect(try ConnectQuery(parsing: "encoding=proto&base64=1&message=").message.isEmpty)
        #expect(try ConnectQuery(parsing: "encoding=json&message").message.isEmpty)
    }

    @Test func `of several members with one name the first counts`() throws {
        #expect(
            try ConnectQuery(parsing: "encoding=json&encoding=proto&message=1&message=2").message == [0x31])
    }

    @Test func `an unknown encoding is left to HTTP`() throws {
        #expect(try ConnectQuery(parsing: "encoding=xml&message=1").codec == nil)
    }

    @Test(arguments: [
        "", "encoding=json", "message=1", "connect=v2&encoding=json&message=1",
        "connect=&encoding=json&message=1",
        "encoding=proto&message=AQI", "encoding=json&compression=gzip&message=AQI",
        "encoding=proto&base64=0&message=AQI",
        "encoding=proto&base64=1&message=*", "encoding=proto&base64=1&message=A",
        "encoding=proto&base64=1&message=-_8==",
        "encoding=json&message=%", "encoding=json&message=%4", "encoding=json&message=%zz",
        "%=1&encoding=json&message=1",
    ])
    func `every other query is the client's fault`(query: String) {
        let error = #expect(throws: RPCError.self) { try ConnectQuery(parsing: query) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `an unknown compression is not supported`() {
        let error = #expect(throws: RPCError.self) {
            try ConnectQuery(parsing: "encoding=json&message=1&compression=br")
        }
        #expect(error?.code == .unimplemented)
        #expect(error?.message.contains("gzip") == true)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `what is written is read again`(seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<200 {
            let message = numbers.bytes(Int.random(in: 0...40, using: &numbers))
            for codec in MessageCodec.allCases {
                let compression: CallOptions.Compression = Bool.random(using: &numbers) ? .gzip : .none
                let query = ConnectQuery.write(codec: codec, message: message, compression: compression)
                let again = try ConnectQuery(parsing: query)
                #expect(again.message == message && again.codec == codec && again.compression == compression)
            }
        }
    }
}
