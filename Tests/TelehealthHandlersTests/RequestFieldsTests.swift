import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthCore
import Testing

@testable import TelehealthHandlers

@Suite("Reading requests") struct RequestFieldsTests {
    private func violations(_ body: (inout RequestFields) -> Void) -> [String] {
        var fields = RequestFields()
        body(&fields)
        return fields.violations.map(\.field)
    }

    @Test(arguments: [
        "0198c2f4-6b1e-7c7a-9d3e-0123456789ab", "0198C2F4-6B1E-7C7A-9D3E-0123456789AB",
        "00000000-0000-0000-0000-000000000000",
    ])
    func `any UUID names a request`(text: String) {
        #expect(violations { _ = $0.requestID(text) } == [])
    }

    @Test(arguments: [
        "", "x", "0198c2f46b1e7c7a9d3e0123456789ab", "0198c2f4-6b1e-7c7a-9d3e-0123456789aG",
        "0198c2f4-6b1e-7c7a-9d3e-0123456789ab0", "{198c2f4-6b1e-7c7a-9d3e-0123456789a}",
        "0198c2f4_6b1e_7c7a_9d3e_0123456789ab", "ⅷ198c2f4-6b1e-7c7a-9d3e-0123456789",
    ])
    func `what is no UUID does not`(text: String) {
        #expect(violations { _ = $0.requestID(text) } == ["request_id"])
    }

    @Test(arguments: [("a", true), (String(repeating: "a", count: 64), true), ("A-z_0.9:b", true)])
    func `ids within the limits pass`(text: String, isGood: Bool) {
        #expect(violations { _ = $0.id("x", text, as: SessionID.self) } == [])
    }

    @Test(arguments: ["", String(repeating: "a", count: 65), "a b", "a/b", "é", "a\u{0}"])
    func `ids beyond them are refused`(text: String) {
        #expect(violations { _ = $0.id("x", text, as: SessionID.self) } == ["x"])
    }

    @Test func `every wrong field is told at once, and no value is repeated`() throws {
        var fields = RequestFields()
        _ = fields.requestID("secret-1")
        _ = fields.text("note", "secret-2 that is too long", bytes: 0...3)
        _ = fields.pageSize(201)
        let error = try #require(throws: RPCError.self) { try fields.finish() }
        #expect(error.code == .invalidArgument)
        let status = try Google_Rpc_Status(decoding: error.statusDetails)
        let bad = try Google_Rpc_BadRequest(decoding: status.details[1].value)
        #expect(bad.fieldViolations.map(\.field) == ["request_id", "note", "page_size"])
        #expect(!String(decoding: error.statusDetails, as: UTF8.self).contains("secret"))
        #expect(!error.message.contains("secret"))
    }

    @Test func `an enum value that nobody knows is refused, zero is the default where there is one`() {
        let unknown = Telehealth_V1_AdmissionPolicy(rawValue: 99)
        #expect(
            violations { _ = $0.choiceOrDefault("p", unknown, AdmissionPolicy(unknown), default: .manual) }
                == ["p"])
        #expect(
            violations {
                _ = $0.choiceOrDefault(
                    "p", .unspecified as Telehealth_V1_AdmissionPolicy, nil, default: AdmissionPolicy.manual)
            } == [])
        #expect(
            violations {
                _ = $0.choice(
                    "p", .unspecified as Telehealth_V1_AdmissionPolicy, nil, default: AdmissionPolicy.manual)
            } == ["p"])
    }

    @Test(arguments: [Telehealth_V1_EndReason.allLeft, .timeout])
    func `a caller cannot end a visit for the service's own reasons`(reason: Telehealth_V1_EndReason) {
        #expect(EndReason(requested: reason) == nil)
    }

    @Test(arguments: [
        -62_135_596_800_000_000, -1_500_001, -1, 0, 1, 1_800_000_000_123_456, 253_402_300_799_999_999,
    ])
    func `a time survives the way to the wire and back`(microseconds: Int64) {
        let time = Timestamp(microseconds: microseconds)
        #expect((0..<1_000_000_000).contains(time.wire.nanos))
        #expect(Timestamp(time.wire) == time)
    }

    @Test func `times outside the years 1 to 9999 are refused`() {
        for (seconds, nanos) in [(-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000)]
            as [(Int64, Int32)]
        {
            let wire: Google_Protobuf_Timestamp = filled {
                $0.seconds = seconds
                $0.nanos = nanos
            }
            #expect(Timestamp(wire) == nil)
        }
    }

    @Test(arguments: 0...70)
    func `a page token is good for its own listing only`(length: Int) throws {
        let id = String(repeating: "ü", count: length)
        let token = PageToken(number: Int64.min + Int64(length), id: id).text(filters: "a")
        if id.isEmpty {
            // A row always has an id: a token without one is made up.
            #expect(throws: RPCError.self) { try PageToken(token, filters: "a") }
            return
        }
        let read = try #require(try PageToken(token, filters: "a"))
        #expect(read.number == Int64.min + Int64(length) && read.id == id)
        let error = #expect(throws: RPCError.self) { try PageToken(token, filters: "b") }
        #expect(error.flatMap(StatusDetails.reason(of:)) == "PAGE_TOKEN_INVALID")
        #expect(throws: RPCError.self) { try PageToken(String(token.dropLast()) + "=", filters: "a") }
    }

    @Test func `no token is the first page`() throws {
        #expect(try PageToken("", filters: "a") == nil)
    }
}
