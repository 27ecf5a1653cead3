import HTTPSClient
import LoopbackHTTP
import Synchronization
import Testing
import TextFormats

@testable import AWSClient

@Suite("A clock that is off AWS's") struct ClockSkewTests {
    /// What ``VirtualTime`` begins with, an hour on, as an answer's date.
    private let time = VirtualTime()
    private static let operation = AWSServiceClient.Operation(name: "CreateMeeting", limitKey: nil)

    private func client(_ credentials: any CredentialsSource = Fixed("AKID")) throws -> AWSServiceClient {
        let sources = RuntimeSources.virtual(time)
        return AWSServiceClient(
            signer: RequestSigner(region: "us-east-1", service: "chime"), http: try HTTPSClient(),
            credentials: CredentialsChain(sources: [credentials], runtime: sources), sources: sources)
    }

    private struct Fixed: CredentialsSource {
        let key: String
        init(_ key: String) { self.key = key }
        func fetch() async throws(CredentialsError) -> AWSCredentials? {
            AWSCredentials(accessKeyID: key, secretAccessKey: "secret")
        }
    }

    /// Another key at every look.
    private final class Rotating: CredentialsSource {
        let looks = Atomic(0)
        func fetch() async throws(CredentialsError) -> AWSCredentials? {
            let number = looks.wrappingAdd(1, ordering: .relaxed).newValue
            return AWSCredentials(accessKeyID: "AKID\(number)", secretAccessKey: "secret")
        }
    }

    private func httpDate(_ unixSeconds: Int64) -> String {
        let stamp = CivilTime(unixSeconds: unixSeconds)
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
        let clock = [stamp.secondOfDay / 3600, stamp.secondOfDay / 60 % 60, stamp.secondOfDay % 60].map(two)
        return "Mon, \(two(stamp.day.day)) \(names[Int(stamp.day.month) - 1]) \(stamp.day.year) \(clock.joined(separator: ":")) GMT"
    }

    /// Refuses whatever is not signed within five minutes of its own clock, as AWS does.
    private func server(ahead seconds: Int64, _ refusal: (status: Int, code: String)) -> ScriptedServer {
        let theirs = time.wallSeconds + seconds
        let date = httpDate(theirs)
        let near = Set((-300...300).map { CivilTime(unixSeconds: theirs + $0).timestamp })
        return ScriptedServer { request in
            if near.contains(request.header("x-amz-date") ?? "") { return .answer(status: 200) }
            return .answer(
                status: refusal.status, headers: ["Date": date, "x-amzn-ErrorType": refusal.code])
        }
    }

    private func send(_ client: AWSServiceClient, _ server: ScriptedServer) async throws -> Int {
        try await client.send(
            Self.operation, AWSRequest(.post, try HTTPSURL(server.base), path: "/meetings", body: Array("{}".utf8)),
            timeout: .seconds(5)
        ).status
    }

    @Test(
        arguments: [
            (403, "RequestTimeTooSkewed"), (403, "InvalidSignatureException"), (403, "SignatureDoesNotMatch"),
            (400, "RequestExpired"), (403, ""),
        ], [3600, -3600] as [Int64])
    func `is corrected by the refusal's date, once, and stays corrected`(
        refusal: (Int, String), seconds: Int64
    ) async throws {
        let server = server(ahead: seconds, refusal)
        defer { server.stop() }
        let client = try client()
        #expect(try await send(client, server) == 200)
        #expect(server.requests.count == 2)
        #expect(time.sleeps.isEmpty)
        #expect(try await send(client, server) == 200)
        #expect(server.requests.count == 3)
    }

    @Test func `is not suspected of a refusal with the right date`() async throws {
        let date = httpDate(time.wallSeconds + 200)
        let server = ScriptedServer { _ in
            .answer(status: 403, headers: ["Date": date, "x-amzn-ErrorType": "InvalidSignatureException"])
        }
        defer { server.stop() }
        await #expect(throws: AWSError.self) { _ = try await send(try client(), server) }
        #expect(server.requests.count == 1)
    }

    @Test func `is corrected once in a call, whatever dates are answered`() async throws {
        let dates = (1...9).map { httpDate(time.wallSeconds + Int64($0) * 86_400) }
        let count = Atomic(0)
        let server = ScriptedServer { _ in
            let date = dates[min(count.wrappingAdd(1, ordering: .relaxed).oldValue, 8)]
            return .answer(status: 403, headers: ["Date": date, "x-amzn-ErrorType": "RequestTimeTooSkewed"])
        }
        defer { server.stop() }
        await #expect(throws: AWSError.self) { _ = try await send(try client(), server) }
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [401, 403])
    func `and credentials that were replaced are looked up once within the call`(status: Int) async throws {
        let server = ScriptedServer { request in
            let isNew = request.header("authorization")?.contains("AKID2") == true
            return isNew ? .answer(status: 200) : .answer(status: status)
        }
        defer { server.stop() }
        let source = Rotating()
        let client = try client(source)
        // The first look must be old enough to be taken for outdated.
        _ = try? await send(client, server)
        time.advanceWall(seconds: 60)
        #expect(try await send(client, server) == 200)
        #expect(source.looks.load(ordering: .relaxed) == 2)
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599),
    ] as [(String, Int64)])
    func `is read from the form that HTTP prescribes`(text: String, seconds: Int64) {
        #expect(CivilTime.unixSeconds(ofHTTPDate: text) == seconds)
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 28:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    ])
    func `is not read from another form`(text: String) {
        #expect(CivilTime.unixSeconds(ofHTTPDate: text) == nil)
    }
}
