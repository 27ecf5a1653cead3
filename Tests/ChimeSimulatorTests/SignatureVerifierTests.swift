import Testing

@testable import ChimeSimulation

@Suite("Signatures") struct SignatureVerifierTests {
    /// "get-vanilla" of the AWS Signature Version 4 test suite.
    @Test func `the published header signature is accepted, and any change refused`() throws {
        let credentials = Credentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let request = SimulatedRequest(
            method: "GET", path: "/", query: "",
            headers: [
                "host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z",
                "authorization":
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                    + "SignedHeaders=host;x-amz-date, "
                    + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ], body: [])
        let signedAt = try #require(Timestamp(basic: "20150830T123600Z"))
        var verifier = SignatureVerifier(credentials: credentials)
        #expect(try verifier.verify(request, service: "service", wallClock: signedAt) == "us-east-1")
        for change: (inout SimulatedRequest) -> Void in [
            { $0.method = "POST" }, { $0.path = "/a" }, { $0.query = "a=b" }, { $0.body = [1] },
            { $0.headers["host"] = "elsewhere.amazonaws.com" },
        ] {
            var changed = request
            change(&changed)
            #expect(throws: ServiceError.self) {
                try verifier.verify(changed, service: "service", wallClock: signedAt)
            }
        }
    }

    /// The example of "Authenticating Requests: Using Query Parameters" in the S3 API reference.
    @Test(arguments: [(0, true), (86_400, true), (86_401, false)])
    func `the published presigned URL is good for its day`(seconds: Int, isGood: Bool) throws {
        let credentials = Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let request = SimulatedRequest(
            method: "GET", path: "/test.txt",
            query:
                "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
                + "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
                + "&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            headers: ["host": "examplebucket.s3.amazonaws.com"], body: [])
        let now = try #require(Timestamp(basic: "20130524T000000Z")) + .seconds(seconds)
        var verifier = SignatureVerifier(credentials: credentials)
        if isGood {
            #expect(try verifier.verify(request, service: "s3", wallClock: now) == "us-east-1")
        } else {
            let expired = ServiceError(403, "AccessDenied", "Request has expired")
            #expect(throws: expired) { try verifier.verify(request, service: "s3", wallClock: now) }
        }
    }

    @Test(arguments: [(-901, false), (-900, true), (900, true), (901, false)])
    func `a header signature is good for a quarter of an hour each way`(seconds: Int, isGood: Bool) {
        var client = SignedClient()
        let request = client.signed("GET", "/meetings/00000000-0000-0000-0000-000000000000")
        let response = client.chime.respond(to: request, at: client.wallClock + .seconds(seconds))
        #expect(response.status == (isGood ? 404 : 403))
    }

    @Test func `a signature for another service or an unknown region is refused`() {
        var client = SignedClient()
        let path = "/meetings/00000000-0000-0000-0000-000000000000"
        #expect(client.send("GET", path, service: "execute-api").exception == "InvalidSignatureException")
        client.region = "us-mars-1"
        #expect(client.send("GET", path).exception == "InvalidSignatureException")
    }

    @Test func `a wrong secret, a wrong key and no signature at all are told apart`() {
        var client = SignedClient()
        client.secret = "wrong"
        let path = "/meetings/00000000-0000-0000-0000-000000000000"
        #expect(client.send("GET", path).exception == "InvalidSignatureException")
        client.secret = SignedClient.credentials.secretAccessKey
        var request = client.signed("GET", path)
        request.headers["authorization"]?.replace("TESTKEY", with: "OTHERKEY")
        #expect(
            client.chime.respond(to: request, at: client.wallClock).header("x-amzn-ErrorType")
                == "UnrecognizedClientException")
        request.headers["authorization"] = nil
        #expect(
            client.chime.respond(to: request, at: client.wallClock).header("x-amzn-ErrorType")
                == "MissingAuthenticationTokenException")
        request.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=TESTKEY"
        #expect(
            client.chime.respond(to: request, at: client.wallClock).header("x-amzn-ErrorType")
                == "IncompleteSignatureException")
    }

    @Test func `a demanded session token must come with the request`() {
        var client = SignedClient { $0.credentials.sessionToken = "session" }
        var request = client.signed("GET", "/meetings/00000000-0000-0000-0000-000000000000")
        #expect(client.chime.respond(to: request, at: client.wallClock).status == 403)
        request.headers["x-amz-security-token"] = "session"
        #expect(client.chime.respond(to: request, at: client.wallClock).status == 404)
    }

    @Test func `a failed signature leaves everything as it was`() {
        var client = SignedClient()
        client.secret = "wrong"
        #expect(client.createMeeting().status == 403)
        #expect(client.chime.meetings.isEmpty)
        let counters = client.send("GET", "/_simulator/counters").json["CreateMeeting"]
        #expect(counters?["failures"]?["InvalidSignatureException"]?.wholeNumber == 1)
    }
}
