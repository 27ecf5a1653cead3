internal import RPCModel
internal import RPCProtocols

/// The heads of gRPC-Web and Connect, and the texts that end their calls.
enum CallHeadFuzz {
    private static let methods: [RoutedMethod?] = [
        nil, RoutedMethod(MethodDescriptor(service: "a.S", name: "Get"), allowsGet: true),
        RoutedMethod(MethodDescriptor(service: "a.S", name: "Watch", isServerStreaming: true)),
        RoutedMethod(
            MethodDescriptor(service: "a.S", name: "Both", isClientStreaming: true, isServerStreaming: true)),
    ]

    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = [UInt8](input)
        head(bytes)
        endOfStream(bytes)
        trailers(bytes)
        query(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        if let timeout = ConnectTimeout.parse(text) {
            precondition(
                ConnectTimeout.parse(ConnectTimeout.format(timeout)) == timeout,
                "a timeout changes on its way")
        }
        if let policy = try? CORSPolicy(origins: [text]) {
            precondition(text.hasPrefix("http") && text.allSatisfy(\.isASCII) && policy.origins == [text])
        }
    }

    /// Lines, divided by LF: method, target, then names and values, divided by the first colon.
    private static func head(_ bytes: [UInt8]) {
        var lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)[...]
        guard let method = lines.popFirst(), let target = lines.popFirst() else { return }
        var fields = HTTPFields()
        for line in lines {
            let name = line.prefix { $0 != ":" }
            fields.append(String(name), String(line.dropFirst(name.count + 1)))
        }
        for version in [RequestHead.Version.http1, .http2] {
            let head = RequestHead(
                method: String(method), target: String(target), version: version, fields: fields,
                hasBody: false)
            for routed in methods {
                switch RequestRouting.decide(head, for: routed) {
                case .call(let call):
                    precondition(call.timeout.map { $0 > .zero && $0 <= GRPCTimeout.longest } ?? true)
                    precondition(
                        call.metadata.allSatisfy {
                            !$0.name.hasPrefix("connect-") && !$0.name.hasPrefix("grpc-")
                        })
                    precondition(
                        version == .http2 || call.form.wireProtocol != .grpc, "gRPC has no trailers there")
                case .fail(let error, let form, _):
                    precondition(!error.message.isEmpty && form.contentType.text.isASCII)
                case .refuse(let refusal): precondition([404, 405, 415, 505].contains(refusal.head.status))
                }
            }
        }
    }

    /// What is read is written, and reads the same again.
    private static func endOfStream(_ bytes: [UInt8]) {
        guard let end = try? ConnectEndOfStream(parsing: bytes) else { return }
        let written = end.bytes
        let again = try? ConnectEndOfStream(parsing: written)
        precondition(again?.bytes == written, "the end of a stream changes on its way")
        precondition(again?.error?.code == end.error?.code)
    }

    private static func trailers(_ bytes: [UInt8]) {
        guard let fields = try? GRPCWebTrailers.read(bytes) else { return }
        let metadata = Metadata(ofResponse: fields, isConnectUnary: false)
        var written = HTTPFields()
        written.appendStatus(fields.status(trailers: [:]), trailers: metadata)
        let again = try? GRPCWebTrailers.read(GRPCWebTrailers.write(written))
        precondition(again?.status(trailers: [:])?.code == fields.status(trailers: [:])?.code)
    }

    private static func query(_ bytes: [UInt8]) {
        guard let query = try? ConnectQuery(parsing: String(decoding: bytes, as: UTF8.self)),
            let codec = query.codec
        else { return }
        let written = ConnectQuery.write(codec: codec, message: query.message, compression: query.compression)
        precondition((try? ConnectQuery(parsing: written)) == query, "a query changes on its way")
    }
}

extension String {
    fileprivate var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
