import RPCModel
import Testing

@Suite("Timeouts and messages on the wire") struct WireTextTests {
    @Test(
        "every unit of grpc-timeout is read",
        arguments: [
            ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)),
            ("4m", .milliseconds(4)),
            ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("99999999n", .nanoseconds(99_999_999)),
            ("0S", .zero),
            ("99999999H", GRPCTimeout.longest),
        ])
    func readsTimeout(text: String, expected: Duration) {
        #expect(GRPCTimeout.parse(Array(text.utf8).span) == expected)
    }

    @Test(
        "a malformed grpc-timeout is told from one that passed",
        arguments: ["", "S", "1", "123456789S", "-1S", "1s", "1 S"])
    func refusesTimeout(text: String) {
        #expect(GRPCTimeout.parse(Array(text.utf8).span) == nil)
    }

    @Test(
        "a timeout is written so that it never gets shorter",
        arguments: [
            (Duration.nanoseconds(1), "1n"), (.milliseconds(50), "50000000n"), (.seconds(1), "1000000u"),
            (.seconds(100), "100000m"), (.nanoseconds(100_000_001), "100001u"),
            (.seconds(200_000), "200000S"),
            (.seconds(-1), "0n"),
        ])
    func writesTimeout(duration: Duration, expected: String) {
        #expect(GRPCTimeout.format(duration) == expected)
    }

    @Test(
        "a status message survives the header",
        arguments: [
            "", "plain", "50% off", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n",
        ])
    func messageRoundTrips(message: String) {
        let encoded = PercentEncoding.encode(message)
        #expect(encoded.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(PercentEncoding.decode(encoded) == message)
    }

    @Test("a broken escape is kept as it is", arguments: ["%", "%4", "%zz", "a%"])
    func brokenEscape(text: String) {
        #expect(PercentEncoding.decode(Array(text.utf8)) == text)
    }

    @Test(
        "grpc's content types are told from others",
        arguments: [
            ("application/grpc", true), ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false), ("application/json", false), ("application/grp", false),
            ("", false),
        ])
    func contentType(text: String, expected: Bool) {
        #expect(GRPCContentType.isGRPC(Array(text.utf8).span) == expected)
    }

    @Test(
        "a grpc-status is a number from 0 to 16 without a leading zero",
        arguments: ["00", "01", "17", "", "x", "-1", "100"])
    func refusesStatus(text: String) {
        #expect(RPCError.Code.parse(grpcStatus: Array(text.utf8).span) == nil)
    }

    @Test("every status code is read back from its number") func readsStatus() {
        for code in RPCError.Code.allCases {
            #expect(
                RPCError.Code.parse(grpcStatus: Array("\(code.rawValue)".utf8).span) == .some(.some(code)))
        }
        #expect(RPCError.Code.parse(grpcStatus: Array("0".utf8).span) == .some(nil))
    }
}
