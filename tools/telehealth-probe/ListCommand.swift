internal import ArgumentParser
internal import ProtobufReflection
internal import RPCClient
internal import RPCModel
internal import TextFormats

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a server's services, or a service's methods, through reflection.")

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var descriptors: DescriptorOptions

    @Argument(help: "A service whose methods to list. Default: list all services.")
    var service: String?

    func run() async throws {
        let channel = try target.makeChannel(interceptors: [AddedMetadata(metadata: identity.metadata(for: target))])
        let source = DescriptorSource(channel: channel, timeout: target.callTimeout)
        if let service {
            let pool = try await descriptors.pool(containing: service, at: source, target: target)
            guard let found = pool.service(named: service) else {
                throw ProbeFailure.call("unknown service \(service); 'list' shows the server's services")
            }
            for method in found.methods { Terminal.say("\(service)/\(method.name)") }
        } else if let file = descriptors.file {
            for name in try DescriptorSource.pool(ofFile: file).serviceNames { Terminal.say("\(name)") }
        } else {
            do {
                for name in try await source.serviceNames() { Terminal.say("\(name)") }
            } catch {
                throw target.failure(error, doing: "list")
            }
        }
        await channel.shutdown()
    }
}
