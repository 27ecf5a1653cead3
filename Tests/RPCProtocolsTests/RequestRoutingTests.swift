import RPCModel
import RPCProtocols
import Testing

/// Connect protocol; gRPC PROTOCOL-WEB.md; suites "Connect Unexpected Requests", "gRPC-Web Unexpected Requests" and
/// "Unexpected Requests" of connectrpc/conformance.
@Suite struct RequestRoutingTests {
    static let unary = RoutedMethod(MethodDescriptor(service: "a.S", name: "Unary"))
    static let readOnly = RoutedMethod(MethodDescriptor(service: "a.S", name: "Get"), allowsGet: true)
    static let serverStream = RoutedMethod(
        MethodDescriptor(service: "a.S", name: "Watch", isServerStreaming: true))
    static let bidi = RoutedMethod(
        MethodDescriptor(service: "a.S", name: "Both", isClientStreaming: true, isServerStreaming: true))

    static func head(
        _ method: String = "POST", _ type: String? = nil, _ fields: HTTPFields = [:],
        target: String = "/a.S/Unary",
        version: RequestHead.Version = .http2, hasBody: Bool = true
    ) -> RequestHead {
        var all = HTTPFields()
        if let type { all.append("content-type", type) }
        all.append(contentsOf: fields)
        return RequestHead(method: method, target: target, version: version, fields: all, hasBody: hasBody)
    }

    private static func refusal(_ head: RequestHead, _ method: RoutedMethod?) throws -> HTTPRefusal {
        let decision = RequestRouting.decide(head, for: method)
        guard case .refuse(let refusal) = decision else {
            throw RPCError(.unknown, "not refused: \(decision)")
        }
        return refusal
    }

    static func call(_ head: RequestHead, _ method: RoutedMethod?) throws -> CallHead {
        let decision = RequestRouting.decide(head, for: method)
        guard case .call(let call) = decision else { throw RPCError(.unknown, "not a call: \(decision)") }
        return call
    }

    private static func failure(
        _ head: RequestHead, _ method: RoutedMethod?
    ) throws -> (error: RPCError, form: CallForm, fields: HTTPFields) {
        let decision = RequestRouting.decide(head, for: method)
        guard case .fail(let error, let form, let fields) = decision else {
            throw RPCError(.unknown, "not failed: \(decision)")
        }
        return (error, form, fields)
    }

    // MARK: HTTP's own answers

    @Test(
        "unexpected-uri: an unknown path is 404, whatever else is wrong",
        arguments: [
            "application/proto", "application/json", "application/connect+json", "application/grpc-web",
            "image/jpeg", nil,
        ])
    func unknownPath(type: String?) throws {
        for method in ["POST", "GET", "DELETE"] {
            #expect(
                try Self.refusal(Self.head(method, type), nil).head == ResponseHead(status: 404, fields: [:]))
        }
    }

    @Test func `an unknown path of gRPC has gRPC's status`() throws {
        let failure = try Self.failure(Self.head("POST", "application/grpc"), nil)
        #expect(failure.error.code == .unimplemented && failure.form.wireProtocol == .grpc)
    }

    @Test(
        "unexpected-verb: another method is 405 before its content type counts",
        arguments: ["DELETE", "PUT", "HEAD", "OPTIONS", "GET", "post"])
    func otherVerb(verb: String) throws {
        let refusal = try Self.refusal(Self.head(verb, "image/jpeg"), Self.unary)
        #expect(refusal.head == ResponseHead(status: 405, fields: ["allow": "POST"]))
    }

    @Test func `a method that allows GET says so`() throws {
        let refusal = try Self.refusal(Self.head("PUT"), Self.readOnly)
        #expect(refusal.head == ResponseHead(status: 405, fields: ["allow": "GET, POST"]))
    }

    @Test func `a streaming method never allows GET`() {
        #expect(!RoutedMethod(Self.serverStream.descriptor, allowsGet: true).allowsGet)
    }

    @Test(
        "unexpected-content-type, unexpected-codec: 415 with what would do",
        arguments: [
            "image/jpeg", "application/foo", "application/grpc-web+foo", "application/connect+proto", nil,
        ])
    func otherContentType(type: String?) throws {
        let refusal = try Self.refusal(Self.head("POST", type, version: .http1), Self.unary)
        #expect(refusal.head.status == 415)
        #expect(refusal.head.fields["accept-post"] == RPCContentType.acceptPost(isStreaming: false))
    }

    @Test("a unary content type of a stream is 415", arguments: ["application/json", "application/proto"])
    func unaryOfStream(type: String) throws {
        let refusal = try Self.refusal(Self.head("POST", type), Self.serverStream)
        #expect(refusal.head.status == 415)
        #expect(refusal.head.fields["accept-post"] == RPCContentType.acceptPost(isStreaming: true))
    }

    @Test func `gRPC needs more than HTTP/1.1 has`() throws {
        let refusal = try Self.refusal(Self.head("POST", "application/grpc", version: .http1), Self.unary)
        #expect(refusal.head.status == 505 && refusal.closesConnection)
    }

    @Test(
        "both directions at once need HTTP/2",
        arguments: ["application/connect+json", "application/grpc-web"])
    func bidiOnHTTP1(type: String) throws {
        let refusal = try Self.refusal(Self.head("POST", type, version: .http1), Self.bidi)
        #expect(refusal.head.status == 505 && refusal.closesConnection)
        #expect(try Self.call(Self.head("POST", type), Self.bidi).method == Self.bidi.descriptor)
    }

    @Test func `the order is path, method, content type, version`() throws {
        let all = Self.head("PUT", "image/jpeg", version: .http1)
        #expect(try Self.refusal(all, nil).head.status == 404)
        #expect(try Self.refusal(all, Self.bidi).head.status == 405)
        #expect(
            try Self.refusal(Self.head("POST", "image/jpeg", version: .http1), Self.bidi).head.status == 415)
        #expect(
            try Self.refusal(Self.head("POST", "application/grpc-web", version: .http1), Self.bidi).head
                .status == 505)
    }

    // MARK: Connect

    @Test func `a unary Connect call`() throws {
        let call = try Self.call(
            Self.head(
                "POST", "application/json; charset=utf-8",
                [
                    "connect-protocol-version": "1", "connect-timeout-ms": "1500", "content-encoding": "gzip",
                    "accept-encoding": "br, gzip", "X-Id": "7", "x-b-bin": "AQ==", "cookie": "s=1",
                ], version: .http1), Self.unary)
        #expect(call.form.wireProtocol == .connectUnary && call.form.codec == .json && !call.form.isGet)
        #expect(call.timeout == .milliseconds(1500))
        #expect(call.requestCompression == .gzip && call.form.responseCompression == .gzip)
        #expect(call.metadata["x-id"] == "7" && call.metadata.binary(named: "x-b-bin") == [1])
        #expect(call.metadata.map(\.name) == ["x-id", "x-b-bin"])
        #expect(call.queryMessage == nil)
    }

    @Test func `a Connect stream has encodings of its own`() throws {
        let call = try Self.call(
            Self.head(
                "POST", "application/connect+proto",
                [
                    "connect-content-encoding": "gzip", "connect-accept-encoding": "identity",
                    "accept-encoding": "gzip",
                ]),
            Self.serverStream)
        #expect(call.form.wireProtocol == .connectStream && call.requestCompression == .gzip)
        #expect(call.form.responseCompression == CallOptions.Compression.none)
    }

    @Test(
        "unexpected-compression: another encoding is not supported",
        arguments: [
            ("application/proto", "content-encoding", "accept-encoding", "gzip"),
            ("application/connect+json", "connect-content-encoding", "connect-accept-encoding", "gzip"),
            ("application/grpc-web", "grpc-encoding", "grpc-accept-encoding", "identity,gzip"),
            ("application/grpc", "grpc-encoding", "grpc-accept-encoding", "identity,gzip"),
        ])
    func otherEncoding(type: String, name: String, accept: String, supported: String) throws {
        let method = type.contains("connect+") ? Self.serverStream : Self.unary
        let failure = try Self.failure(Self.head("POST", type, [name: "foo"]), method)
        #expect(failure.error.code == .unimplemented)
        #expect(failure.fields[accept] == supported)
    }

    @Test func `a stream is not compressed as a whole`() throws {
        let head = Self.head("POST", "application/connect+json", ["content-encoding": "gzip"])
        #expect(try Self.failure(head, Self.serverStream).error.code == .unimplemented)
    }

    @Test(
        "a malformed head of Connect is INVALID_ARGUMENT",
        arguments: [
            ["connect-protocol-version": "2"], ["connect-protocol-version": ""],
            ["connect-timeout-ms": "12345678901"],
            ["connect-timeout-ms": "-1"], ["connect-timeout-ms": ""],
        ] as [HTTPFields])
    func malformedHead(fields: HTTPFields) throws {
        #expect(
            try Self.failure(Self.head("POST", "application/proto", fields), Self.unary).error.code
                == .invalidArgument)
        let head = Self.head("POST", "application/connect+proto", fields)
        #expect(try Self.failure(head, Self.serverStream).error.code == .invalidArgument)
    }

    @Test(
        "a deadline that has passed fails the call",
        arguments: [
            ("application/json", "connect-timeout-ms", "0"), ("application/grpc-web", "grpc-timeout", "0n"),
            ("application/grpc", "grpc-timeout", "0S"),
        ])
    func passedDeadline(type: String, name: String, value: String) throws {
        #expect(
            try Self.failure(Self.head("POST", type, [name: value]), Self.unary).error.code
                == .deadlineExceeded)
    }

    // MARK: GET

    private static func get(_ query: String, _ fields: HTTPFields = [:], hasBody: Bool = false) -> RequestHead
    {
        head("GET", nil, fields, target: "/a.S/Get\(query)", hasBody: hasBody)
    }

    @Test func `a call with GET has its message in the query`() throws {
        let call = try Self.call(
            Self.get(
                "?connect=v1&encoding=proto&base64=1&message=AQI", ["connect-timeout-ms": "5", "x-a": "b"]),
            Self.readOnly)
        #expect(call.form.isGet && call.form.wireProtocol == .connectUnary && call.form.codec == .proto)
        #expect(
            call.queryMessage == [1, 2] && call.timeout == .milliseconds(5) && call.metadata["x-a"] == "b")
    }

    @Test(
        "a query that lacks something is INVALID_ARGUMENT",
        arguments: ["", "?", "?encoding=json", "?message=1"])
    func badQuery(query: String) throws {
        let failure = try Self.failure(Self.get(query), Self.readOnly)
        #expect(failure.error.code == .invalidArgument && failure.form.isGet)
    }

    @Test func `GET with a body, or with an unknown encoding, is 415`() throws {
        #expect(
            try Self.refusal(Self.get("?encoding=json&message=1", hasBody: true), Self.readOnly).head.status
                == 415)
        #expect(try Self.refusal(Self.get("?encoding=xml&message=1"), Self.readOnly).head.status == 415)
    }

    @Test func `another version, or an unknown compression, of GET fails`() throws {
        let version = Self.get("?encoding=json&message=1", ["connect-protocol-version": "2"])
        #expect(try Self.failure(version, Self.readOnly).error.code == .invalidArgument)
        let compression = Self.get("?encoding=json&message=1&base64=1&compression=br")
        #expect(try Self.failure(compression, Self.readOnly).error.code == .unimplemented)
    }

    // MARK: gRPC-Web

    @Test func `a gRPC-Web call`() throws {
        let call = try Self.call(
            Self.head(
                "POST", "application/grpc-web+proto",
                [
                    "grpc-timeout": "2S", "x-grpc-web": "1", "x-user-agent": "grpc-web-javascript/0.1",
                    "grpc-encoding": "gzip",
                    "grpc-accept-encoding": "gzip", "origin": "https://a.example",
                    "sec-fetch-site": "cross-site",
                ],
                version: .http1), Self.unary)
        #expect(call.form.wireProtocol == .grpcWeb(isText: false) && call.timeout == .seconds(2))
        #expect(call.requestCompression == .gzip && call.form.responseCompression == .gzip)
        #expect(call.metadata.map(\.name) == ["x-user-agent"])
    }

    @Test func `an invalid grpc-timeout is INTERNAL`() throws {
        for type in ["application/grpc-web", "application/grpc"] {
            #expect(
                try Self.failure(Self.head("POST", type, ["grpc-timeout": "1"]), Self.unary).error.code
                    == .internal)
        }
    }

    @Test(
        "the response is text as the request, unless accept says otherwise",
        arguments: [
            ("application/grpc-web-text", nil, true), ("application/grpc-web", nil, false),
            ("application/grpc-web-text", "*/*", true), ("application/grpc-web", "*/*", false),
            ("application/grpc-web", "application/grpc-web-text", true),
            ("application/grpc-web+proto", "text/html, application/grpc-web-text+proto;q=0.9", true),
            ("application/grpc-web-text", "application/grpc-web", false),
        ] as [(String, String?, Bool)])
    func textByAccept(type: String, accept: String?, isText: Bool) throws {
        let call = try Self.call(Self.head("POST", type, accept.map { ["accept": $0] } ?? [:]), Self.unary)
        #expect(call.form.wireProtocol == .grpcWeb(isText: isText))
        #expect(call.requestType.text == type)
    }

    @Test func `without accepted encodings a response is not compressed`() throws {
        let call = try Self.call(
            Self.head("POST", "application/grpc-web", ["grpc-encoding": "gzip"]), Self.unary)
        #expect(call.form.responseCompression == CallOptions.Compression.none)
    }
}
