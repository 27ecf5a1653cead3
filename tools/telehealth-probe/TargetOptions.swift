internal import ArgumentParser
internal import FoundationEssentials
internal import RPCClient
internal import RPCModel
internal import TLSEngine
internal import TelehealthClient
internal import TextFormats

/// The server's address and how to connect to it.
struct TargetOptions: ParsableArguments {
    @Option(
        name: [.long, .customShort("t")],
        help: "host:port, dns:///host:port or unix:/path. Default: TELEHEALTH_TARGET, else 127.0.0.1:50051.")
    var target: String?

    @Flag(help: "Use TLS with the system's certificate authorities.")
    var tls = false

    @Option(help: "Use TLS with the certificate authorities in this PEM file.")
    var ca: String?

    @Option(help: "Client certificate (PEM file), for servers that require one; needs --key.")
    var cert: String?

    @Option(help: "Private key of --cert (PEM file).")
    var key: String?

    @Option(help: "The server name to expect in the certificate. Default: the target's host.")
    var serverName: String?

    @Option(
        help: """
            Seconds of silence on an open call's connection before a keepalive ping, 10 to 86400; 0 for never. Other \
            servers may close connections that ping more often than every 300 s.
            """)
    var keepalive = 20

    @Option(help: "Seconds per call, 0.001 or more; inf means no limit.")
    var timeout = TimeLimit(.seconds(20))

    func validate() throws {
        guard keepalive == 0 || (10...86_400).contains(keepalive) else {
            throw ValidationError("--keepalive must be 10 to 86400 seconds, or 0 for never")
        }
    }

    var address: String {
        target ?? ProcessInfo.processInfo.environment["TELEHEALTH_TARGET"] ?? "127.0.0.1:50051"
    }

    /// nil for no limit.
    var callTimeout: Duration? { timeout.duration }

    private var usesTLS: Bool { tls || ca != nil || cert != nil }

    /// A bearer token is like a password: whoever can intercept it can use it.
    ///
    /// - Throws: a usage failure when the calls would leave this machine in plain text.
    func requirePrivacy(forTokenOf source: DisplayText) throws {
        guard !usesTLS, let parsed = ChannelTarget(address), !parsed.staysOnThisMachine else { return }
        throw ProbeFailure.usage(
            """
            refusing to send the token of \(source) to \(address) in plain text, where others could read and use it.
            Use TLS (--tls or --ca FILE), reach the service through a tunnel that ends on 127.0.0.1, or call without a token.
            """)
    }

    func channelConfiguration() throws -> ChannelConfiguration {
        var configuration = ChannelConfiguration()
        configuration.serverName = serverName
        configuration.userAgent = "telehealth-probe/1"
        configuration.keepalive = keepalive > 0 ? .seconds(keepalive) : nil
        guard usesTLS else { return configuration }
        guard (cert == nil) == (key == nil) else { throw ProbeFailure.usage("--cert and --key must be used together") }
        var settings = TLSClientConfiguration()
        settings.authorityFile = ca
        settings.certificateChainFile = cert
        settings.privateKeyFile = key
        do {
            configuration.tls = try TLSClientContext(settings)
        } catch {
            throw ProbeFailure.usage("cannot set up TLS: \(error)")
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

    /// Explains a failed call to the person at the terminal.
    func failure(_ error: RPCError, doing what: DisplayText) -> ProbeFailure {
        // An undecodable response is also an error made up on this side.
        let isUnanswered =
            error.isBrokenConnection || error.code == .unavailable || error.code == .deadlineExceeded
        guard error.isFromPeer || !isUnanswered else {
            let hint: DisplayText =
                error.code == .unavailable
                ? "\nIs the service running? tools/run starts one on 127.0.0.1:50051." : ""
            return .connection("\(what): no response from \(address): \(error)\(hint)")
        }
        return .call("\(what): \(error)\(ErrorDetails.lines(of: error))")
    }
}
