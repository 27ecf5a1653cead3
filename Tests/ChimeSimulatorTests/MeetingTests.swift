import Testing

@testable import ChimeSimulation

@Suite("Meetings") struct MeetingTests {
    @Test func `a meeting nobody joins ends after five minutes, and not a microsecond earlier`() throws {
        var client = SignedClient()
        let id = try client.meeting()
        client.advance(.seconds(300) - .microseconds(1))
        #expect(client.getMeeting(id).status == 200)
        client.advance(.microseconds(1))
        #expect(client.getMeeting(id).exception == "NotFoundException")
        #expect(client.eventTypes() == ["MeetingStarted", "MeetingEnded"])
    }

    @Test func `audio keeps a meeting alive, and its end starts five minutes anew`() throws {
        var client = SignedClient()
        let id = try client.meeting()
        let attendee = try client.attendee(id)
        #expect(client.act("join", attendee).status == 200)
        client.advance(.seconds(3600))
        #expect(client.getMeeting(id).status == 200)
        #expect(client.act("leave", attendee).status == 200)
        client.advance(.seconds(200))
        #expect(client.act("join", attendee).status == 200)
        client.advance(.seconds(200))
        #expect(client.getMeeting(id).status == 200)
        #expect(client.act("drop", attendee).status == 200)
        client.advance(.seconds(300))
        #expect(client.getMeeting(id).status == 404)
    }

    @Test func `a meeting ends after 24 hours with everybody in it`() throws {
        var client = SignedClient { $0.autoJoins = true }
        let id = try client.meeting()
        _ = try client.attendee(id)
        client.advance(.seconds(86_400) - .microseconds(1))
        #expect(client.getMeeting(id).status == 200)
        client.advance(.microseconds(1))
        #expect(client.getMeeting(id).status == 404)
        let ended = client.send("GET", "/_simulator/meetings/\(id)").json
        #expect(ended["endReason"]?.text == "LIFETIME")
        #expect(ended["endedAt"]?.text == "2023-11-15T22:13:20.000Z")
    }

    @Test func `deleting somebody who is alone starts the silence`() throws {
        var client = SignedClient { $0.autoJoins = true }
        let id = try client.meeting()
        let attendee = try client.attendee(id)
        client.advance(.seconds(1000))
        #expect(client.send("DELETE", "/meetings/\(id)/attendees/\(attendee)").status == 204)
        client.advance(.seconds(299))
        #expect(client.getMeeting(id).status == 200)
        client.advance(.seconds(1))
        #expect(client.getMeeting(id).status == 404)
    }

    @Test func `a token gives the same meeting, dead or alive, and another token another one`() throws {
        var client = SignedClient()
        let id = try client.meeting("one")
        #expect(try client.meeting("one") == id)
        #expect(client.send("DELETE", "/meetings/\(id)").status == 204)
        #expect(try client.meeting("one") == id)
        #expect(client.getMeeting(id).status == 404)
        #expect(client.send("DELETE", "/meetings/\(id)").status == 404)
        #expect(try client.meeting("two") != id)
    }

    @Test func `a dead meeting gives no new attendee, but repeats the ones it was created with`() throws {
        var client = SignedClient()
        let order: JSONValue = [
            "ClientRequestToken": "with", "ExternalMeetingId": "m-1", "MediaRegion": "us-east-1",
            "Attendees": [["ExternalUserId": "p-1"]],
        ]
        let first = client.send("POST", "/meetings?operation=create-attendees", order).json
        let id = try #require(first["Meeting"]?["MeetingId"]?.text)
        #expect(client.send("DELETE", "/meetings/\(id)").status == 204)
        #expect(client.send("POST", "/meetings?operation=create-attendees", order).json == first)
        #expect(client.createAttendee(id, "p-2").exception == "NotFoundException")
    }

    @Test func `a second create within the first one's latency conflicts`() {
        var client = SignedClient { $0.creationDelay = .milliseconds(500) }
        let first = client.createMeeting("twin")
        #expect(first.response.delay == .milliseconds(500))
        client.advance(.milliseconds(499))
        #expect(client.createMeeting("twin").exception == "ConflictException")
        #expect(client.createMeeting("other").status == 200)
        client.advance(.milliseconds(1))
        #expect(client.createMeeting("twin").json["Meeting"] == first.json["Meeting"])
    }

    @Test func `a meeting is found in its own control region alone`() throws {
        var client = SignedClient()
        let id = try client.meeting("same")
        client.region = "us-west-2"
        #expect(client.getMeeting(id).status == 404)
        #expect(try client.meeting("same") != id)
    }

    @Test func `the quota counts live meetings`() throws {
        var client = SignedClient { $0.meetingsMax = 2 }
        let first = try client.meeting("one")
        _ = try client.meeting("two")
        #expect(client.createMeeting("three").exception == "LimitExceededException")
        #expect(client.createMeeting("one").status == 200, "a repeated token needs no room")
        #expect(client.send("DELETE", "/meetings/\(first)").status == 204)
        #expect(client.createMeeting("three").status == 200)
    }

    @Test func `a replica ends with its primary`() throws {
        var client = SignedClient()
        let primary = try client.meeting("primary")
        let replica = try client.meeting("replica", ["PrimaryMeetingId": .string(primary)])
        #expect(client.send("DELETE", "/meetings/\(primary)").status == 204)
        #expect(client.getMeeting(replica).status == 404)
    }

    @Test func `ended meetings are forgotten beyond the limit, live ones never`() throws {
        var client = SignedClient { $0.endedMax = 3 }
        let live = try client.meeting("live")
        let attendee = try client.attendee(live)
        #expect(client.act("join", attendee).status == 200)
        for number in 0..<10 {
            let id = try client.meeting("t-\(number)")
            _ = try client.attendee(id)
            #expect(client.send("DELETE", "/meetings/\(id)").status == 204)
        }
        #expect(client.chime.meetings.count == 4)
        #expect(client.chime.meetingIDsByToken.count == 4)
        #expect(client.chime.meetingIDsByAttendee.count == 4)
        #expect(client.getMeeting(live).status == 200)
    }

    @Test(
        arguments: [
            ("ClientRequestToken", JSONValue.string("x")), ("ClientRequestToken", "with space"),
            ("ClientRequestToken", .string(String(repeating: "x", count: 65))), ("ClientRequestToken", 7),
            ("ClientRequestToken", .null), ("MediaRegion", "us-east-9"), ("MediaRegion", .null),
            ("ExternalMeetingId", "aws:mine"), ("ExternalMeetingId", "a;b"), ("ExternalMeetingId", "a"),
            ("MeetingHostId", "\u{4e2d}\u{6587}"), ("TenantIds", []), ("TenantIds", ["xxxx"]),
            ("TenantIds", ["t-1", "t-2", "t-3", "t-4", "t-5", "t-6"]), ("Tags", [["Key": "k"]]),
            ("MeetingFeatures", ["Attendee": ["MaxCount": 251]]),
            ("MeetingFeatures", ["Attendee": ["MaxCount": 0]]),
            ("MeetingFeatures", ["Video": ["MaxResolution": "FHD"], "Attendee": ["MaxCount": 26]]),
            ("MeetingFeatures", ["Content": ["MaxResolution": "UHD"]]), ("MediaPlacementNetworkType", "Ipv9"),
            ("NotificationsConfiguration", ["SqsQueueArn": "queue"]),
        ] as [(String, JSONValue)])
    func `a field outside its constraint is a bad request`(name: String, value: JSONValue) {
        var client = SignedClient()
        let answer = client.createMeeting("token-1", .object([JSONValue.Member(name: name, value: value)]))
        #expect(answer.status == 400)
        #expect(answer.exception == "BadRequestException")
        #expect(answer.json["Code"]?.text == "BadRequest")
        #expect(answer.json["RequestId"]?.text == answer.response.header("x-amzn-RequestId"))
    }

    @Test(
        arguments: [
            ("ExternalMeetingId", JSONValue.string("Ünïcode «ok» (a+b) [1] {2} #3 'x' \"y\"")),
            ("ClientRequestToken", .string(String(repeating: "-", count: 64))),
            ("TenantIds", ["aaa-tenant!", "#2"]), ("Tags", [["Key": "env:a/b", "Value": ""]]),
            ("MeetingFeatures", ["Video": ["MaxResolution": "FHD"], "Attendee": ["MaxCount": 25]]),
        ] as [(String, JSONValue)])
    func `a field at its limit is taken`(name: String, value: JSONValue) {
        var client = SignedClient()
        #expect(
            client.createMeeting("token-1", .object([JSONValue.Member(name: name, value: value)])).status
                == 200)
    }

    @Test func `an id that is not a GUID is a bad request, whatever it is`() {
        var client = SignedClient()
        #expect(client.getMeeting("nothing").exception == "BadRequestException")
        #expect(client.getMeeting("00000000-0000-0000-0000-000000000000").exception == "NotFoundException")
    }
}
