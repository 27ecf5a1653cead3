internal import ArgumentParser
internal import ProtobufReflection
internal import RPCClient
internal import RPCModel
internal import TextFormats

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Print a service, method, message, field, oneof, enum or enum value in .proto syntax.")

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var descriptors: DescriptorOptions

    @Argument(help: "A full name, for example telehealth.v1.Session or package.Service/Method.")
    var symbol: String

    func run() async throws {
        let channel = try target.makeChannel(interceptors: [AddedMetadata(metadata: identity.metadata(for: target))])
        let source = DescriptorSource(channel: channel, timeout: target.callTimeout)
        let name = symbol.replacing("/", with: ".").drop { $0 == "." }
        let pool = try await descriptors.pool(containing: String(name), at: source, target: target)
        guard let text = SymbolText.text(of: String(name), in: pool) else {
            throw ProbeFailure.call("unknown symbol \(symbol): must name a service, method, message, field, oneof or enum")
        }
        Terminal.say("\(lines: text)")
        await channel.shutdown()
    }
}
