import Crypto
import Testing

@testable import ChimeSimulation

/// A simulated account with a client that signs for it, and a wall clock that the test moves.
struct SignedClient {
    static let credentials = Credentials(accessKeyID: "TESTKEY", secretAccessKey: "test-secret")

    var chime: SimulatedChime
    var wallClock = Timestamp(microseconds: 1_700_000_000_000_000)
    var region = "us-east-1"
    var secret = credentials.secretAccessKey

    /// Without auto-join and without throttle, unless `change` says otherwise.
    init(_ change: (inout Configuration) -> Void = { _ in }) {
        var configuration = Configuration(credentials: Self.credentials)
        configuration.autoJoins = false
        configuration.throttle = nil
        change(&configuration)
        chime = SimulatedChime(configuration: configuration)
    }

    mutating func send(
        _ method: String, _ target: String, _ body: JSONValue? = nil, service: String = "chime"
    ) -> Answer {
        Answer(response: chime.respond(to: signed(method, target, body, service: service), at: wallClock))
    }

    /// A request as a client would send it; what goes to the admin interface carries no signature.
    func signed(
        _ method: String, _ target: String, _ body: JSONValue? = nil, service: String = "chime"
    ) -> SimulatedRequest {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var request = SimulatedRequest(
            method: method, path: parts[0], query: parts.count > 1 ? parts[1] : "",
            headers: ["host": "127.0.0.1:1"], body: body?.serialized() ?? [])
        if !target.hasPrefix("/_simulator") { sign(&request, service: service) }
        return request
    }

    mutating func advance(_ duration: Duration) { wallClock = wallClock + duration }

    private func sign(_ request: inout SimulatedRequest, service: String) {
        request.headers["x-amz-date"] = wallClock.basic
        if service == "s3" {
            request.headers["x-amz-content-sha256"] = hex(SHA256.hash(data: request.body ?? []))
        }
        let names = request.headers.keys.sorted()
        let day = wallClock.basic.prefix(8)
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        request.headers["authorization"] =
            "AWS4-HMAC-SHA256 Credential=TESTKEY/\(scope), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature="
            + signature(request, names: names, scope: scope, service: service)
    }

    private func signature(
        _ request: SimulatedRequest, names: [String], scope: String, service: String
    ) -> String {
        let headers = names.map { "\($0):\(request.headers[$0] ?? "")\n" }.joined()
        let query = request.query.split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }
        let canonical = [
            request.method, request.path, query.sorted().joined(separator: "&"), headers,
            names.joined(separator: ";"), hex(SHA256.hash(data: request.body ?? [])),
        ].joined(separator: "\n")
        let text = [
            "AWS4-HMAC-SHA256", wallClock.basic, scope, hex(SHA256.hash(data: Array(canonical.utf8))),
        ].joined(separator: "\n")
        var key = Array("AWS4\(secret)".utf8)
        for part in scope.split(separator: "/") + [text[...]] {
            key = Array(
                HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: SymmetricKey(data: key)))
        }
        return hex(key)
    }
}

/// A response with its body already read.
struct Answer {
    let response: SimulatedResponse

    var status: Int { response.status }
    var json: JSONValue { (try? JSONParser.parse(response.body)) ?? .null }
    var exception: String? { response.header("x-amzn-ErrorType") }
}

extension SignedClient {
    mutating func createMeeting(_ token: String = "token-1", _ members: JSONValue = [:]) -> Answer {
        var order: JSONValue = [
            "ClientRequestToken": .string(token), "ExternalMeetingId": "m-1", "MediaRegion": "us-east-1",
        ]
        if case .object(let changes) = members, case .object(let base) = order {
            order = .object(base + changes)
        }
        return send("POST", "/meetings", order)
    }

    /// The id of a new meeting.
    mutating func meeting(_ token: String = "token-1", _ members: JSONValue = [:]) throws -> String {
        try #require(createMeeting(token, members).json["Meeting"]?["MeetingId"]?.text)
    }

    mutating func createAttendee(_ meeting: String, _ user: String = "p-1", capabilities: JSONValue? = nil)
        -> Answer
    {
        send(
            "POST", "/meetings/\(meeting)/attendees",
            ["ExternalUserId": .string(user), "Capabilities": capabilities])
    }

    mutating func attendee(_ meeting: String, _ user: String = "p-1") throws -> String {
        try #require(createAttendee(meeting, user).json["Attendee"]?["AttendeeId"]?.text)
    }

    mutating func getMeeting(_ id: String) -> Answer { send("GET", "/meetings/\(id)") }

    mutating func act(_ action: String, _ attendee: String) -> Answer {
        send("POST", "/_simulator/attendees/\(attendee)/\(action)", [:])
    }

    /// The types of all events so far, without the `chime:`.
    mutating func eventTypes() -> [String] {
        let items = send("GET", "/_simulator/events?limit=10000").json["events"]?.items ?? []
        return items.compactMap { $0["event"]?["detail"]?["eventType"]?.text.map { String($0.dropFirst(6)) } }
    }
}
