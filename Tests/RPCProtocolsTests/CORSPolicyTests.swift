import RPCModel
import RPCProtocols
import Testing

/// WHATWG Fetch, "HTTP CORS protocol".
@Suite struct CORSPolicyTests {
    private static let origin = "https://clinic.example"
    private static let policy = Result { try CORSPolicy(origins: [origin, "http://127.0.0.1:3000"]) }

    private static func head(_ fields: HTTPFields, method: String = "OPTIONS") -> RequestHead {
        RequestHead(method: method, target: "/a.S/M", version: .http1, fields: fields, hasBody: false)
    }

    @Test func `a preflight of a listed origin is allowed without a body`() throws {
        let head = Self.head(["Origin": Self.origin, "Access-Control-Request-Method": "POST"])
        #expect(CORSPolicy.isPreflight(head))
        let answer = try Self.policy.get().preflight(head).head
        #expect(answer.status == 204)
        #expect(answer.fields["access-control-allow-origin"] == Self.origin)
        #expect(answer.fields["access-control-allow-methods"] == "GET, POST")
        #expect(answer.fields["access-control-max-age"] == "7200")
        #expect(answer.fields["access-control-allow-private-network"] == nil)
        #expect(answer.fields["access-control-allow-credentials"] == nil)
        #expect(
            answer.fields["vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        let headers = try #require(answer.fields["access-control-allow-headers"]).split(separator: ", ")
        for name in [
            "Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout", "X-Grpc-Web",
            "X-User-Agent",
            "Authorization", "Traceparent", "Tracestate", "Telehealth-Emergency-Reason",
        ] {
            #expect(headers.contains(Substring(name)))
        }
    }

    @Test(
        "a preflight of any other origin is refused",
        arguments: [
            "https://evil.example", "https://clinic.example.evil.example", "https://xclinic.example",
            "http://clinic.example",
            "https://clinic.example:8443", "https://clinic.example/", "HTTPS://clinic.example", "null", "",
            "*",
        ])
    func refusesOthers(origin: String) throws {
        let head = Self.head(["origin": origin, "access-control-request-method": "POST"])
        let answer = try Self.policy.get().preflight(head).head
        #expect(answer.status == 403)
        #expect(answer.fields.all.map(\.name) == ["vary"])
    }

    @Test func `two origins are none`() throws {
        let head = Self.head([
            "origin": Self.origin, "Origin": Self.origin, "access-control-request-method": "POST",
        ])
        #expect(try Self.policy.get().preflight(head).head.status == 403)
    }

    @Test func `a private network is reachable for listed origins alone`() throws {
        let asked: HTTPFields = [
            "access-control-request-method": "POST", "access-control-request-private-network": "true",
        ]
        for (origin, isAllowed) in [(Self.origin, true), ("https://evil.example", false)] {
            var fields = asked
            fields.append("origin", origin)
            let answer = try Self.policy.get().preflight(Self.head(fields)).head
            #expect((answer.fields["access-control-allow-private-network"] == "true") == isAllowed)
        }
    }

    @Test(
        "other requests are not preflights",
        arguments: [
            (["origin": origin], "OPTIONS"), (["access-control-request-method": "POST"], "OPTIONS"),
            (["origin": origin, "access-control-request-method": "POST"], "POST"),
        ] as [(HTTPFields, String)])
    func notPreflight(fields: HTTPFields, method: String) {
        #expect(!CORSPolicy.isPreflight(Self.head(fields, method: method)))
    }

    @Test func `every answer to a listed origin exposes what the page needs`() throws {
        let fields = try Self.policy.get().fields(
            for: Self.head(["origin": Self.origin], method: "POST"),
            response: ["trailer-x-a": "1", "trailer-x-a": "2", "x-b": "3"])
        #expect(fields["access-control-allow-origin"] == Self.origin)
        #expect(fields["vary"] == "Origin")
        #expect(
            fields["access-control-expose-headers"]
                == "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, Retry-After, trailer-x-a")
        #expect(fields["access-control-allow-credentials"] == nil)
    }

    @Test func `every other answer varies with the origin and allows nothing`() throws {
        let policy = try Self.policy.get()
        for fields in [[:], ["origin": "https://evil.example"]] as [HTTPFields] {
            #expect(
                policy.fields(for: Self.head(fields, method: "POST"), response: [:]) == ["vary": "Origin"])
        }
    }

    @Test func `no origin is listed by default`() throws {
        let policy = try CORSPolicy(origins: [])
        let head = Self.head(["origin": Self.origin, "access-control-request-method": "POST"])
        #expect(policy.preflight(head).head.status == 403)
    }

    @Test(
        "exact origins are taken",
        arguments: [
            "https://clinic.example", "http://localhost:3000", "https://127.0.0.1:8443", "http://[::1]:3000",
            "https://xn--bcher-kva.example", "https://a_b.example",
        ])
    func takes(origin: String) throws {
        #expect(try CORSPolicy(origins: [origin]).origins == [origin])
    }

    @Test(
        "what is not one exact origin is refused with the reason",
        arguments: [
            ("null", "sandboxed"), ("*", "wildcard"), ("https://*.clinic.example", "wildcard"),
            (".clinic.example", "https:// or http://"), ("clinic.example", "https:// or http://"),
            ("https://.clinic.example", "dot"), ("https://clinic.example/", "slash"),
            ("https://clinic.example/a", "path"),
            ("https://clinic.example?a", "path"), ("https://clinic.example#a", "path"),
            ("https://u@clinic.example", "user"),
            ("HTTPS://clinic.example", "lower case"), ("https://Clinic.example", "lower case"),
            ("https://", "no host"),
            ("https://:443", "no host"), ("https://clinic.example:443", "default port"),
            ("http://a.example:80", "default port"),
            ("https://clinic.example:0", "port"), ("https://clinic.example:65536", "port"),
            ("https://clinic.example:", "port"),
            ("https://clinic.example:08443", "port"), ("https://clinic.example:+1", "port"),
            ("https://bücher.example", "ASCII"),
            ("https://a b.example", "character"), ("https://a..example", "empty label"),
            ("https://a.example.", "empty label"),
            ("file://a", "https:// or http://"), ("https://[::1", "bracket"), ("https://[]", "hexadecimal"),
            ("https://[::G]", "hexadecimal"), ("https://[::1]x", "port"), ("", "https:// or http://"),
            ("https://a.example, https://b.example", "path"), ("https://a.example\r\nx", "character"),
        ])
    func refuses(origin: String, reason: String) throws {
        let error = #expect(throws: CORSPolicy.InvalidOrigin.self) {
            try CORSPolicy(origins: ["https://ok.example", origin])
        }
        #expect(error?.origin == origin)
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}
