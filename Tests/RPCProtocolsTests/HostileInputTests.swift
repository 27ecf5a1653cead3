import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing

/// No input traps, and where the bytes are cut never changes what they mean.
@Suite struct HostileInputTests {
    /// Bytes that are often prefixes, texts and braces, so that they come some way.
    private static func bytes(_ numbers: inout SeededNumbers) -> [UInt8] {
        let pieces: [[UInt8]] = [
            envelope([]), envelope([1], flags: 1), envelope("{}", flags: 2),
            envelope("grpc-status: 0\r\n", flags: 0x80),
            envelope("{}"), Array("AAAAAAEB".utf8), Array("==".utf8), [0, 0, 0], [0xFF],
            Array(#"{"service":"a"}"#.utf8),
            gzipped([1, 2, 3]), envelope(gzipped(Array("{}".utf8)), flags: 3),
        ]
        return (0..<Int.random(in: 0...6, using: &numbers)).flatMap { _ in
            Bool.random(using: &numbers)
                ? pieces.randomElement(using: &numbers) ?? []
                : numbers.bytes(Int.random(in: 0...12, using: &numbers))
        }
    }

    @Test("responses", arguments: RoundTripTests.protocols, [51, 52, 53] as [UInt64])
    func responses(wireProtocol: RPCProtocol, seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<400 {
            let type = RPCContentType(wireProtocol, .proto)
            var fields: HTTPFields = ["content-type": type.text]
            if Bool.random(using: &numbers) {
                for name in ["grpc-encoding", "content-encoding", "connect-content-encoding"] {
                    fields.append(name, "gzip")
                }
            }
            let head = ResponseHead(status: Bool.random(using: &numbers) ? 200 : 500, fields: fields)
            let body = Self.bytes(&numbers)
            let whole = events(type, head, [body], maxMessageBytes: 50)
            _ = try end(of: whole)
            let size = Int.random(in: 1...7, using: &numbers)
            #expect(events(type, head, cut(body, every: size), maxMessageBytes: 50) == whole, "\(body)")
        }
    }

    @Test("requests", arguments: RoundTripTests.protocols, [61, 62] as [UInt64])
    func requests(wireProtocol: RPCProtocol, seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let method = wireProtocol == .connectUnary ? HealthMethods.check : HealthMethods.watch
        let transcoder = try HealthMethods.transcoder(method)
        for _ in 0..<400 {
            let encoder = RequestEncoder(
                path: method.path, contentType: RPCContentType(wireProtocol, .proto),
                compression: Bool.random(using: &numbers) ? .gzip : nil)
            let head = try RequestRoutingTests.call(encoder.head, RoutedMethod(method))
            let body = Self.bytes(&numbers)
            let size = Int.random(in: 1...7, using: &numbers)
            func read(_ parts: [[UInt8]]) -> Result<[UInt8], RPCError> {
                do throws(RPCError) {
                    return .success(try RequestDecoderTests.read(head, parts, maxMessageBytes: 50))
                } catch {
                    // The size that exceeds a limit depends on how much came at once.
                    return .failure(RPCError(error.code, ""))
                }
            }
            #expect(read(cut(body, every: size)) == read([body]), "\(body)")
            _ = try? transcoder.requestBytes(ofJSON: body)
            _ = try? transcoder.json(ofResponse: body)
        }
    }

    @Test("heads and texts", arguments: [71, 72] as [UInt64]) func heads(seed: UInt64) throws {
        print("seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let names = [
            "content-type", "accept", "grpc-timeout", "connect-timeout-ms", "grpc-encoding",
            "accept-encoding", "origin",
            "connect-protocol-version", "content-encoding", "x-a-bin", "trailer-x", "",
        ]
        let types = [
            "application/json", "application/grpc-web-text", "application/connect+proto", "application/grpc",
        ]
        let policy = try CORSPolicy(origins: ["https://a.example"])
        for _ in 0..<2000 {
            func text() -> String {
                String(decoding: numbers.bytes(Int.random(in: 0...12, using: &numbers)), as: UTF8.self)
            }
            var fields: HTTPFields = ["content-type": types.randomElement(using: &numbers) ?? ""]
            for _ in 0..<4 { fields.append(names.randomElement(using: &numbers) ?? "", text()) }
            let head = RequestHead(
                method: ["GET", "POST", "OPTIONS"].randomElement(using: &numbers) ?? "",
                target: "/a.S/Get?message=\(text())&encoding=json&\(text())",
                version: .http1, fields: fields, hasBody: false)
            for method in [RequestRoutingTests.readOnly, RequestRoutingTests.serverStream, nil] {
                _ = RequestRouting.decide(head, for: method)
            }
            _ = policy.fields(for: head, response: fields)
            _ = policy.preflight(head)
            _ = try? CORSPolicy(origins: ["https://" + text()])
            let bytes = numbers.bytes(Int.random(in: 0...30, using: &numbers))
            _ = try? ConnectEndOfStream(parsing: bytes)
            _ = (try? GRPCWebTrailers.read(bytes)).map {
                $0.status(trailers: Metadata(ofResponse: $0, isConnectUnary: true))
            }
            _ = RPCError(
                connectResponse: ResponseHead(status: Int(bytes.first ?? 0), fields: fields), body: bytes)
        }
    }
}
