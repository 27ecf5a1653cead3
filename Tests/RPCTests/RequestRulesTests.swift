import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

/// A request with one rule: its number is not negative.
private struct Amount: Message {
    static let fullName = "test.Amount"
    var value: Int32 = 0
    var unknownFields = UnknownFields()

    init() {}

    init(_ value: Int32) { self.value = value }

    func encode(into buffer: inout ByteBuffer) { buffer.write(1, value, as: WireInt32.self) }

    mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case 8: try reader.read(&value, as: WireInt32.self)
            default: guard try reader.keepUnknown(tag, in: &unknownFields) else { return }
            }
        }
    }

    func checkRules(_ violations: inout RuleViolations) {
        if value < 0 { violations.add("value", "int32.gte", "must be at least 0") }
    }
}

/// Every kind of call with such requests; counts what reaches a handler.
private final class AmountService: RPCService {
    static func method(_ name: String, client: Bool = false, server: Bool = false) -> MethodDescriptor {
        MethodDescriptor(service: "test.Amounts", name: name, isClientStreaming: client, isServerStreaming: server)
    }
    static let plain = method("Plain")
    static let one = method("One")
    static let many = method("Many", server: true)
    static let sum = method("Sum", client: true)
    static let each = method("Each", client: true, server: true)

    let reached = Mutex<[Int32]>([])

    private func reach(_ value: Int32) { reached.withLock { $0.append(value) } }

    var routes: [ServerRoute] {
        [
            .unary(
                Self.plain,
                atOnce: { [self] (request: Amount, _) throws(RPCError) -> Amount in
                    reach(request.value)
                    return request
                }),
            .unary(Self.one) { [self] (request: Amount, _) async throws(RPCError) -> Amount in
                reach(request.value)
                return request
            },
            .serverStreaming(Self.many) {
                [self] (request: Amount, responses: ResponseWriter<Amount>, _) async throws(RPCError) in
                reach(request.value)
                try await responses.write(request)
            },
            .clientStreaming(Self.sum) { [self] (requests: RequestStream<Amount>, _) async throws(RPCError) -> Amount in
                for try await request in requests { reach(request.value) }
                return Amount(0)
            },
            .bidirectional(Self.each) {
                [self] (requests: RequestStream<Amount>, responses: ResponseWriter<Amount>, _) async throws(RPCError) in
                for try await request in requests {
                    reach(request.value)
                    try await responses.write(request)
                }
            },
        ]
    }
}

@Suite("Rules of requests", .timeLimit(.minutes(1))) struct RequestRulesTests {
    private let service = AmountService()

    /// The error of a call with a good request and then, where the method takes several, a wrong one.
    private func refusal(of method: MethodDescriptor, on channel: any CallChannel) async throws -> RPCError? {
        do throws(RPCError) {
            switch (method.isClientStreaming, method.isServerStreaming) {
            case (false, false):
                let _: Amount = try await channel.unary(method, Amount(-1), options: CallOptions())
            case (false, true):
                let responses: ResponseStream<Amount> = channel.serverStreaming(
                    method, Amount(-1), options: CallOptions())
                for try await _ in responses {}
            case (true, false):
                let call: ClientStreamingCall<Amount, Amount> = channel.clientStreaming(method, options: CallOptions())
                try await call.write(Amount(7))
                try await call.write(Amount(-1))
                _ = try await call.finish()
            case (true, true):
                let call: BidirectionalCall<Amount, Amount> = channel.bidirectional(method, options: CallOptions())
                try await call.write(Amount(7))
                try await call.write(Amount(-1))
                call.finishWriting()
                for try await _ in call.responses {}
            }
            return nil
        } catch {
            return error
        }
    }

    @Test("a request that breaks a rule reaches no handler, whatever the kind of call")
    func refuses() async throws {
        let channel = try InProcessChannel(services: [service])
        for route in service.routes {
            let error = try await refusal(of: route.method, on: channel)
            #expect(error?.code == .invalidArgument, "\(route.method)")
            #expect(error?.message == "value must be at least 0")
        }
        #expect(service.reached.withLock { $0 }.allSatisfy { $0 == 7 })
    }

    @Test("a service may answer them in words of its own, and keeps its care for calls")
    func answersInItsOwnWords() async throws {
        let care = CallCare(endsWithServer: true)
        let own = service.with(care, for: AmountService.many).refusingInvalidRequests { violations in
            RPCError(.outOfRange, violations.map { "\($0.field) \($0.rule)" }.joined())
        }
        #expect(own.routes.filter { $0.care == care }.map(\.method.name) == ["Many"])
        let channel = try InProcessChannel(services: [own])
        for route in own.routes {
            let error = try await refusal(of: route.method, on: channel)
            #expect(error?.code == .outOfRange && error?.message == "value int32.gte", "\(route.method)")
        }
    }

    @Test("a handler that answers at once is held to them as well")
    func holdsPlainHandlers() async throws {
        #expect(service.routes.filter(\.answersAtOnce).map(\.method.name) == ["Plain"])
        let channel = try InProcessChannel(services: [service])
        let answer: Amount = try await channel.unary(AmountService.plain, Amount(3), options: CallOptions())
        #expect(answer.value == 3)
    }
}
