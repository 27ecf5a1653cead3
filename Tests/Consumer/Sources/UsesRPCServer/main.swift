import ProtobufWire
import RPCModel
import RPCServer

/// Answers with what it was asked.
struct Echo: RPCService {
    let routes = [
        ServerRoute.unary(MethodDescriptor(service: "consumer.Echo", name: "Say")) {
            (request: Google_Protobuf_StringValue, _) async throws(RPCError) -> Google_Protobuf_StringValue in request
        }
    ]
}

let server = try RPCServer(
    configuration: ServerConfiguration(listeners: [.unix(path: CommandLine.arguments[1])]), services: [Echo()])
_ = try await server.start()
// Until whoever started it closes the pipe.
while readLine() != nil {}
await server.shutdown(grace: .zero)
print("a service was offered")
