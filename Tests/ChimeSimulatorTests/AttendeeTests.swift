import Testing

@testable import ChimeSimulation

@Suite("Attendees") struct AttendeeTests {
    @Test func `an external user id is an idempotency token, whatever its case`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let first = client.createAttendee(meeting, "p-a").json
        let muted: JSONValue = ["Audio": "None", "Video": "None", "Content": "None"]
        #expect(client.createAttendee(meeting, "P-A", capabilities: muted).json == first)
        #expect(client.createAttendee(meeting, "p-b").json != first)
        #expect(client.eventTypes().filter { $0 == "AttendeeAdded" }.count == 2)
    }

    @Test func `a deleted attendee's token is dead, and the user gets a new attendee`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let attendee = try client.attendee(meeting)
        #expect(client.act("join", attendee).status == 200)
        #expect(client.send("DELETE", "/meetings/\(meeting)/attendees/\(attendee)").status == 204)
        #expect(client.send("DELETE", "/meetings/\(meeting)/attendees/\(attendee)").status == 404)
        #expect(client.act("join", attendee).status == 404)
        #expect(try client.attendee(meeting) != attendee)
        let expected = [
            "MeetingStarted", "AttendeeAdded", "AttendeeJoined", "AttendeeLeft", "AttendeeDeleted",
            "AttendeeAdded",
        ]
        #expect(client.eventTypes() == expected)
    }

    @Test func `a second join with one token is a hand-off, not a second presence`() throws {
        var client = SignedClient()
        let attendee = try client.attendee(try client.meeting())
        #expect(client.act("leave", attendee).status == 409)
        #expect(client.act("join", attendee).status == 200)
        #expect(client.act("join", attendee).status == 200)
        #expect(client.act("leave", attendee).status == 200)
        #expect(client.act("drop", attendee).status == 409, "one leave is told once")
        #expect(client.eventTypes().suffix(3) == ["AttendeeJoined", "AttendeeAuthorized", "AttendeeLeft"])
    }

    @Test func `the join token is the base64 of the attendee's id and a secret`() throws {
        var client = SignedClient()
        let attendee = try #require(client.createAttendee(try client.meeting()).json["Attendee"])
        let id = try #require(attendee["AttendeeId"]?.text)
        #expect(attendee["JoinToken"]?.text?.hasPrefix(Base64.encoded(String(id.prefix(36)))) == true)
        #expect(Base64.encoded("a") == "YQ==")
        #expect(Base64.encoded("ab") == "YWI=")
        #expect(Base64.encoded("abc") == "YWJj")
    }

    @Test func `a full meeting refuses one more, and a deleted attendee makes room`() throws {
        var client = SignedClient()
        let meeting = try client.meeting("full", ["MeetingFeatures": ["Attendee": ["MaxCount": 2]]])
        let first = try client.attendee(meeting, "p-1")
        _ = try client.attendee(meeting, "p-2")
        #expect(client.createAttendee(meeting, "p-3").exception == "LimitExceededException")
        #expect(client.createAttendee(meeting, "p-2").status == 200)
        #expect(client.send("DELETE", "/meetings/\(meeting)/attendees/\(first)").status == 204)
        #expect(client.createAttendee(meeting, "p-3").status == 200)
    }

    @Test func `250 attendees fit into a meeting`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        for start in stride(from: 0, to: 300, by: 100) {
            let users = (start..<start + 100).map {
                JSONValue.object([.init(name: "ExternalUserId", value: .string("p-\($0)"))])
            }
            let answer = client.send(
                "POST", "/meetings/\(meeting)/attendees?operation=batch-create", ["Attendees": .array(users)])
            #expect(answer.status == 200)
            #expect(answer.json["Attendees"]?.items?.count == (start == 200 ? 50 : 100))
            #expect(answer.json["Errors"]?.items?.count == (start == 200 ? 50 : 0))
        }
    }

    @Test(arguments: [
        ("SendReceive", "SendReceive", "SendReceive", 200), ("None", "None", "None", 200),
        ("Receive", "Receive", "Receive", 200), ("Send", "None", "Send", 200), ("Send", "Send", "Send", 200),
        ("Send", "Send", "Receive", 400), ("Send", "None", "SendReceive", 400), ("Send", "Loud", "None", 400),
    ])
    func `content is received only by who receives video`(
        audio: String, video: String, content: String, status: Int
    )
        throws
    {
        var client = SignedClient()
        let meeting = try client.meeting()
        let attendee = try client.attendee(meeting)
        let capabilities: JSONValue = [
            "Audio": .string(audio), "Video": .string(video), "Content": .string(content),
        ]
        #expect(client.createAttendee(meeting, "p-2", capabilities: capabilities).status == status)
        let update = client.send(
            "PUT", "/meetings/\(meeting)/attendees/\(attendee)/capabilities", ["Capabilities": capabilities])
        #expect(update.status == status)
        if status == 200 { #expect(update.json["Attendee"]?["Capabilities"] == capabilities) }
    }

    @Test func `all three capabilities are needed when one is given`() throws {
        var client = SignedClient()
        let answer = client.createAttendee(
            try client.meeting(), capabilities: ["Audio": "Send", "Video": "Send"])
        #expect(answer.exception == "BadRequestException")
    }

    @Test func `a meeting without video or content forbids them`() throws {
        var client = SignedClient()
        let meeting = try client.meeting(
            "plain",
            ["MeetingFeatures": ["Video": ["MaxResolution": "None"], "Content": ["MaxResolution": "None"]]])
        let expected: JSONValue = ["Audio": "SendReceive", "Video": "None", "Content": "None"]
        #expect(client.createAttendee(meeting).json["Attendee"]?["Capabilities"] == expected)
        let video: JSONValue = ["Audio": "None", "Video": "Receive", "Content": "None"]
        #expect(client.createAttendee(meeting, "p-2", capabilities: video).status == 400)
    }

    @Test func `whoever loses the right to share shares no more`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let attendee = try client.attendee(meeting)
        #expect(client.act("content-start", attendee).status == 409, "not joined yet")
        #expect(client.act("join", attendee).status == 200)
        #expect(client.act("content-start", attendee).status == 200)
        let listener: JSONValue = ["Audio": "Receive", "Video": "Receive", "Content": "Receive"]
        let path = "/meetings/\(meeting)/attendees/\(attendee)/capabilities"
        #expect(client.send("PUT", path, ["Capabilities": listener]).status == 200)
        #expect(client.act("content-start", attendee).status == 409)
        let seen = client.send("GET", "/_simulator/attendees").json["attendees"]?.items?.first
        #expect(seen?["content"]?.flag == false)
        #expect(client.eventTypes().suffix(2) == ["AttendeeContentJoined", "AttendeeCapabilitiesUpdated"])
    }

    @Test func `a page goes on behind an attendee that was deleted meanwhile`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        var ids: [String] = []
        for number in 0..<5 { ids.append(try client.attendee(meeting, "p-\(number)")) }
        let first = client.send("GET", "/meetings/\(meeting)/attendees?max-results=2").json
        let token = try #require(first["NextToken"]?.text)
        #expect(client.send("DELETE", "/meetings/\(meeting)/attendees/\(ids[1])").status == 204)
        let rest = client.send("GET", "/meetings/\(meeting)/attendees?max-results=10&next-token=\(token)")
            .json
        #expect(rest["Attendees"]?.items?.compactMap { $0["AttendeeId"]?.text } == Array(ids[2...]))
        #expect(rest["NextToken"] == nil)
        #expect(client.send("GET", "/meetings/\(meeting)/attendees?next-token=nonsense").status == 400)
        #expect(client.send("GET", "/meetings/\(meeting)/attendees?max-results=101").status == 400)
    }

    @Test func `joining by itself is told like any other join`() throws {
        var client = SignedClient { $0.autoJoins = true }
        _ = try client.attendee(try client.meeting())
        #expect(client.eventTypes() == ["MeetingStarted", "AttendeeAdded", "AttendeeJoined"])
    }
}
