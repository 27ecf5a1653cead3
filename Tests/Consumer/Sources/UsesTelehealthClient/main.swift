import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient

var configuration = ClientConfiguration(target: "unix:" + CommandLine.arguments[1])
configuration.maxAttempts = 1
let client = try TelehealthClient(configuration, tokens: FixedToken("token"))
do {
    _ = try await client.sessions.get(.with { $0.key = .sessionID("visit-1") })
    throw RPCError(.internal, "an echo service runs no visits")
} catch let error as RPCError where error.code == .unimplemented {
    print("a telehealth call went out, and its refusal came back")
}
await client.shutdown()
