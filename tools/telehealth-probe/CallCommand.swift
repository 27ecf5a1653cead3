internal import ArgumentParser
internal import FoundationEssentials
internal import ProgramEdge
internal import ProtobufReflection
internal import ProtobufWire
internal import RPCClient
internal import RPCModel
internal import TextFormats

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Call a method in JSON or protobuf text format, and print the responses.",
        discussion: """
            Works with any gRPC server that supports reflection, and with --descriptor-set with any other.

              telehealth-probe call telehealth.v1.TelehealthService/ListSessions \\
                  --as admin -d '{}'
              echo '{"service": ""}' |
                  telehealth-probe call grpc.health.v1.Health/Check -d @-

            For a method that takes a stream, each JSON object of the input is one request.

            With --format text, requests and responses are in protobuf text format: fields by their names in the schema \
            (name: value), nested messages in braces, an Any as [type.googleapis.com/package.Type] {…}. Separate the \
            requests of a stream with the ASCII record separator (30), as with grpcurl:

              telehealth-probe call grpc.health.v1.Health/Check --format text \\
                  -d 'service: ""'
              telehealth-probe call --format text \\
                  grpc.reflection.v1.ServerReflection/ServerReflectionInfo \\
                  -d $'list_services: "*" \\x1E list_services: ""'

            With --repeat, the call is made many times over one connection, and the probe prints latencies instead of \
            responses:

              telehealth-probe call grpc.health.v1.Health/Check \\
                  --repeat 10000 --concurrency 8 --rate 2000
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var descriptors: DescriptorOptions

    @Argument(help: "package.Service/Method")
    var method: String

    @Option(
        name: [.customShort("d"), .long],
        help: "The request; @FILE reads a file, @- standard input. Default: an empty message.")
    var data: String = ""

    @Option(help: "Set the request's `expected_version`: change the session only if it has this `version`.")
    var expectedVersion: Int64?

    @Option(help: "Format of requests and responses: json or text (protobuf text format).")
    var format = MessageFormat.json

    @Option(
        name: [.customShort("H"), .long],
        help: "Metadata to send, as name:value (base64 for names ending in -bin); repeatable.")
    var header: [String] = []

    @Flag(help: "With --format json: also print fields with default values.")
    var emitDefaults = false

    @Flag(help: "With --format text: also print fields unknown to the schema, by number.")
    var showUnknown = false

    @Flag(
        name: .shortAndLong,
        help:
            "Print the request, metadata and timing to standard error; personal data is hidden."
    )
    var verbose = false

    @Flag(help: "With --verbose: show the whole request, including personal data.")
    var showPersonal = false

    @Option(name: .customLong("repeat"), help: "Make the call this many times and print its latencies.")
    var repetitions: Int?

    @Option(help: "With --repeat: number of concurrent calls.")
    var concurrency = 1

    @Option(
        help:
            "With --repeat: calls to start per second; latency counts from the due time. Default: as fast as possible."
    )
    var rate: Double?

    @Flag(help: "With --repeat: print the results as JSON.")
    var json = false

    func validate() throws {
        guard (1...1_000_000_000).contains(repetitions ?? 1), (1...10_000).contains(concurrency) else {
            throw ValidationError("--repeat must be 1 to 1000000000, and --concurrency 1 to 10000")
        }
        guard (0.001...1_000_000).contains(rate ?? 1) else {
            throw ValidationError("--rate must be 0.001 to 1000000 calls per second")
        }
        guard repetitions != nil || (concurrency == 1 && rate == nil && !json) else {
            throw ValidationError("--concurrency, --rate and --json need --repeat")
        }
        guard !emitDefaults || format == .json, !showUnknown || format == .text else {
            throw ValidationError("--emit-defaults needs --format json, and --show-unknown needs --format text")
        }
    }

    func run() async throws {
        let parts = method.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else {
            throw ProbeFailure.usage("invalid method '\(method)': must be package.Service/Method")
        }
        var metadata = try identity.metadata(for: target)
        for line in header { try add(header: line, to: &metadata) }
        if metadata["authorization"] != nil { try target.requirePrivacy(forTokenOf: "'authorization'") }
        var interceptors: [any ClientInterceptor] = [AddedMetadata(metadata: metadata)]
        if verbose, repetitions == nil { interceptors.append(CallTrace()) }
        let channel = try target.makeChannel(interceptors: interceptors)
        let source = DescriptorSource(channel: channel, timeout: target.callTimeout)
        let resolved = ContinuousClock.now
        let pool = try await descriptors.pool(containing: String(parts[0]), at: source, target: target)
        guard let found = pool.service(named: String(parts[0]))?.method(named: String(parts[1])) else {
            throw ProbeFailure.call(
                "\(parts[0]) has no method \(parts[1]); 'list \(parts[0])' shows its methods")
        }
        let schema = ContinuousClock.now - resolved
        let requests = try requestTexts().map { text in try encode(text, as: found.input) }
        guard found.isClientStreaming || requests.count == 1 else {
            throw ProbeFailure.usage("\(found.name) takes one request, but the input has \(requests.count)")
        }
        let call = PreparedCall(
            service: String(parts[0]), method: found, requests: requests,
            options: CallOptions(timeout: target.callTimeout), channel: channel)
        if verbose { try describe(requests, as: found.input, in: pool) }
        if let repetitions {
            try await makeMany(call, repetitions)
        } else {
            try await makeOne(call, schema: schema)
        }
        await channel.shutdown()
    }

    /// Adds a `name:value` of the command line; the value of a `-bin` name is base64.
    private func add(header line: String, to metadata: inout Metadata) throws {
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
            throw ProbeFailure.usage("invalid --header '\(line)': must be name:value")
        }
        let name = line[..<colon].lowercased()
        guard Metadata.isValidName(name) else { throw ProbeFailure.usage("invalid metadata name '\(name)'") }
        let value = line[line.index(after: colon)...].trimmed { $0.isWhitespace && !$0.isNewline }
        guard name.hasSuffix("-bin") else { return metadata.append(name, value) }
        guard let bytes = Base64.unpadded.decode(Array(value.utf8)) else {
            throw ProbeFailure.usage("the value of '\(name)' is not base64")
        }
        metadata.append(name, binary: bytes)
    }

    /// Prints the requests as far as a log may hold them: of a schema without data classes, only their type.
    private func describe(_ requests: [RawMessage], as type: MessageDescriptor, in pool: DescriptorPool)
        throws
    {
        let redaction = Redaction(
            pool, option: "telehealth.v1.data_class", showing: ["DATA_CLASS_PUBLIC", "DATA_CLASS_INTERNAL"])
        for request in requests {
            let message = try DynamicMessage(type, decoding: request.bytes)
            let shown = showPersonal ? message : redaction?.redact(message)
            Terminal.complain("> \(type.fullName) \(lines: try shown.map { try format.text(of: $0) } ?? "")")
        }
    }

    private func makeOne(_ call: PreparedCall, schema: Duration) async throws {
        if call.method.isServerStreaming { ProgramEnd.endWithReader() }
        let started = ContinuousClock.now
        var first: Duration?
        do {
            let trailers = try await call.make { metadata in
                first = ContinuousClock.now - started
                if verbose { show(metadata) }
            } onResponse: { response in
                Terminal.say("\(lines: try decode(response, as: call.method.output))")
            }
            if verbose { show(trailers, behind: " (trailer)") }
        } catch let error as RPCError {
            if verbose { show(error.trailers, behind: " (trailer)") }
            if verbose { explainTimes(schema, first, ContinuousClock.now - started, call.channel) }
            throw target.failure(error, doing: "\(call.name)")
        }
        if verbose { explainTimes(schema, first, ContinuousClock.now - started, call.channel) }
    }

    private func show(_ metadata: Metadata, behind mark: DisplayText = "") {
        for (name, value) in metadata {
            let text =
                switch value {
                case .text(let text): text
                case .binary(let bytes): Base64.unpadded.text(bytes)
                }
            Terminal.complain("< \(name): \(text)\(mark)")
        }
    }

    private func explainTimes(
        _ schema: Duration, _ first: Duration?, _ total: Duration, _ channel: RPCChannel
    ) {
        if let times = channel.lastConnectionTimes { Terminal.complain("connection: \(times.forPeople)") }
        let call = (first.map { "first byte \($0.forPeople), " } ?? "") + "total \(total.forPeople)"
        Terminal.complain("schema: \(schema.forPeople); call: \(call)")
    }

    private func makeMany(_ call: PreparedCall, _ count: Int) async throws {
        // The first call would pay for the connection: its steps are shown by themselves.
        call.channel.connect()
        var state = call.channel.connectivity
        while state == .idle || state == .connecting { state = await call.channel.connectivity(after: state) }
        let calls = RepeatedCalls(count: count, rate: rate, concurrency: min(concurrency, count))
        let tally = await calls.run {
            () async throws(RPCError) in
            try await call.makeQuietly()
        } progress: { tally in
            let failed = tally.failedCount > 0 ? ", \(tally.failedCount) failed" : ""
            Terminal.progress(
                "\(tally.latencies.count) of \(count) calls, \(Int(tally.callsPerSecond)) per second\(failed)")
        }
        Terminal.endProgress()
        let report = CallReport(
            tally: tally, concurrency: calls.concurrency, connection: call.channel.lastConnectionTimes)
        Terminal.say(json ? "\(report.json)" : report.text)
        if tally.failedCount > 0 { throw ProbeFailure.call("\(tally.failedCount) of \(count) calls failed") }
    }

    /// The messages of the input, one a request.
    private func requestTexts() throws -> [String] {
        guard data.hasPrefix("@") else {
            return format.split(String(decoding: Array(data.utf8).withoutByteOrderMark, as: UTF8.self))
        }
        let path = String(data.dropFirst())
        let isStandardInput = path == "-"
        let bytes =
            isStandardInput ? StandardInput.readToEnd() : FileManager.default.contents(atPath: path).map(Array.init)
        guard let bytes else { throw ProbeFailure.usage("cannot read \(isStandardInput ? "standard input" : path)") }
        return format.split(String(decoding: bytes.withoutByteOrderMark, as: UTF8.self))
    }

    private func encode(_ text: String, as type: MessageDescriptor) throws -> RawMessage {
        var message: DynamicMessage
        do { message = try format.read(text, as: type) } catch {
            throw ProbeFailure.usage("the request is not a valid \(type.fullName): \(error)")
        }
        if let expectedVersion {
            guard let field = type.field(named: "expected_version"), field.kind == .int64, !field.isRepeated else {
                throw ProbeFailure.usage("--expected-version does not apply: \(type.fullName) has no expected_version")
            }
            message[field] = .int64(expectedVersion)
        }
        return RawMessage(bytes: message.encodedBytes())
    }

    private func decode(_ message: RawMessage, as type: MessageDescriptor) throws -> String {
        do {
            let style = MessageFormat.Style(
                isIndented: Terminal.isInteractive, includesDefaults: emitDefaults, includesUnknown: showUnknown)
            return try format.text(of: DynamicMessage(type, decoding: message.bytes), style)
        } catch {
            throw ProbeFailure.call("the response is not a valid \(type.fullName): \(error)")
        }
    }
}

extension IdentityOptions {
    /// The bearer token as metadata; empty without one.
    func metadata(for target: TargetOptions) throws -> Metadata {
        var metadata = Metadata()
        if let token = try token(for: target) { metadata.append("authorization", "Bearer " + token) }
        return metadata
    }
}
