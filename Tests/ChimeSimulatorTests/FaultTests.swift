import Testing

@testable import ChimeSimulation

@Suite("Faults, rates and the virtual clock") struct FaultTests {
    private func order(_ client: inout SignedClient, _ fault: JSONValue) -> Answer {
        client.send("POST", "/_simulator/faults", fault)
    }

    @Test func `a fault meets as many calls as ordered, of its operation only`() throws {
        var client = SignedClient()
        #expect(
            order(
                &client, ["operation": "CreateMeeting", "count": 2, "status": 503, "retryAfter": 7]
            ).status == 201)
        let meeting = "00000000-0000-0000-0000-000000000000"
        #expect(client.getMeeting(meeting).status == 404)
        for _ in 0..<2 {
            let answer = client.createMeeting()
            #expect(answer.exception == "ServiceUnavailableException")
            #expect(answer.response.header("Retry-After") == "7")
            #expect(client.chime.meetings.isEmpty)
        }
        #expect(client.createMeeting().status == 200)
        #expect(client.send("GET", "/_simulator/faults").json["faults"]?.items?.isEmpty == true)
    }

    @Test func `a fault after the effect hides an answer, not the meeting`() {
        var client = SignedClient()
        #expect(
            order(
                &client,
                [
                    "operation": "CreateMeeting", "status": 500, "code": "ServiceFailureException",
                    "afterEffect": true,
                ]
            ).status == 201)
        #expect(client.createMeeting().exception == "ServiceFailureException")
        #expect(client.chime.meetings.count == 1)
        #expect(client.createMeeting().status == 200)
        #expect(client.chime.meetings.count == 1)
    }

    @Test func `a dropped connection and a delay travel with the response`() {
        var client = SignedClient()
        #expect(order(&client, ["operation": "*", "dropConnection": true, "delayMs": 20]).status == 201)
        #expect(order(&client, ["operation": "CreateMeeting", "delayMs": 30]).status == 201)
        let dropped = client.createMeeting().response
        #expect(dropped.dropsConnection)
        #expect(dropped.delay == .milliseconds(20))
        let late = client.createMeeting().response
        #expect(late.status == 200)
        #expect(late.delay == .milliseconds(30))
        let counters = client.send("GET", "/_simulator/counters").json["CreateMeeting"]
        #expect(counters?["dropped"]?.wholeNumber == 1)
        #expect(counters?["succeeded"]?.wholeNumber == 1)
    }

    @Test(
        arguments: [
            ["operation": "CreateMeting", "status": 500], ["operation": "CreateMeeting"], ["status": 200],
            ["status": 500, "count": 0], ["code": "ThrottlingException", "delayMs": 1], ["delayMs": 10_001],
        ] as [JSONValue])
    func `an order that cannot be is refused`(fault: JSONValue) {
        var client = SignedClient()
        #expect(order(&client, fault).status == 400)
        #expect(client.chime.faults.faults.isEmpty)
    }

    @Test func `each meetings operation has its own rate, the pipelines share one`() {
        var client = SignedClient { $0.throttle = ThrottleLimits(ratePerSecond: 10, burst: 20) }
        let meeting = "00000000-0000-0000-0000-000000000000"
        for _ in 0..<20 { #expect(client.getMeeting(meeting).status == 404) }
        #expect(client.getMeeting(meeting).exception == "ThrottlingException")
        #expect(client.send("DELETE", "/meetings/\(meeting)").status == 404)
        for _ in 0..<20 { #expect(client.send("GET", "/sdk-media-capture-pipelines").status == 200) }
        let pipeline = client.send("GET", "/sdk-media-pipelines/\(meeting)")
        #expect(pipeline.status == 429)
        #expect(pipeline.exception == "ThrottledClientException")
        client.advance(.milliseconds(99))
        #expect(client.getMeeting(meeting).status == 429)
        client.advance(.milliseconds(1))
        #expect(client.getMeeting(meeting).status == 404)
        #expect(client.getMeeting(meeting).status == 429)
    }

    @Test func `a frozen clock moves by advance alone and goes on where it stood`() throws {
        var client = SignedClient()
        let id = try client.meeting()
        #expect(client.send("POST", "/_simulator/clock/freeze", [:]).json["frozen"]?.flag == true)
        client.advance(.seconds(600))
        #expect(client.getMeeting(id).status == 200)
        #expect(client.send("POST", "/_simulator/clock/advance", ["seconds": 299.5]).status == 200)
        #expect(client.getMeeting(id).status == 200)
        #expect(client.send("POST", "/_simulator/clock/resume", [:]).json["frozen"]?.flag == false)
        client.advance(.milliseconds(499))
        #expect(client.getMeeting(id).status == 200)
        client.advance(.milliseconds(1))
        #expect(client.getMeeting(id).status == 404)
    }

    @Test(arguments: [["seconds": -1], ["seconds": "1"], [:], ["seconds": 1e300]] as [JSONValue])
    func `time does not go back, nor beyond reason`(body: JSONValue) {
        var client = SignedClient()
        #expect(client.send("POST", "/_simulator/clock/advance", body).status == 400)
    }

    @Test func `events are numbered, and the oldest are forgotten beyond the limit`() throws {
        var client = SignedClient()
        let attendee = try client.attendee(try client.meeting())
        #expect(client.act("join", attendee).status == 200)
        for _ in 0..<EventLog.eventsMax { #expect(client.act("join", attendee).status == 200) }
        let last = EventLog.eventsMax + 3
        let page = client.send("GET", "/_simulator/events?after=0&limit=1").json
        #expect(page["last"]?.wholeNumber == Int64(last))
        #expect(page["events"]?.items?.first?["sequence"]?.wholeNumber == 4, "1 to 3 are gone")
        let end = client.send("GET", "/_simulator/events?after=\(last - 1)").json
        #expect(end["events"]?.items?.count == 1)
        #expect(client.send("GET", "/_simulator/events?after=\(last)").json["events"]?.items?.isEmpty == true)
        #expect(client.send("GET", "/_simulator/events?after=-1").status == 400)
    }

    @Test func `an event has EventBridge's shape`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let attendee = try client.attendee(meeting)
        #expect(client.act("join", attendee).status == 200)
        let event = try #require(
            client.send("GET", "/_simulator/events?after=2").json["events"]?.items?.first?["event"])
        #expect(event["source"]?.text == "aws.chime")
        #expect(event["detail-type"]?.text == "Chime Meeting State Change")
        #expect(event["time"]?.text == "2023-11-14T22:13:20.000Z")
        let detail = try #require(event["detail"])
        #expect(detail["eventType"]?.text == "chime:AttendeeJoined")
        #expect(detail["timestamp"]?.wholeNumber == 1_700_000_000_000)
        #expect(detail["meetingId"]?.text == meeting)
        #expect(detail["attendeeId"]?.text == attendee)
        #expect(detail["externalUserId"]?.text == "p-1")
        #expect(detail["networkType"]?.text == "Voip")
    }

    @Test func `the admin interface never shows a join token`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let token = try #require(client.createAttendee(meeting).json["Attendee"]?["JoinToken"]?.text)
        for path in ["meetings", "meetings/\(meeting)", "attendees", "events"] {
            let answer = client.send("GET", "/_simulator/\(path)")
            #expect(answer.status == 200)
            #expect(!String(decoding: answer.response.body, as: UTF8.self).contains(token))
        }
    }
}
