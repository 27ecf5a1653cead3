import ProtobufWire
import RPCModel
import Synchronization

typealias Text = Google_Protobuf_StringValue
typealias Number = Google_Protobuf_Int64Value

extension Google_Protobuf_StringValue {
    init(_ value: String) {
        self.init()
        self.value = value
    }
}

extension Google_Protobuf_Int64Value {
    init(_ value: Int64) {
        self.init()
        self.value = value
    }
}

/// `interop.Test`: what the foreign peers implement too. Its messages are the wrappers every protobuf library
/// brings.
enum InteropMethod {
    static let echo = unary("Echo")
    /// Fails with the status of that number.
    static let fail = unary("Fail")
    /// Sends `x-echo` and `x-echo-bin` back, as initial and trailing metadata.
    static let metadata = unary("Metadata")
    /// Never answers; its cancellation is counted.
    static let hang = unary("Hang")
    static let cancelled = unary("Cancelled")
    static let count = MethodDescriptor(service: "interop.Test", name: "Count", isServerStreaming: true)
    static let sum = MethodDescriptor(service: "interop.Test", name: "Sum", isClientStreaming: true)
    static let chat = MethodDescriptor(
        service: "interop.Test", name: "Chat", isClientStreaming: true, isServerStreaming: true)

    private static func unary(_ name: String) -> MethodDescriptor {
        MethodDescriptor(service: "interop.Test", name: name)
    }
}

final class InteropService: RPCService {
    private let cancelled = Atomic<Int64>(0)

    var routes: [ServerRoute] {
        [
            .unary(InteropMethod.echo) { (request: Text, _) async throws(RPCError) -> Text in request },
            .unary(InteropMethod.fail) { (request: Number, context) async throws(RPCError) -> Text in
                context.trailingMetadata = ["x-trailing": "t"]
                let code = RPCError.Code(rawValue: UInt8(clamping: request.value)) ?? .unknown
                // A google.rpc.Status with this code and the message "details".
                let details: [UInt8] = [0x08, code.rawValue, 0x12, 7] + Array("details".utf8)
                throw RPCError(code, "\t\nwhitespace\r\nand ☺ and 😈\t\n", statusDetails: details)
            },
            .unary(InteropMethod.metadata) { (request: Text, context) async throws(RPCError) -> Text in
                for value in context.metadata.values(named: "x-echo") {
                    context.initialMetadata.append("x-echo", value)
                }
                if let bytes = context.metadata.binary(named: "x-echo-bin") {
                    context.trailingMetadata.append("x-echo-bin", binary: bytes)
                }
                return request
            },
            .unary(InteropMethod.hang) { [self] (request: Text, context) async throws(RPCError) -> Text in
                context.onCancel { [self] in cancelled.add(1, ordering: .relaxed) }
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                return request
            },
            .unary(InteropMethod.cancelled) { [self] (_: Text, _) async throws(RPCError) -> Number in
                Number(cancelled.load(ordering: .relaxed))
            },
            .serverStreaming(InteropMethod.count) {
                (request: Number, responses: ResponseWriter<Number>, _) async throws(RPCError) in
                for index in 0..<max(0, request.value) { try await responses.write(Number(index)) }
            },
            .clientStreaming(InteropMethod.sum) {
                (requests: RequestStream<Number>, _) async throws(RPCError) -> Number in
                var sum: Int64 = 0
                for try await request in requests { sum &+= request.value }
                return Number(sum)
            },
            .bidirectional(InteropMethod.chat) {
                (requests: RequestStream<Text>, responses: ResponseWriter<Text>, _) async throws(RPCError) in
                for try await request in requests { try await responses.write(Text("re: " + request.value)) }
            },
        ]
    }
}
