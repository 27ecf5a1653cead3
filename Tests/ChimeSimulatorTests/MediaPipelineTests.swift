import Testing

@testable import ChimeSimulation

@Suite("Media pipelines") struct MediaPipelineTests {
    private static let off: JSONValue = ["State": "Disabled"]

    private func captureOrder(_ meeting: String, token: String?) -> JSONValue {
        [
            "SourceType": "ChimeSdkMeeting", "SinkType": "S3Bucket",
            "SourceArn": .string("arn:aws:chime:us-east-1:111122223333:meeting/\(meeting)"),
            "SinkArn": "arn:aws:s3:::telehealth-recordings/raw",
            "ClientRequestToken": token.map(JSONValue.string),
        ]
    }

    private func concatenationOrder(_ capture: JSONValue, token: String, destination: String = "/done/1")
        -> JSONValue
    {
        let artifacts: JSONValue = [
            "Audio": ["State": "Enabled"], "Video": Self.off, "Content": Self.off, "DataChannel": Self.off,
            "TranscriptionMessages": Self.off, "MeetingEvents": Self.off, "CompositedVideo": Self.off,
        ]
        return [
            "Sources": [
                [
                    "Type": "MediaCapturePipeline",
                    "MediaCapturePipelineSourceConfiguration": [
                        "MediaPipelineArn": capture["MediaPipelineArn"],
                        "ChimeSdkMeetingConfiguration": ["ArtifactsConfiguration": artifacts],
                    ],
                ]
            ],
            "Sinks": [
                [
                    "Type": "S3Bucket",
                    "S3BucketSinkConfiguration": [
                        "Destination": .string("arn:aws:s3:::telehealth-recordings\(destination)")
                    ],
                ]
            ],
            "ClientRequestToken": .string(token),
        ]
    }

    private func capture(_ client: inout SignedClient, _ meeting: String, token: String? = nil) throws
        -> JSONValue
    {
        let answer = client.send("POST", "/sdk-media-capture-pipelines", captureOrder(meeting, token: token))
        #expect(answer.status == 201)
        return try #require(answer.json["MediaCapturePipeline"])
    }

    private func concatenation(
        _ client: inout SignedClient, _ capture: JSONValue, token: String, destination: String = "/done/1"
    ) throws -> JSONValue {
        let order = concatenationOrder(capture, token: token, destination: destination)
        let answer = client.send("POST", "/sdk-media-concatenation-pipelines", order)
        #expect(answer.status == 201)
        return try #require(answer.json["MediaConcatenationPipeline"])
    }

    private func status(_ client: inout SignedClient, _ pipeline: JSONValue) -> String? {
        let id = pipeline["MediaPipelineId"]?.text ?? ""
        let json = client.send("GET", "/sdk-media-pipelines/\(id)").json["MediaPipeline"]
        return (json?["MediaCapturePipeline"] ?? json?["MediaConcatenationPipeline"])?["Status"]?.text
    }

    private func delete(_ client: inout SignedClient, _ pipeline: JSONValue, captureOnly: Bool = true)
        -> Answer
    {
        let id = pipeline["MediaPipelineId"]?.text ?? ""
        return client.send(
            "DELETE", captureOnly ? "/sdk-media-capture-pipelines/\(id)" : "/sdk-media-pipelines/\(id)")
    }

    @Test func `a capture goes through its states in time`() throws {
        var client = SignedClient { $0.autoJoins = true }
        let meeting = try client.meeting()
        _ = try client.attendee(meeting)
        let made = try capture(&client, meeting)
        #expect(made["Status"]?.text == "Initializing")
        client.advance(.seconds(1))
        #expect(status(&client, made) == "InProgress")
        client.advance(.seconds(3600))
        #expect(status(&client, made) == "InProgress")
        #expect(delete(&client, made).status == 204)
        #expect(status(&client, made) == "Stopping")
        #expect(delete(&client, made).status == 204)
        #expect(delete(&client, made, captureOnly: false).exception == "ConflictException")
        client.advance(.seconds(1))
        #expect(status(&client, made) == "Stopped")
        #expect(delete(&client, made).exception == "NotFoundException")
        let expected = [
            "MediaPipelineInProgress", "AttendeeJoined", "MediaPipelineDeleted", "AttendeeLeft",
        ]
        #expect(client.eventTypes().suffix(4) == expected)
    }

    @Test func `a meeting has one active capture, and one token one pipeline`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let first = try capture(&client, meeting, token: "c-1")
        #expect(try capture(&client, meeting, token: "c-1")["MediaPipelineId"] == first["MediaPipelineId"])
        let second = client.send("POST", "/sdk-media-capture-pipelines", captureOrder(meeting, token: "c-2"))
        #expect(second.exception == "ResourceLimitExceededException")
        #expect(delete(&client, first).status == 204)
        client.advance(.seconds(1))
        #expect(try capture(&client, meeting, token: "c-1")["Status"]?.text == "Stopped")
        #expect(try capture(&client, meeting, token: "c-2")["Status"]?.text == "Initializing")
    }

    @Test func `one long skip plays everything in order`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let made = try capture(&client, meeting)
        let joined = try concatenation(&client, made, token: "k-1")
        // In it: the capture begins, the silent meeting ends, the capture stops, the concatenation runs.
        client.advance(.seconds(1000))
        #expect(status(&client, joined) == "Stopped")
        let expected = [
            "MeetingStarted", "MediaPipelineInProgress", "AttendeeJoined", "MeetingEnded",
            "MediaPipelineDeleted",
            "AttendeeLeft", "MediaPipelineInProgress", "MediaPipelineDeleted",
        ]
        #expect(client.eventTypes() == expected)
        let id = try #require(joined["MediaPipelineId"]?.text)
        let object = try #require(client.chime.objects.object("done/1/audio/\(id).mp4"))
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        #expect(object.modifiedAt == start + .seconds(302), "300 of silence, 1 to stop, 1 to concatenate")
    }

    @Test func `a concatenation of a finished capture needs no waiting`() throws {
        var client = SignedClient()
        let made = try capture(&client, try client.meeting())
        #expect(delete(&client, made).status == 204)
        client.advance(.seconds(1))
        let joined = try concatenation(&client, made, token: "k-1", destination: "")
        #expect(status(&client, joined) == "Initializing")
        client.advance(.seconds(1))
        #expect(status(&client, joined) == "InProgress")
        client.advance(.seconds(1))
        #expect(status(&client, joined) == "Stopped")
        let id = try #require(joined["MediaPipelineId"]?.text)
        #expect(
            client.chime.objects.keys == ["\(id)/audio/\(id).mp4"], "without a prefix the id is the folder")
    }

    @Test func `a deleted concatenation leaves no object`() throws {
        var client = SignedClient()
        let made = try capture(&client, try client.meeting())
        let joined = try concatenation(&client, made, token: "k-1")
        #expect(delete(&client, joined, captureOnly: false).status == 204)
        client.advance(.seconds(1000))
        #expect(status(&client, joined) == "Stopped")
        #expect(client.chime.objects.keys.isEmpty)
    }

    @Test func `a failed capture fails the concatenation that waits for it`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        let made = try capture(&client, meeting)
        let joined = try concatenation(&client, made, token: "k-1")
        client.advance(.seconds(1))
        let id = made["MediaPipelineId"]?.text ?? ""
        #expect(client.send("POST", "/_simulator/pipelines/\(id)/fail", [:]).status == 200)
        #expect(status(&client, made) == "Failed")
        #expect(status(&client, joined) == "Failed")
        #expect(client.send("POST", "/_simulator/pipelines/\(id)/fail", [:]).status == 409)
        #expect(
            try capture(&client, meeting)["Status"]?.text == "Initializing",
            "the meeting can be recorded again")
    }

    @Test func `a capture older than 30 days cannot be concatenated`() throws {
        var client = SignedClient()
        let made = try capture(&client, try client.meeting())
        client.advance(.seconds(30 * 86_400 + 1))
        let order = concatenationOrder(made, token: "k-1")
        #expect(
            client.send("POST", "/sdk-media-concatenation-pipelines", order).exception
                == "BadRequestException")
    }

    @Test func `the quota counts pipelines that have not finished`() throws {
        var client = SignedClient { $0.pipelinesMax = 1 }
        let first = try client.meeting("one")
        let second = try client.meeting("two")
        let made = try capture(&client, first)
        let refused = client.send("POST", "/sdk-media-capture-pipelines", captureOrder(second, token: nil))
        #expect(refused.exception == "ResourceLimitExceededException")
        #expect(delete(&client, made).status == 204)
        client.advance(.seconds(1))
        _ = try capture(&client, second)
    }

    @Test func `finished pipelines are forgotten beyond the limit`() throws {
        var client = SignedClient { $0.endedMax = 2 }
        let meeting = try client.meeting()
        for number in 0..<5 {
            let made = try capture(&client, meeting, token: "c-\(number)")
            #expect(delete(&client, made).status == 204)
            client.advance(.seconds(1))
            #expect(status(&client, made) == "Stopped")
        }
        #expect(client.chime.pipelines.count == 2)
        #expect(client.chime.pipelineIDsByToken.count == 2)
    }

    @Test(
        arguments: [
            ("SourceType", JSONValue.string("Meeting")), ("SinkType", .null),
            ("SinkArn", "arn:aws:s3:::other/x"),
            ("SinkArn", "s3://telehealth-recordings"),
            ("SourceArn", "arn:aws:chime::111122223333:meeting:nothing"),
            ("SinkIamRoleArn", "arn:aws:iam::111122223333:role/r"), ("ClientRequestToken", "x"),
            ("SseAwsKeyManagementParams", ["AwsKmsKeyId": "alias/k"]),
            ("ChimeSdkMeetingConfiguration", ["ArtifactsConfiguration": ["Audio": ["MuxType": "AudioOnly"]]]),
        ] as [(String, JSONValue)])
    func `a capture with a bad field is refused`(name: String, value: JSONValue) throws {
        var client = SignedClient()
        guard case .object(let members) = captureOrder(try client.meeting(), token: "c-1") else { return }
        let order = JSONValue.object(members + [JSONValue.Member(name: name, value: value)])
        #expect(client.send("POST", "/sdk-media-capture-pipelines", order).exception == "BadRequestException")
    }

    @Test func `both documented forms of a meeting's ARN are taken`() throws {
        var client = SignedClient()
        let meeting = try client.meeting()
        guard case .object(let members) = captureOrder(meeting, token: "c-1") else { return }
        let source = JSONValue.Member(
            name: "SourceArn", value: .string("arn:aws:chime::111122223333:meeting:\(meeting)"))
        #expect(
            client.send("POST", "/sdk-media-capture-pipelines", .object(members + [source])).status == 201)
    }
}
