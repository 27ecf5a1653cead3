internal import ArgumentParser
internal import Foundation
internal import RPCClient
internal import RPCModel
internal import TLSEngine
internal import TelehealthClient
internal import TextFormats

/// Where the server is and how to reach it.
struct TargetOptions: ParsableArguments {
    @Option(
        name: [.long, .customShort("t")],
        help: "host:port, dns:///host:port or unix:/path. Default: TELEHEALTH_TARGET, else 127.0.0.1:50051.")
    var target: String?

    @Flag(help: "Speak TLS, trusting the system's certificate authorities.")
    var tls = false

    @Option(help: "Speak TLS, trusting the certificate authorities in this PEM file.")
    var ca: String?

    @Option(help: "Client certificate (PEM file), for servers that want one; with --key.")
    var cert: String?

    @Option(help: "Private key of --cert (PEM file).")
    var key: String?

    @Option(help: "The name to expect in the server's certificate. Default: the target's host.")
    var serverName: String?

    @Option(
        help: """
            Seconds of silence, 10 to 86400, after which an open call's connection is asked whether it lives; 0 for \
            never. Other servers may end connections that ask more often than every 300 s.
            """)
    var keepalive = 20

    @Option(help: "Seconds for one call, 0.001 or more; inf for no limit.")
    var timeout = TimeLimit(.seconds(20))

    func validate() throws {
        guard keepalive == 0 || (10...86_400).contains(keepalive) else {
            throw ValidationError("--keepalive is 10 to 86400, or 0 for never")
        }
    }

    var address: String {
        target ?? ProcessInfo.processInfo.environment["TELEHEALTH_TARGET"] ?? "127.0.0.1:50051"
    }

    /// nil = without a limit.
    var callTimeout: Duration? { timeout.duration }

    private var usesTLS: Bool { tls || ca != nil || cert != nil }

    /// Bearer tokens are passwords: whoever can read one on its way can use it.
    ///
    /// - Throws: a usage failure when the calls would leave this machine in plain text.
    func requirePrivacy(forTokenOf source: DisplayText) throws {
        guard !usesTLS, let parsed = ChannelTarget(address), !parsed.staysOnThisMachine else { return }
        throw ProbeFailure.usage(
            """
            the token of \(source) would go to \(address) in plain text, for everybody on the way to read and to use.
            Speak TLS (--tls, or --ca FILE), come to the service by a tunnel that ends on 127.0.0.1, or call without a token.
            """)
    }

    func channelConfiguration() throws -> ChannelConfiguration {
        var configuration = ChannelConfiguration()
        configuration.serverName = serverName
        configuration.userAgent = "telehealth-probe/1"
        configuration.keepalive = keepalive > 0 ? .seconds(keepalive) : nil
        guard usesTLS else { return configuration }
        guard (cert == nil) == (key == nil) else { throw ProbeFailure.usage("--cert and --key go together") }
        var settings = TLSClientConfiguration()
        settings.authorityFile = ca
        settings.certificateChainFile = cert
        settings.privateKeyFile = key
        do {
            configuration.tls = try TLSClientContext(settings)
        } catch {
            throw ProbeFailure.usage("TLS cannot be set up: \(error)")
        }
        return configuration
    }

    func clientConfiguration() throws -> ClientConfiguration {
        var configuration = ClientConfiguration(target: address, channel: try channelConfiguration())
        configuration.keepalive = configuration.channel.keepalive
        return configuration
    }

    func makeChannel(interceptors: [any ClientInterceptor] = []) throws -> RPCChannel {
        var configuration = try channelConfiguration()
        configuration.interceptors = interceptors
        do {
            return try RPCChannel(target: address, configuration: configuration)
        } catch {
            throw ProbeFailure.usage("\(error)")
        }
    }

    /// What a failed call means to the person at the terminal.
    func failure(_ error: RPCError, doing what: DisplayText) -> ProbeFailure {
        // Made up here is also what a server's answer came to that could not be read.
        let isUnanswered =
            error.isBrokenConnection || error.code == .unavailable || error.code == .deadlineExceeded
        guard error.isFromPeer || !isUnanswered else {
            let hint: DisplayText =
                error.code == .unavailable
                ? "\nIs the service running? tools/run starts one on 127.0.0.1:50051." : ""
            return .connection("\(what): no answer from \(address): \(error)\(hint)")
        }
        return .call("\(what): \(error)\(ErrorDetails.lines(of: error))")
    }
}
