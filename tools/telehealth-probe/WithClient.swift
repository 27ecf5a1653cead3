internal import RPCModel
internal import TelehealthClient
internal import TextFormats

/// One piece of work with a client of its own, whose failures are told as the probe tells them.
///
/// - Parameters:
///   - token: what the client calls with; nil: what the identity's options ask for.
///   - configure: changes what the target's options say.
func withClient<Value>(
    _ target: TargetOptions, _ identity: IdentityOptions, token: String? = nil, doing what: DisplayText,
    configure: (inout ClientConfiguration) -> Void = { _ in }, _ body: (TelehealthClient) async throws -> Value
) async throws -> Value {
    guard let token = try token ?? identity.token(for: target) else {
        throw ProbeFailure.usage("no identity: use --as ROLE, --token-file or TELEHEALTH_TOKEN")
    }
    var configuration = try target.clientConfiguration()
    configure(&configuration)
    let client = try TelehealthClient(configuration, tokens: FixedToken(token))
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch let error as RPCError {
        await client.shutdown()
        throw target.failure(error, doing: what)
    }
}
