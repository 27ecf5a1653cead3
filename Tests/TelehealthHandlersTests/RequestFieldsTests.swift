import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthHandlers

@Suite("Reading requests") struct RequestFieldsTests {
    private func violations(_ body: (inout RequestFields) -> Void) -> [String] {
        var fields = RequestFields()
        body(&fields)
        return fields.violations.map(\.field)
    }

    @Test(arguments: [("  ", ["note"]), ("a\u{0}b", ["note"]), ("", ["note"]), ("é", []), ("-1-", [])])
    func `a required text says something and holds no NUL`(text: String, wrong: [String]) {
        #expect(violations { _ = $0.text("note", text) } == wrong)
    }

    @Test func `an empty id names nobody`() {
        #expect(SessionID.given("") == nil)
        #expect(SessionID.given("a")?.rawValue == "a")
    }

    @Test func `every wrong field is told at once, and no value is repeated`() throws {
        var fields = RequestFields()
        _ = fields.text("note", "secret-1\u{0}")
        _ = fields.language("language", "secret-2 in a language")
        let error = try #require(throws: RPCError.self) { try fields.finish() }
        #expect(error.code == .invalidArgument)
        let status = try Google_Rpc_Status(decoding: error.statusDetails)
        let bad = try Google_Rpc_BadRequest(decoding: status.details[1].value)
        #expect(bad.fieldViolations.map(\.field) == ["note", "language"])
        #expect(!String(decoding: error.statusDetails, as: UTF8.self).contains("secret"))
        #expect(!error.message.contains("secret"))
    }

    @Test func `what the contract refuses is answered as INVALID_FIELD with a BadRequest`() throws {
        var violations = RuleViolations()
        Telehealth_V1_JoinSessionRequest.with { $0.deviceID = "secret device" }.checkRules(&violations)
        let error = RequestFields.refusal(violations.all)
        #expect(error.code == .invalidArgument)
        #expect(StatusDetails.reason(of: error) == "INVALID_FIELD")
        let status = try Google_Rpc_Status(decoding: error.statusDetails)
        let bad = try Google_Rpc_BadRequest(decoding: status.details[1].value)
        #expect(bad.fieldViolations.map(\.field) == ["key", "request_id", "device_id"])
        #expect(!String(decoding: error.statusDetails, as: UTF8.self).contains("secret"))
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
            let wire = Google_Protobuf_Timestamp.with {
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
