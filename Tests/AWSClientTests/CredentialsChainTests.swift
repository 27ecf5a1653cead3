import Foundation
import HTTPSClient
import LoopbackHTTP
import Synchronization
import Testing

@testable import AWSClient

@Suite("Credentials") struct CredentialsChainTests {
    private let time = VirtualTime()

    private func chain(_ environment: [String: String]) throws -> CredentialsChain {
        CredentialsChain(
            environment: environment, region: "eu-central-1", http: try HTTPSClient(),
            runtime: .virtual(time))
    }

    private func document(expiresIn seconds: Int64, key: String = "AKID-1") -> String {
        let stamp = CivilTime(unixSeconds: time.wallSeconds + seconds).timestamp
        let parts = Array(stamp)
        let iso =
            "\(String(parts[0..<4]))-\(String(parts[4..<6]))-\(String(parts[6..<8]))T"
            + "\(String(parts[9..<11])):\(String(parts[11..<13])):\(String(parts[13..<15]))Z"
        return """
            {"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"\(key)","SecretAccessKey":"s/+=",
             "Token":"t/+=","Expiration":"\(iso)"}
            """
    }

    private func temporaryFile(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "telehealth-token-\(UUID().uuidString)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("the environment comes first, and a key without its secret is a fault and not an absence")
    func environment() async throws {
        let chain = try chain([
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
        ])
        let credentials = try await chain.current()
        #expect(credentials == AWSCredentials(accessKeyID: "AKID", secretAccessKey: "s", sessionToken: "t"))
        let half = try self.chain(["AWS_ACCESS_KEY_ID": "AKID"])
        await #expect(
            throws: CredentialsError.misconfigured(.environment, setting: "AWS_SECRET_ACCESS_KEY (missing)")
        ) {
            try await half.current()
        }
    }

    @Test("a container endpoint is asked with the token that is in the file now")
    func container() async throws {
        let document = document(expiresIn: 3600)
        let server = ScriptedServer { _ in .answer(status: 200, body: document) }
        defer { server.stop() }
        let file = try temporaryFile("first-token\n")
        let credentials = try await chain([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.base + "/creds?x=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "unused",
        ]).current()
        #expect(credentials.accessKeyID == "AKID-1")
        #expect(credentials.secretAccessKey == "s/+=")
        #expect(credentials.sessionToken == "t/+=")
        #expect(credentials.expiresAt == time.wallSeconds + 3600)
        #expect(server.requests.map(\.target) == ["/creds?x=1"])
        #expect(server.requests.first?.header("authorization") == "first-token")
    }

    @Test(
        "an address that could leak credentials is refused",
        arguments: ["http://example.org/creds", "http://10.0.0.1/", "ftp://127.0.0.1/", "not an address"])
    func containerAddress(address: String) async throws {
        let chain = try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": address])
        await #expect(
            throws: CredentialsError.misconfigured(.container, setting: "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        ) { try await chain.current() }
    }

    @Test("a web identity is exchanged at STS, unsigned, as a form")
    func webIdentity() async throws {
        let server = ScriptedServer { _ in
            .answer(
                status: 200,
                body: """
                    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                      <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>tok/+=</SessionToken>
                      <SecretAccessKey>sec/+=</SecretAccessKey><Expiration>2026-11-22T12:00:00Z</Expiration>
                      <AccessKeyId>ASIA1</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>
                    """)
        }
        defer { server.stop() }
        let credentials = try await chain([
            "AWS_WEB_IDENTITY_TOKEN_FILE": temporaryFile("ey.J+w/t="),
            "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/visits", "AWS_ENDPOINT_URL_STS": server.base,
        ]).current()
        #expect(
            credentials
                == AWSCredentials(
                    accessKeyID: "ASIA1", secretAccessKey: "sec/+=", sessionToken: "tok/+=",
                    expiresAt: 1_795_348_800))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.header("authorization") == nil)
        #expect(
            request.bodyText
                == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fvisits&RoleSessionName=telehealth-rpc"
                + "&WebIdentityToken=ey.J%2Bw%2Ft%3D")
    }

    @Test("IMDSv2 is asked for a token first, then for the role, then for its credentials")
    func instance() async throws {
        let document = document(expiresIn: 3600)
        let server = ScriptedServer { request in
            switch request.target {
            case "/latest/api/token": .answer(status: 200, body: "imds-token")
            case "/latest/meta-data/iam/security-credentials/": .answer(status: 200, body: "visits-role\n")
            default: .answer(status: 200, body: document)
            }
        }
        defer { server.stop() }
        let credentials = try await chain(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.base + "/"]).current()
        #expect(credentials.accessKeyID == "AKID-1")
        #expect(server.requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(server.requests[0].header("x-aws-ec2-metadata-token-ttl-seconds") == "21600")
        #expect(server.requests[2].target == "/latest/meta-data/iam/security-credentials/visits-role")
        #expect(server.requests[1...].allSatisfy { $0.header("x-aws-ec2-metadata-token") == "imds-token" })
    }

    @Test("no role, no metadata service and a switched-off one all mean: not found")
    func absence() async throws {
        let server = ScriptedServer {
            $0.method == "PUT" ? .answer(status: 200, body: "t") : .answer(status: 404)
        }
        defer { server.stop() }
        let closed = ScriptedServer { _ in .hangUp }
        closed.stop()
        for environment in [
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.base],
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": closed.base],
            ["AWS_EC2_METADATA_DISABLED": "TRUE"],
        ] {
            await #expect(throws: CredentialsError.notFound) { try await chain(environment).current() }
        }
    }

    @Test("fifty callers cause one look-up, and nothing is looked up before the first of them")
    func singleFlight() async throws {
        let document = document(expiresIn: 3600)
        let server = ScriptedServer { _ in .answer(status: 200, body: document) }
        defer { server.stop() }
        let chain = try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.base])
        #expect(server.requests.isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = try await chain.current() } }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 1)
    }

    @Test("they are renewed five minutes before their end; when that fails the old ones serve until it")
    func refresh() async throws {
        let first = document(expiresIn: 3600)
        let count = Atomic<Int>(0)
        let server = ScriptedServer { _ in
            count.wrappingAdd(1, ordering: .relaxed).oldValue == 0
                ? .answer(status: 200, body: first) : .answer(status: 500)
        }
        defer { server.stop() }
        let chain = try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.base])
        _ = try await chain.current()
        time.advanceWall(seconds: 3299)
        _ = try await chain.current()
        #expect(server.requests.count == 1)
        time.advanceWall(seconds: 2)
        #expect(try await chain.current().accessKeyID == "AKID-1")
        #expect(try await chain.current().accessKeyID == "AKID-1")
        #expect(server.requests.count == 2, "a failed renewal is not repeated at once")
        time.advanceWall(seconds: 300)
        await #expect(throws: CredentialsError.refused(.container, status: 500)) { try await chain.current() }
    }

    @Test("refused credentials are looked up again, but not over and over")
    func refusal() async throws {
        let first = document(expiresIn: 3600)
        let second = document(expiresIn: 3600, key: "AKID-2")
        let count = Atomic<Int>(0)
        let server = ScriptedServer { _ in
            .answer(
                status: 200, body: count.wrappingAdd(1, ordering: .relaxed).oldValue == 0 ? first : second)
        }
        defer { server.stop() }
        let chain = try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.base])
        let old = try await chain.current()
        time.advanceWall(seconds: 60)
        await chain.forget(old)
        let new = try await chain.current()
        #expect(new.accessKeyID == "AKID-2")
        await chain.forget(old)
        await chain.forget(new)
        #expect(try await chain.current() == new)
        #expect(server.requests.count == 2)
    }

    @Test(
        "an unreadable answer says so",
        arguments: ["", "{}", #"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"soon"}"#])
    func malformed(body: String) async throws {
        let server = ScriptedServer { _ in .answer(status: 200, body: body) }
        defer { server.stop() }
        let chain = try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.base])
        await #expect(throws: CredentialsError.malformed(.container)) { try await chain.current() }
    }

    @Test("neither description nor dump shows a secret")
    func secrecy() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDMARK", secretAccessKey: "SECRETMARK", sessionToken: "TOKENMARK", expiresAt: 0)
        var text = "\(credentials) \(String(reflecting: credentials)) \([credentials])"
        dump(credentials, to: &text)
        #expect(!text.contains("MARK"))
        #expect(text.contains("19700101T000000Z"))
    }

    @Test(
        "times are read and written alike",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-22T10:00:00Z", 1_795_341_600),
            ("2100-03-01T00:00:00.123Z", 4_107_542_400), ("2026-11-22T10:00:00+00:00", nil),
            ("2026-13-22T10:00:00Z", nil), ("2026-02-31T10:00:00Z", nil), ("2026-11-22", nil), ("", nil), ("2026-11-22T10:00:00.Z", nil),
        ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) {
        #expect(CivilTime.unixSeconds(ofISO8601: text) == seconds)
        if let seconds {
            let compact = text.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
            #expect(CivilTime(unixSeconds: seconds).timestamp == compact)
        }
    }
}
