internal import ArgumentParser
internal import ProtobufReflection
internal import RPCClient
internal import RPCModel
internal import TextFormats

/// Where message descriptors come from.
struct DescriptorOptions: ParsableArguments {
    @Option(
        name: .customLong("descriptor-set"),
        help: """
            A FileDescriptorSet (protoc --include_imports --descriptor_set_out). Default: the server's reflection; for \
            telehealth.v1, the descriptors built into this program.
            """)
    var file: String?

    /// Descriptors that contain `symbol`.
    func pool(containing symbol: String, at source: DescriptorSource, target: TargetOptions) async throws
        -> DescriptorPool
    {
        if let file { return try DescriptorSource.pool(ofFile: file) }
        let own = try JSONText.own().pool
        if SymbolText.text(of: symbol, in: own) != nil { return own }
        do {
            do {
                return try await source.pool(containing: symbol)
            } catch let failure as ProbeFailure {
                // Not every server finds symbols inside a message, a service or an enum.
                guard let dot = symbol.lastIndex(of: "."),
                    let pool = try? await source.pool(containing: String(symbol[..<dot]))
                else { throw failure }
                return pool
            }
        } catch let error as RPCError {
            guard error.code == .unimplemented else { throw target.failure(error, doing: "reflection") }
            throw ProbeFailure.call(
                "The server does not support reflection; provide its descriptors with --descriptor-set FILE.")
        }
    }
}
