import ProtobufWire
import RPCClient
import RPCModel

let channel = try RPCChannel(target: "unix:" + CommandLine.arguments[1])
var options = CallOptions(timeout: .seconds(30))
options.waitForReady = true
let method = MethodDescriptor(service: "consumer.Echo", name: "Say")
let answer: Google_Protobuf_StringValue = try await channel.unary(
    method, Google_Protobuf_StringValue.with { $0.value = "hello" }, options: options)
await channel.shutdown()
guard answer.value == "hello" else { throw RPCError(.internal, "another answer came") }
print("a service was called")
