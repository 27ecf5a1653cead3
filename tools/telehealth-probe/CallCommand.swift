internal import ArgumentParser
internal import Foundation
internal import ProtobufReflection
internal import ProtobufWire
internal import RPCClient
internal import RPCModel

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Calls a method with JSON and prints what it answers as JSON.",
        discussion: """
            Works against any gRPC server with reflection, and with --descriptor-set against any other.

              telehealth-probe call telehealth.v1.TelehealthService/ListSessions --as admin -d '{}'
              echo '{"service": ""}' | telehealth-probe call grpc.health.v1.Health/Check -d @-

            A method that takes a stream gets one request per JSON object in the input.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var descriptors: DescriptorOptions

    @Argument(help: "package.Service/Method")
    var method: String

    @Option(name: [.customShort("d"), .long], help: "The request as JSON; @FILE reads a file, @- standard input.")
    var data: String = "{}"

    @Option(name: [.customShort("H"), .long], help: "Metadata to send, name:value; may be repeated.")
    var header: [String] = []

    @Flag(help: "Print fields that hold their default too.")
    var emitDefaults = false

    @Flag(
        name: .shortAndLong,
        help: "Print the request, metadata and timing to standard error; what its data classes call personal is hidden.")
    var verbose = false

    @Flag(help: "With --verbose: hide nothing of the request.")
    var showPersonal = false

    func run() async throws {
        let parts = method.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { throw ProbeFailure.usage("'\(method)' is no package.Service/Method") }
        let channel = try target.makeChannel()
        var metadata = try identity.metadata()
        for line in header {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
                throw ProbeFailure.usage("--header takes name:value, not '\(line)'")
            }
            let name = line[..<colon].lowercased()
            guard Metadata.isValidName(name) else { throw ProbeFailure.usage("'\(name)' is no metadata name") }
            metadata.append(name, line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let source = DescriptorSource(channel: channel, metadata: metadata, timeout: target.callTimeout)
        let resolved = ContinuousClock.now
        let pool = try await descriptors.pool(containing: String(parts[0]), at: source, target: target)
        guard let found = pool.service(named: String(parts[0]))?.method(named: String(parts[1])) else {
            throw ProbeFailure.call("\(parts[0]) has no method \(parts[1]); 'list \(parts[0])' names those it has")
        }
        let requests = try requestTexts().map { text in try encode(text, as: found.input) }
        if verbose { try describe(requests, as: found.input, in: pool) }
        let started = ContinuousClock.now
        try await call(found, service: String(parts[0]), requests: requests, metadata: metadata, over: channel)
        if verbose {
            let ended = ContinuousClock.now
            Terminal.complain("schema \((started - resolved).forPeople), call \((ended - started).forPeople)")
        }
        await channel.shutdown()
    }

    /// Prints the requests as far as a log may hold them: of a schema without data classes, only their type.
    private func describe(_ requests: [RawMessage], as type: MessageDescriptor, in pool: DescriptorPool) throws {
        let redaction = Redaction(
            pool, option: "telehealth.v1.data_class", showing: ["DATA_CLASS_PUBLIC", "DATA_CLASS_INTERNAL"])
        for request in requests {
            let message = try DynamicMessage(type, decoding: request.bytes)
            let shown = showPersonal ? message : redaction?.redact(message)
            Terminal.complain("> \(type.fullName) \(try shown?.jsonText() ?? "")")
        }
    }

    private func call(
        _ method: ServiceDescriptor.Method, service: String, requests: [RawMessage], metadata: Metadata,
        over channel: RPCChannel
    ) async throws {
        guard method.isClientStreaming || requests.count == 1 else {
            throw ProbeFailure.usage("\(method.name) takes one request, the input holds \(requests.count)")
        }
        let wire = MethodDescriptor(
            service: service, name: method.name, isClientStreaming: method.isClientStreaming,
            isServerStreaming: method.isServerStreaming)
        let options = CallOptions(timeout: target.callTimeout, metadata: metadata)
        let stream: BidirectionalCall<RawMessage, RawMessage> = channel.bidirectional(wire, options: options)
        do {
            for request in requests { try await stream.write(request) }
            stream.finishWriting()
            if verbose {
                for (name, value) in try await stream.responses.initialMetadata { Terminal.complain("< \(name): \(value)") }
            }
            for try await response in stream.responses { print(try decode(response, as: method.output)) }
        } catch let error as RPCError {
            throw target.failure(error, doing: "\(service)/\(method.name)")
        }
    }

    /// The JSON objects of the input, one a request.
    private func requestTexts() throws -> [String] {
        guard data.hasPrefix("@") else { return [data] }
        let path = String(data.dropFirst())
        let bytes = path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let bytes else { throw ProbeFailure.usage("cannot read \(path)") }
        return JSONObjects.split(String(decoding: bytes, as: UTF8.self))
    }

    private func encode(_ text: String, as type: MessageDescriptor) throws -> RawMessage {
        do {
            return RawMessage(bytes: try DynamicMessage(type, json: text).encodedBytes())
        } catch {
            throw ProbeFailure.usage("the request is no \(type.fullName): \(error)")
        }
    }

    private func decode(_ message: RawMessage, as type: MessageDescriptor) throws -> String {
        do {
            let options = JSONEncodingOptions(includesDefaults: emitDefaults, isIndented: Terminal.isInteractive)
            return try DynamicMessage(type, decoding: message.bytes).jsonText(options: options)
        } catch {
            throw ProbeFailure.call("the answer is no \(type.fullName): \(error)")
        }
    }
}

extension IdentityOptions {
    /// The bearer token as metadata; empty without one.
    func metadata() throws -> Metadata {
        var metadata = Metadata()
        if let token = try token() { metadata.append("authorization", "Bearer " + token) }
        return metadata
    }
}
