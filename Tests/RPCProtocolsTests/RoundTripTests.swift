import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing

/// What a client writes, the server reads, and the other way round, in every protocol, at any split of the bytes.
@Suite struct RoundTripTests {
    static let protocols: [RPCProtocol] = [
        .grpc, .grpcWeb(isText: false), .grpcWeb(isText: true), .connectUnary, .connectStream,
    ]

    private static func metadata(_ numbers: inout SeededNumbers, _ prefix: String) -> Metadata {
        var metadata = Metadata()
        for index in 0..<Int.random(in: 0...3, using: &numbers) {
            if Bool.random(using: &numbers) {
                metadata.append(
                    "\(prefix)-\(index)-bin", binary: numbers.bytes(Int.random(in: 0...9, using: &numbers)))
            } else {
                metadata.append("\(prefix)-\(index % 2)", "v \(index), \"x\"")
            }
        }
        return metadata
    }

    private static func sorted(_ metadata: Metadata) -> [String] { metadata.map { "\($0)" }.sorted() }

    @Test("requests", arguments: protocols, [21, 22, 23] as [UInt64])
    func requests(wireProtocol: RPCProtocol, seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let method = wireProtocol == .connectUnary ? HealthMethods.check : HealthMethods.watch
        for _ in 0..<50 {
            let sent = (0..<(wireProtocol == .connectUnary ? 1 : Int.random(in: 0...4, using: &numbers))).map
            { _ in
                numbers.bytes(Int.random(in: 0...30, using: &numbers))
            }
            let timeout: Duration? =
                Bool.random(using: &numbers)
                ? .milliseconds(Int.random(in: 1...99_999, using: &numbers)) : nil
            let metadata = Self.metadata(&numbers, "x")
            let isCompressed = Bool.random(using: &numbers)
            let encoder = RequestEncoder(
                path: method.path, contentType: RPCContentType(wireProtocol, .proto), timeout: timeout,
                metadata: metadata,
                compression: isCompressed ? .gzip : nil)
            let head = try RequestRoutingTests.call(encoder.head, RoutedMethod(method))
            #expect(head.timeout == timeout && Self.sorted(head.metadata) == Self.sorted(metadata))
            #expect(
                head.requestCompression == (isCompressed ? .gzip : .none)
                    && head.form.wireProtocol == wireProtocol)
            let body = sent.flatMap { encoder.body(of: $0) }
            let size = Int.random(in: 1...40, using: &numbers)
            let read = try RequestDecoderTests.read(head, cut(body, every: size))
            let expected = sent.flatMap { message in
                isCompressed && !message.isEmpty ? envelope(gzipped(message), flags: 1) : envelope(message)
            }
            #expect(read == expected)
        }
    }

    @Test("requests in JSON", arguments: protocols.dropFirst(), [31, 32] as [UInt64])
    func jsonRequests(wireProtocol: RPCProtocol, seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let method = wireProtocol == .connectUnary ? HealthMethods.check : HealthMethods.watch
        let transcoder = try HealthMethods.transcoder(method)
        for _ in 0..<20 {
            let names = (0..<(wireProtocol == .connectUnary ? 1 : 3)).map { _ in
                String(
                    decoding: (0..<Int.random(in: 1...9, using: &numbers)).map { _ in
                        UInt8.random(in: 0...127, using: &numbers)
                    }, as: UTF8.self)
            }
            let encoder = RequestEncoder(
                path: method.path, contentType: RPCContentType(wireProtocol, .json),
                compression: Bool.random(using: &numbers) ? .gzip : nil)
            let head = try RequestRoutingTests.call(encoder.head, RoutedMethod(method))
            let body = try names.flatMap { name in
                encoder.body(of: try transcoder.json(ofRequest: HealthMethods.request(name)))
            }
            let read = try RequestDecoderTests.read(
                head, cut(body, every: Int.random(in: 1...40, using: &numbers)))
            let texts = try messages(in: read).map { head.requestCompression == .gzip ? gunzipped($0) : $0 }
            #expect(try texts.map(transcoder.requestBytes) == names.map(HealthMethods.request))
        }
    }

    @Test("responses", arguments: protocols, [41, 42, 43] as [UInt64])
    func responses(wireProtocol: RPCProtocol, seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<50 {
            let error: RPCError? =
                Bool.random(using: &numbers)
                ? RPCError(
                    RPCError.Code.allCases.randomElement(using: &numbers) ?? .unknown, "50% \u{e9}\r\n") : nil
            let count =
                wireProtocol == .connectUnary
                ? (error == nil ? 1 : 0) : Int.random(in: 0...4, using: &numbers)
            let sent = (0..<count).map { _ in numbers.bytes(Int.random(in: 0...30, using: &numbers)) }
            let isCompressed = Bool.random(using: &numbers)
            let (initial, trailers) = (Self.metadata(&numbers, "x"), Self.metadata(&numbers, "y"))
            let type = RPCContentType(wireProtocol, .proto)
            var encoder = ResponseEncoder(CallForm(type, responseCompression: isCompressed ? .gzip : .none))
            var outputs = [encoder.start(initial)]
            for message in sent {
                let framed = isCompressed ? envelope(gzipped(message), flags: 1) : envelope(message)
                for part in cut(framed, every: Int.random(in: 1...40, using: &numbers)) {
                    outputs.append(part.withUnsafeBytes { encoder.send($0) })
                }
            }
            outputs.append(encoder.finish(error, trailers: trailers))
            let found = try Self.read(outputs, type, &numbers)

            let received = try end(of: found)
            #expect(received.error?.code == error?.code && received.error?.message == error?.message)
            #expect(Self.sorted(received.trailers) == Self.sorted(trailers))
            #expect(found.compactMap { if case .message(let message) = $0 { message } else { nil } } == sent)
            if case .initialMetadata(let metadata)? = found.first {
                #expect(Self.sorted(metadata) == Self.sorted(initial))
            } else {
                #expect(wireProtocol == .connectUnary && error != nil)
            }
        }
    }

    /// One head, then body, then one end, as a client reads them.
    private static func read(
        _ outputs: [ResponseEncoder.Output], _ type: RPCContentType, _ numbers: inout SeededNumbers
    ) throws -> [ResponseEvent] {
        let heads = outputs.compactMap(\.head)
        let ends = outputs.compactMap(\.end)
        try #require(heads.count == 1 && ends.count == 1 && outputs.last?.end != nil)
        var trailers: HTTPFields?
        if case .trailers(let fields)? = ends.first { trailers = fields }
        #expect((trailers != nil) == (type.wireProtocol == .grpc))
        let body = cut(outputs.flatMap(\.body), every: Int.random(in: 1...40, using: &numbers))
        return events(type, heads[0], body, trailers: trailers)
    }
}
