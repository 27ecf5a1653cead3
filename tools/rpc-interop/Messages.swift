// The suite's messages under the names its documents use, and how they are filled.
import InteropMessages
import ProtobufWire
import RPCModel

typealias Empty = Grpc_Testing_Empty
typealias SimpleRequest = Grpc_Testing_SimpleRequest
typealias SimpleResponse = Grpc_Testing_SimpleResponse
typealias StreamingInputCallRequest = Grpc_Testing_StreamingInputCallRequest
typealias StreamingInputCallResponse = Grpc_Testing_StreamingInputCallResponse
typealias StreamingOutputCallRequest = Grpc_Testing_StreamingOutputCallRequest
typealias StreamingOutputCallResponse = Grpc_Testing_StreamingOutputCallResponse
typealias Methods = Grpc_Testing_TestService_Methods

/// Metadata the server sends back.
enum EchoedMetadata {
    static let initial = "x-grpc-test-echo-initial"
    static let trailing = "x-grpc-test-echo-trailing-bin"
}

extension Grpc_Testing_Payload {
    /// So many zero bytes.
    static func zeros(_ count: Int) -> Self { .with { $0.body = Array(repeating: 0, count: count) } }
}

extension Grpc_Testing_BoolValue {
    init(_ value: Bool) {
        self.init()
        self.value = value
    }
}

extension Grpc_Testing_ResponseParameters {
    init(size: Int, compressed: Bool? = nil) {
        self.init()
        self.size = Int32(size)
        self.compressed = compressed.map(Grpc_Testing_BoolValue.init)
    }
}

extension StreamingOutputCallRequest {
    /// Asks for one response of `size` bytes with a request of `payload` bytes.
    static func exchange(size: Int, payload: Int) -> Self {
        .with { request in
            request.responseParameters = [.init(size: size)]
            request.payload = .zeros(payload)
        }
    }
}
