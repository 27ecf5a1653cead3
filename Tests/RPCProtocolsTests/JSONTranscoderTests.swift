import ProtobufReflection
import RPCModel
import RPCProtocols
import Testing

/// protobuf.dev/programming-guides/json.
@Suite struct JSONTranscoderTests {
    private static func bytes(_ json: String) throws -> [UInt8] {
        try HealthMethods.transcoder().requestBytes(ofJSON: Array(json.utf8))
    }

    @Test(
        "a request is read",
        arguments: [
            #"{"service":"a"}"#, #" { "service" : "a" , "unknown" : [ { "x" : 1 } ] } "#,
            #"{"service":"a","x":null}"#,
        ])
    func reads(json: String) throws {
        #expect(try Self.bytes(json) == HealthMethods.request("a"))
    }

    @Test func `null is unset`() throws {
        #expect(try Self.bytes(#"{"service":null}"#).isEmpty)
    }

    @Test(
        "malformed JSON is the client's fault",
        arguments: [
            "", "null", "[]", "{", #"{"service":1}"#, #"{"service":"a","service":"b"}"#,
            #"{"service":"\ud800"}"#,
            #"{"service":"a"}{}"#, String(repeating: #"{"x":"#, count: 200),
        ])
    func refuses(json: String) throws {
        let error = #expect(throws: RPCError.self) { try Self.bytes(json) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `bytes that are not UTF-8 are the client's fault`() throws {
        let transcoder = try HealthMethods.transcoder()
        let error = #expect(throws: RPCError.self) {
            try transcoder.requestBytes(ofJSON: Array(#"{"service":""#.utf8) + [0xFF] + Array(#""}"#.utf8))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `an error names the member at fault`() {
        let error = #expect(throws: RPCError.self) { try Self.bytes(#"{"service":1}"#) }
        #expect(error?.message.contains("service") == true)
    }

    @Test func `a response is written with names of enums, and without defaults`() throws {
        let transcoder = try HealthMethods.transcoder()
        #expect(
            try String(decoding: transcoder.json(ofResponse: HealthMethods.serving), as: UTF8.self)
                == HealthMethods.servingJSON)
        #expect(try String(decoding: transcoder.json(ofResponse: []), as: UTF8.self) == "{}")
        #expect(
            try String(decoding: transcoder.json(ofResponse: [8, 99]), as: UTF8.self) == #"{"status":99}"#)
    }

    @Test func `a client writes requests and reads responses`() throws {
        let transcoder = try HealthMethods.transcoder()
        let json = try transcoder.json(ofRequest: HealthMethods.request("a"))
        #expect(String(decoding: json, as: UTF8.self) == #"{"service":"a"}"#)
        #expect(
            try transcoder.responseBytes(ofJSON: Array(HealthMethods.servingJSON.utf8))
                == HealthMethods.serving)
        let error = #expect(throws: RPCError.self) { try transcoder.responseBytes(ofJSON: [0x5B]) }
        #expect(error?.code == .internal)
    }

    @Test func `bytes that are not the message are the server's fault`() throws {
        let transcoder = try HealthMethods.transcoder()
        let error = #expect(throws: RPCError.self) { try transcoder.json(ofResponse: [0x08]) }
        #expect(error?.code == .internal)
    }

    @Test func `a method that the descriptors lack has no JSON`() throws {
        let pool = try DescriptorPool(files: [])
        #expect(JSONTranscoder(HealthMethods.check, in: pool) == nil)
    }
}
