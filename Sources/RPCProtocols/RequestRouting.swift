public import RPCModel

/// A method as the protocols have to know it.
public struct RoutedMethod: Sendable, Hashable {
    public let descriptor: MethodDescriptor
    /// Whether a call may be made with GET: its schema says that it has no side effects, and its answers may be in
    /// caches and its requests in logs.
    public let allowsGet: Bool

    public init(_ descriptor: MethodDescriptor, allowsGet: Bool = false) {
        self.descriptor = descriptor
        self.allowsGet = allowsGet && !descriptor.isClientStreaming && !descriptor.isServerStreaming
    }

    public var isStreaming: Bool { descriptor.isClientStreaming || descriptor.isServerStreaming }
}

/// Turns the head of a request into a call, or says why it is none.
///
/// The order of the checks: unknown path, 404; wrong HTTP method, 405 with `allow`; content type of no protocol, or of
/// one that the kind of method does not have, 415 with `accept-post`; a call that needs more than HTTP/1.1 has, 505;
/// then what the protocol itself answers.
/// - Spec: Connect protocol; gRPC PROTOCOL-WEB.md and PROTOCOL-HTTP2.md. The order is that of Connect's servers.
public enum RequestRouting {
    /// - Parameter method: the method whose path is that of the head; `nil` when no method has it.
    public static func decide(_ head: RequestHead, for method: RoutedMethod?) -> RoutingDecision {
        let contentType = head.fields["content-type"].flatMap(RPCContentType.init)
        let isGRPC = contentType?.wireProtocol == .grpc && head.version == .http2 && head.method == "POST"
        guard let method else {
            // gRPC has a status of its own for this; the clients of the others infer it.
            guard isGRPC, let contentType else { return .refuse(HTTPRefusal(404)) }
            return .fail(RPCError(.unimplemented, "unknown method"), CallForm(contentType), fields: [:])
        }
        switch head.method {
        case "POST": break
        case "GET" where method.allowsGet: return get(head, method)
        default:
            return .refuse(HTTPRefusal(405, ["allow": method.allowsGet ? "GET, POST" : "POST"]))
        }
        guard let contentType, carries(contentType.wireProtocol, method) else { return unsupported(method) }
        if head.version == .http1 {
            let isBidirectional = method.descriptor.isClientStreaming && method.descriptor.isServerStreaming
            if contentType.wireProtocol.needsTrailers || isBidirectional {
                // A client that waits for full duplex would hang otherwise.
                return .refuse(HTTPRefusal(505, closesConnection: true))
            }
        }
        return contentType.wireProtocol.isConnect
            ? connect(head, method, contentType) : grpc(head, method, contentType)
    }

    private static func carries(_ wireProtocol: RPCProtocol, _ method: RoutedMethod) -> Bool {
        switch wireProtocol {
        case .grpc, .grpcWeb: true
        case .connectUnary: !method.isStreaming
        case .connectStream: method.isStreaming
        }
    }

    private static func unsupported(_ method: RoutedMethod) -> RoutingDecision {
        .refuse(HTTPRefusal(415, ["accept-post": RPCContentType.acceptPost(isStreaming: method.isStreaming)]))
    }

    // MARK: gRPC and gRPC-Web

    private static func grpc(
        _ head: RequestHead, _ method: RoutedMethod, _ contentType: RPCContentType
    ) -> RoutingDecision {
        let fields = head.fields
        let responseType = responseType(to: contentType, accepted: fields.list(named: "accept"))
        let request = CallOptions.Compression(encodingName: fields["grpc-encoding"] ?? "identity")
        let form = CallForm(
            responseType,
            responseCompression: EncodingNegotiation.response(
                toRequest: .none, accepted: fields.list(named: "grpc-accept-encoding")))
        guard let request else {
            return .fail(
                RPCError(
                    .unimplemented, "the request's grpc-encoding is not supported; see grpc-accept-encoding"),
                form,
                fields: ["grpc-accept-encoding": "identity,gzip"])
        }
        var timeout: Duration?
        if let value = fields["grpc-timeout"] {
            guard let parsed = GRPCTimeout.parse(value.utf8.span) else {
                return .fail(RPCError(.internal, "invalid grpc-timeout"), form, fields: [:])
            }
            timeout = parsed
        }
        return call(head, method, form, requestType: contentType, timeout: timeout, compression: request)
    }

    /// Text or binary as the request, unless `accept` names the other of the two.
    private static func responseType(to request: RPCContentType, accepted: String?) -> RPCContentType {
        guard case .grpcWeb(let isText) = request.wireProtocol, let accepted else { return request }
        let wanted = accepted.split(separator: ",").lazy
            .compactMap { entry in RPCContentType(String(entry.prefix { $0 != ";" })) }
            .first { if case .grpcWeb = $0.wireProtocol { true } else { false } }
        guard let wanted, wanted.wireProtocol != .grpcWeb(isText: isText) else { return request }
        return RPCContentType(.grpcWeb(isText: !isText), request.codec)
    }

    // MARK: Connect

    private static func connect(
        _ head: RequestHead, _ method: RoutedMethod, _ contentType: RPCContentType
    ) -> RoutingDecision {
        let fields = head.fields
        let prefix = contentType.wireProtocol == .connectStream ? "connect-" : ""
        let request = CallOptions.Compression(encodingName: fields[prefix + "content-encoding"] ?? "identity")
        let form = CallForm(
            contentType,
            responseCompression: EncodingNegotiation.response(
                toRequest: request ?? .none, accepted: fields.list(named: prefix + "accept-encoding")))
        if let error = badVersion(fields["connect-protocol-version"]) {
            return .fail(error, form, fields: [:])
        }
        guard let request else {
            return .fail(
                RPCError(
                    .unimplemented,
                    "the request's \(prefix)content-encoding is not supported; gzip and identity are"),
                form, fields: [prefix + "accept-encoding": "gzip"])
        }
        // Only messages are compressed: no HTTP layer can flush a compressed stream message by message.
        if contentType.wireProtocol == .connectStream,
            CallOptions.Compression(encodingName: fields["content-encoding"] ?? "identity")
                != CallOptions.Compression.none
        {
            return .fail(
                RPCError(
                    .unimplemented,
                    "a stream has its encoding in connect-content-encoding, not content-encoding"),
                form, fields: [:])
        }
        return connectCall(head, method, form, compression: request)
    }

    private static func get(_ head: RequestHead, _ method: RoutedMethod) -> RoutingDecision {
        let fallback = CallForm(RPCContentType(.connectUnary, .json), isGet: true)
        let query: ConnectQuery
        do throws(RPCError) {
            query = try ConnectQuery(parsing: head.query ?? "")
        } catch {
            let extra: HTTPFields = error.code == .unimplemented ? ["accept-encoding": "gzip"] : [:]
            return .fail(error, fallback, fields: extra)
        }
        guard let codec = query.codec, !head.hasBody else { return unsupported(method) }
        let form = CallForm(
            RPCContentType(.connectUnary, codec), isGet: true,
            responseCompression: EncodingNegotiation.response(
                toRequest: query.compression, accepted: head.fields.list(named: "accept-encoding")))
        if let error = badVersion(head.fields["connect-protocol-version"]) {
            return .fail(error, form, fields: [:])
        }
        return connectCall(head, method, form, compression: query.compression, queryMessage: query.message)
    }

    private static func badVersion(_ value: String?) -> RPCError? {
        guard let value, value != "1" else { return nil }
        return RPCError(.invalidArgument, "connect-protocol-version must be 1 where it is present")
    }

    private static func connectCall(
        _ head: RequestHead, _ method: RoutedMethod, _ form: CallForm, compression: CallOptions.Compression,
        queryMessage: [UInt8]? = nil
    ) -> RoutingDecision {
        var timeout: Duration?
        if let value = head.fields["connect-timeout-ms"] {
            guard let parsed = ConnectTimeout.parse(value) else {
                return .fail(
                    RPCError(.invalidArgument, "connect-timeout-ms must have one to ten digits"), form,
                    fields: [:])
            }
            timeout = parsed
        }
        return call(
            head, method, form, requestType: form.contentType, timeout: timeout, compression: compression,
            queryMessage: queryMessage)
    }

    private static func call(
        _ head: RequestHead, _ method: RoutedMethod, _ form: CallForm, requestType: RPCContentType,
        timeout: Duration?,
        compression: CallOptions.Compression, queryMessage: [UInt8]? = nil
    ) -> RoutingDecision {
        if let timeout, timeout <= .zero {
            return .fail(
                RPCError(.deadlineExceeded, "the deadline passed before the request arrived"), form,
                fields: [:])
        }
        return .call(
            CallHead(
                method: method.descriptor, form: form, requestType: requestType, timeout: timeout,
                metadata: Metadata(ofRequest: head.fields), requestCompression: compression,
                queryMessage: queryMessage))
    }
}
