"""Drives chime-simulator with boto3, the SDK whose service models AWS itself publishes.

    TELEHEALTH_BIN_DIR=.build/debug python3 -m pytest --noconftest Tests/Interop/test_simulator_boto3.py

Time is the simulator's virtual clock: it is frozen, and moves by /_simulator/clock/advance alone.
"""

import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request
import uuid

import boto3
import botocore.config
import botocore.exceptions
import pytest

BUCKET = "telehealth-recordings"
REGION = "us-east-1"
SEND_RECEIVE = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}


class Simulator:
    """One running simulator, with clients that are signed for it."""

    def __init__(self, *options):
        binary = pathlib.Path(os.environ["TELEHEALTH_BIN_DIR"]) / "chime-simulator"
        self.process = subprocess.Popen([str(binary), *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, "the simulator ended before it was ready"
        self.ready = json.loads(line)
        self.url = "http://" + self.ready["address"]
        self.meetings = self.client("chime-sdk-meetings")
        self.pipelines = self.client("chime-sdk-media-pipelines")
        self.s3 = self.client("s3")

    def client(self, service, region=REGION, attempts=1, **credentials):
        settings = {
            "aws_access_key_id": self.ready["accessKeyId"],
            "aws_secret_access_key": self.ready["secretAccessKey"],
        }
        settings.update(credentials)
        config = botocore.config.Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            s3={"addressing_style": "path"},
            proxies={},
            signature_version="s3v4" if service == "s3" else None,
        )
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, config=config, **settings
        )

    def admin(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/_simulator/" + path, data=data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def advance(self, seconds):
        self.admin("clock/advance", {"seconds": seconds})

    def events(self, meeting_id):
        events = [entry["event"] for entry in self.admin("events?limit=10000")["events"]]
        return [e["detail"]["eventType"] for e in events if e["detail"].get("meetingId") == meeting_id]

    def meeting(self, **changes):
        unique = uuid.uuid4().hex
        order = {"ClientRequestToken": "t-" + unique, "ExternalMeetingId": "m-" + unique, "MediaRegion": REGION}
        order.update(changes)
        return self.meetings.create_meeting(**order)["Meeting"]

    def attendee(self, meeting, user="p-1", **changes):
        return self.meetings.create_attendee(
            MeetingId=meeting["MeetingId"], ExternalUserId=user, **changes
        )["Attendee"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def start(*options):
    simulator = Simulator(*options)
    simulator.admin("clock/freeze", {})
    return simulator


@pytest.fixture(scope="module")
def simulator():
    running = start("--no-throttle")
    yield running
    assert running.stop() == 0, "the simulator did not end cleanly on SIGTERM"


@pytest.fixture()
def silent():
    """A simulator whose attendees join only when a test says so, and whose rates are AWS's."""
    running = start("--no-auto-join")
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def no_faults_left(request):
    yield
    if "simulator" in request.fixturenames:
        request.getfixturevalue("simulator").admin("faults", method="DELETE")


def fails(call, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call()
    response = raised.value.response
    assert response["Error"]["Code"] == code, response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    return response


# Meetings


def test_a_meeting_lives_until_it_is_deleted(simulator):
    meeting = simulator.meeting(MeetingFeatures={"Audio": {"EchoReduction": "AVAILABLE"}})
    assert meeting["MeetingArn"].startswith("arn:aws:chime:us-east-1:111122223333:meeting/")
    assert meeting["MeetingFeatures"]["Audio"]["EchoReduction"] == "AVAILABLE"
    assert set(meeting["MediaPlacement"]) >= {"AudioHostUrl", "SignalingUrl", "EventIngestionUrl"}
    found = simulator.meetings.get_meeting(MeetingId=meeting["MeetingId"])["Meeting"]
    assert found == meeting
    simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"])
    response = fails(
        lambda: simulator.meetings.get_meeting(MeetingId=meeting["MeetingId"]), "NotFoundException", 404)
    assert response["Code"] == "NotFound" and response["RequestId"] == response["ResponseMetadata"]["RequestId"]
    fails(lambda: simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"]), "NotFoundException", 404)
    assert simulator.events(meeting["MeetingId"]) == ["chime:MeetingStarted", "chime:MeetingEnded"]


def test_one_token_gives_one_meeting_even_a_dead_one(simulator):
    order = {"ClientRequestToken": "same-" + uuid.uuid4().hex, "ExternalMeetingId": "m-9", "MediaRegion": REGION}
    first = simulator.meetings.create_meeting(**order)["Meeting"]
    assert simulator.meetings.create_meeting(**order)["Meeting"]["MeetingId"] == first["MeetingId"]
    simulator.meetings.delete_meeting(MeetingId=first["MeetingId"])
    assert simulator.meetings.create_meeting(**order)["Meeting"]["MeetingId"] == first["MeetingId"]
    fails(lambda: simulator.attendee(first), "NotFoundException", 404)


def test_a_meeting_belongs_to_its_control_region(simulator):
    meeting = simulator.meeting()
    elsewhere = simulator.client("chime-sdk-meetings", region="us-west-2")
    fails(lambda: elsewhere.get_meeting(MeetingId=meeting["MeetingId"]), "NotFoundException", 404)


@pytest.mark.parametrize(
    "changes",
    [
        {"MediaRegion": "mars-north-1"},
        {"ExternalMeetingId": "aws:reserved"},
        {"ExternalMeetingId": "semi;colon"},
        {"ClientRequestToken": "no spaces"},
        {"MeetingFeatures": {"Video": {"MaxResolution": "FHD"}}},
        {"MeetingFeatures": {"Content": {"MaxResolution": "UHD"}, "Attendee": {"MaxCount": 26}}},
        {"MeetingFeatures": {"Audio": {"EchoReduction": "PERHAPS"}}},
        {"TenantIds": ["aaaa-tenant"]},
        {"Tags": [{"Key": "not allowed", "Value": "x"}]},
        {"PrimaryMeetingId": str(uuid.uuid4())},
    ],
)
def test_a_meeting_with_a_bad_field_is_refused(simulator, changes):
    fails(lambda: simulator.meeting(**changes), "BadRequestException", 400)


def test_a_silent_meeting_ends_after_five_minutes(silent):
    meeting = silent.meeting()
    attendee = silent.attendee(meeting)
    silent.advance(299)
    silent.meetings.get_meeting(MeetingId=meeting["MeetingId"])
    silent.admin(f"attendees/{attendee['AttendeeId']}/join", {})
    silent.advance(3600)
    silent.meetings.get_meeting(MeetingId=meeting["MeetingId"])
    silent.admin(f"attendees/{attendee['AttendeeId']}/drop", {})
    silent.advance(300)
    fails(lambda: silent.meetings.get_meeting(MeetingId=meeting["MeetingId"]), "NotFoundException", 404)
    assert silent.events(meeting["MeetingId"]) == [
        "chime:MeetingStarted", "chime:AttendeeAdded", "chime:AttendeeJoined", "chime:AttendeeDropped",
        "chime:MeetingEnded",
    ]
    ended = silent.admin("meetings?state=ended")["meetings"]
    assert [m["endReason"] for m in ended] == ["NO_AUDIO"]
    with pytest.raises(urllib.error.HTTPError) as raised:
        silent.admin(f"attendees/{attendee['AttendeeId']}/join", {})
    assert raised.value.code == 404, "a dead token joined"


# Attendees


def test_an_external_user_id_gives_one_attendee(simulator):
    meeting = simulator.meeting()
    first = simulator.attendee(meeting, user="p-7")
    assert first["Capabilities"] == SEND_RECEIVE
    assert simulator.attendee(meeting, user="P-7") == first
    simulator.meetings.delete_attendee(MeetingId=meeting["MeetingId"], AttendeeId=first["AttendeeId"])
    fails(
        lambda: simulator.meetings.get_attendee(MeetingId=meeting["MeetingId"], AttendeeId=first["AttendeeId"]),
        "NotFoundException", 404)
    again = simulator.attendee(meeting, user="p-7")
    assert again["AttendeeId"] != first["AttendeeId"] and again["JoinToken"] != first["JoinToken"]


def test_a_batch_makes_what_it_can_and_names_the_rest(simulator):
    meeting = simulator.meeting(MeetingFeatures={"Attendee": {"MaxCount": 3}})
    simulator.attendee(meeting)
    answer = simulator.meetings.batch_create_attendee(
        MeetingId=meeting["MeetingId"], Attendees=[{"ExternalUserId": f"b-{n}"} for n in range(3)])
    assert [a["ExternalUserId"] for a in answer["Attendees"]] == ["b-0", "b-1"]
    assert [(e["ExternalUserId"], e["ErrorCode"]) for e in answer["Errors"]] == [("b-2", "LimitExceeded")]
    fails(lambda: simulator.attendee(meeting, user="b-3"), "LimitExceededException", 400)


def test_a_meeting_can_be_created_with_its_attendees(simulator):
    answer = simulator.meetings.create_meeting_with_attendees(
        ClientRequestToken="w-" + uuid.uuid4().hex, ExternalMeetingId="w-1", MediaRegion="eu-west-1",
        Attendees=[{"ExternalUserId": "p-1"}, {"ExternalUserId": "p-2", "Capabilities": SEND_RECEIVE}])
    assert answer["Meeting"]["MediaRegion"] == "eu-west-1"
    assert [a["ExternalUserId"] for a in answer["Attendees"]] == ["p-1", "p-2"]
    assert answer["Errors"] == []


def test_attendees_are_listed_in_pages(simulator):
    meeting = simulator.meeting()
    for number in range(7):
        simulator.attendee(meeting, user=f"p-{number}")
    seen, token = [], None
    while True:
        page = simulator.meetings.list_attendees(
            MeetingId=meeting["MeetingId"], MaxResults=3, **({"NextToken": token} if token else {}))
        seen.append([a["ExternalUserId"] for a in page["Attendees"]])
        token = page.get("NextToken")
        if not token:
            break
    assert seen == [["p-0", "p-1", "p-2"], ["p-3", "p-4", "p-5"], ["p-6"]]


def test_capabilities_follow_the_documented_rules(simulator):
    meeting = simulator.meeting()
    attendee = simulator.attendee(meeting)

    def update(capabilities):
        return simulator.meetings.update_attendee_capabilities(
            MeetingId=meeting["MeetingId"], AttendeeId=attendee["AttendeeId"], Capabilities=capabilities)

    listener = {"Audio": "Receive", "Video": "Receive", "Content": "Receive"}
    assert update(listener)["Attendee"]["Capabilities"] == listener
    # Content can only be received by who receives video.
    fails(lambda: update({"Audio": "None", "Video": "Send", "Content": "Receive"}), "BadRequestException", 400)
    fails(lambda: update({"Audio": "Loud", "Video": "None", "Content": "None"}), "BadRequestException", 400)

    blind = simulator.meeting(MeetingFeatures={"Video": {"MaxResolution": "None"}})
    fails(lambda: simulator.attendee(blind, Capabilities=SEND_RECEIVE), "BadRequestException", 400)
    assert simulator.attendee(blind)["Capabilities"]["Video"] == "None"


def test_capabilities_change_for_all_but_the_excluded(simulator):
    meeting = simulator.meeting()
    host, guest = simulator.attendee(meeting, user="host"), simulator.attendee(meeting, user="guest")
    muted = {"Audio": "Receive", "Video": "SendReceive", "Content": "None"}
    simulator.meetings.batch_update_attendee_capabilities_except(
        MeetingId=meeting["MeetingId"], ExcludedAttendeeIds=[{"AttendeeId": host["AttendeeId"]}],
        Capabilities=muted)
    listed = simulator.meetings.list_attendees(MeetingId=meeting["MeetingId"])["Attendees"]
    assert {a["ExternalUserId"]: a["Capabilities"] for a in listed} == {"host": SEND_RECEIVE, "guest": muted}


# Recording


def capture_order(meeting, token, **changes):
    order = {
        "SourceType": "ChimeSdkMeeting", "SourceArn": meeting["MeetingArn"], "SinkType": "S3Bucket",
        "SinkArn": f"arn:aws:s3:::{BUCKET}/captures/1", "ClientRequestToken": token,
        "ChimeSdkMeetingConfiguration": {
            "ArtifactsConfiguration": {
                "Audio": {"MuxType": "AudioWithCompositedVideo"}, "Video": {"State": "Disabled"},
                "Content": {"State": "Disabled"},
                "CompositedVideo": {
                    "Layout": "GridView", "Resolution": "HD",
                    "GridViewConfiguration": {"ContentShareLayout": "PresenterOnly"},
                },
            }
        },
    }
    order.update(changes)
    return order


def concatenation_order(capture, token, destination="recordings/1"):
    off = {"State": "Disabled"}
    artifacts = {
        "Audio": {"State": "Enabled"}, "Video": off, "Content": off, "DataChannel": off,
        "TranscriptionMessages": off, "MeetingEvents": {"State": "Enabled"}, "CompositedVideo": off,
    }
    return {
        "Sources": [{
            "Type": "MediaCapturePipeline",
            "MediaCapturePipelineSourceConfiguration": {
                "MediaPipelineArn": capture["MediaPipelineArn"],
                "ChimeSdkMeetingConfiguration": {"ArtifactsConfiguration": artifacts},
            },
        }],
        "Sinks": [{
            "Type": "S3Bucket",
            "S3BucketSinkConfiguration": {"Destination": f"arn:aws:s3:::{BUCKET}/{destination}"},
        }],
        "ClientRequestToken": token,
    }


def test_a_recording_runs_from_capture_to_a_playable_object(simulator):
    meeting = simulator.meeting()
    simulator.attendee(meeting)
    pipelines, unique = simulator.pipelines, uuid.uuid4().hex

    def status(pipeline):
        found = pipelines.get_media_pipeline(MediaPipelineId=pipeline["MediaPipelineId"])["MediaPipeline"]
        return next(iter(found.values()))["Status"]

    capture = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))["MediaCapturePipeline"]
    assert capture["Status"] == "Initializing"
    assert capture["CreatedTimestamp"].tzinfo is not None
    repeated = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))
    assert repeated["MediaCapturePipeline"]["MediaPipelineId"] == capture["MediaPipelineId"]
    fails(
        lambda: pipelines.create_media_capture_pipeline(**capture_order(meeting, "other-" + unique)),
        "ResourceLimitExceededException", 400)
    simulator.advance(1)
    assert status(capture) == "InProgress"
    listed = pipelines.list_media_capture_pipelines()["MediaCapturePipelines"]
    assert capture["MediaPipelineId"] in [p["MediaPipelineId"] for p in listed]

    order = concatenation_order(capture, "k-" + unique, "recordings/" + unique)
    concatenation = pipelines.create_media_concatenation_pipeline(**order)["MediaConcatenationPipeline"]
    simulator.advance(3600)
    assert status(concatenation) == "Initializing", "a concatenation waits for the end of its capture"

    pipelines.delete_media_capture_pipeline(MediaPipelineId=capture["MediaPipelineId"])
    assert status(capture) == "Stopping"
    fails(
        lambda: pipelines.delete_media_pipeline(MediaPipelineId=capture["MediaPipelineId"]),
        "ConflictException", 409)
    simulator.advance(1)
    assert (status(capture), status(concatenation)) == ("Stopped", "InProgress")
    key = f"recordings/{unique}/audio/{concatenation['MediaPipelineId']}.mp4"
    fails(lambda: simulator.s3.head_object(Bucket=BUCKET, Key=key), "404", 404)
    simulator.advance(1)
    assert status(concatenation) == "Stopped"

    head = simulator.s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"] == "video/mp4" and head["ContentLength"] > 0
    content = simulator.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(content) == head["ContentLength"] and content[4:8] == b"ftyp"
    part = simulator.s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=4-7")
    assert part["Body"].read() == b"ftyp" and part["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_pipelines_stop_with_their_meeting(simulator):
    meeting = simulator.meeting()
    capture = simulator.pipelines.create_media_capture_pipeline(
        **capture_order(meeting, "c-" + uuid.uuid4().hex))["MediaCapturePipeline"]
    simulator.advance(2)
    simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"])
    simulator.advance(2)
    found = simulator.pipelines.get_media_capture_pipeline(MediaPipelineId=capture["MediaPipelineId"])
    assert found["MediaCapturePipeline"]["Status"] == "Stopped"
    fails(
        lambda: simulator.pipelines.create_media_capture_pipeline(**capture_order(meeting, "late")),
        "BadRequestException", 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"SinkArn": "arn:aws:s3:::another-bucket/x"},
        {"SourceArn": "arn:aws:chime:us-east-1:111122223333:meeting/" + str(uuid.uuid4())},
        {"SinkIamRoleArn": "arn:aws:iam::111122223333:role/sink"},
        {"SseAwsKeyManagementParams": {"AwsKmsKeyId": "alias/rec"}},
    ],
)
def test_a_capture_with_a_bad_field_is_refused(simulator, changes):
    meeting = simulator.meeting()
    order = capture_order(meeting, "c-" + uuid.uuid4().hex, **changes)
    fails(lambda: simulator.pipelines.create_media_capture_pipeline(**order), "BadRequestException", 400)


def recorded(simulator):
    """Records a meeting to its end; returns the key of the object."""
    meeting, unique = simulator.meeting(), uuid.uuid4().hex
    pipelines = simulator.pipelines
    capture = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))["MediaCapturePipeline"]
    simulator.advance(2)
    simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"])
    simulator.advance(2)
    order = concatenation_order(capture, "k-" + unique, "r/" + unique)
    made = pipelines.create_media_concatenation_pipeline(**order)["MediaConcatenationPipeline"]
    simulator.advance(4)
    return f"r/{unique}/audio/{made['MediaPipelineId']}.mp4"


def http_get(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
        return response.headers, response.read()


def test_a_presigned_url_plays_and_a_changed_one_does_not(simulator):
    key = recorded(simulator)
    url = simulator.s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": 'attachment; filename="visit 1.mp4"'},
        ExpiresIn=600)
    headers, content = http_get(url)
    assert headers["Content-Disposition"] == 'attachment; filename="visit 1.mp4"'
    assert content[4:8] == b"ftyp"
    for spoiled in [url.replace("X-Amz-Expires=600", "X-Amz-Expires=601"), url.split("?")[0]]:
        with pytest.raises(urllib.error.HTTPError) as raised:
            http_get(spoiled)
        assert raised.value.code == 403


def test_a_session_token_is_part_of_a_presigned_url(simulator):
    key = recorded(simulator)
    s3 = simulator.client("s3", aws_session_token="a/session+token=")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=60)
    assert http_get(url)[1][4:8] == b"ftyp"
    meetings = simulator.client("chime-sdk-meetings", aws_session_token="a/session+token=")
    fails(lambda: meetings.get_meeting(MeetingId=str(uuid.uuid4())), "NotFoundException", 404)


def test_the_bucket_answers_as_s3_does(simulator):
    fails(lambda: simulator.s3.get_object(Bucket=BUCKET, Key="no/such key.mp4"), "NoSuchKey", 404)
    fails(lambda: simulator.s3.get_object(Bucket="another-bucket", Key="k"), "NoSuchBucket", 404)
    key = recorded(simulator)
    simulator.s3.delete_object(Bucket=BUCKET, Key=key)
    fails(lambda: simulator.s3.head_object(Bucket=BUCKET, Key=key), "404", 404)


# Signatures, rates and faults


def test_a_wrong_secret_is_refused(simulator):
    wrong = simulator.client("chime-sdk-meetings", aws_secret_access_key="not the secret")
    fails(lambda: wrong.get_meeting(MeetingId=str(uuid.uuid4())), "InvalidSignatureException", 403)
    wrong = simulator.client("s3", aws_secret_access_key="not the secret")
    fails(lambda: wrong.get_object(Bucket=BUCKET, Key="k"), "SignatureDoesNotMatch", 403)


def test_an_unknown_key_is_refused(simulator):
    wrong = simulator.client("chime-sdk-meetings", aws_access_key_id="NOBODY")
    fails(lambda: wrong.get_meeting(MeetingId=str(uuid.uuid4())), "UnrecognizedClientException", 403)
    wrong = simulator.client("s3", aws_access_key_id="NOBODY")
    fails(lambda: wrong.get_object(Bucket=BUCKET, Key="k"), "InvalidAccessKeyId", 403)


def test_the_burst_is_twenty_calls_and_ten_come_back_each_second(silent):
    def get():
        try:
            silent.meetings.get_meeting(MeetingId=str(uuid.uuid4()))
        except botocore.exceptions.ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]

    assert [get() for _ in range(21)] == [404] * 20 + [429]
    fails(lambda: silent.meetings.get_meeting(MeetingId=str(uuid.uuid4())), "ThrottlingException", 429)
    silent.advance(1)
    assert [get() for _ in range(11)] == [404] * 10 + [429]
    for _ in range(20):
        silent.pipelines.list_media_capture_pipelines()
    fails(
        lambda: silent.pipelines.get_media_pipeline(MediaPipelineId=str(uuid.uuid4())),
        "ThrottledClientException", 429)


def test_a_fault_fails_as_ordered_and_then_no_more(simulator):
    simulator.admin("faults", {
        "operation": "CreateMeeting", "count": 2, "status": 503, "code": "ServiceUnavailableException",
        "retryAfter": 1})
    response = fails(simulator.meeting, "ServiceUnavailableException", 503)
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    patient = simulator.client("chime-sdk-meetings", attempts=3)
    token = "f-" + uuid.uuid4().hex
    answer = patient.create_meeting(ClientRequestToken=token, ExternalMeetingId="m-1", MediaRegion=REGION)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_lost_answer_leaves_its_effect(simulator):
    simulator.admin("faults", {"operation": "CreateMeeting", "dropConnection": True, "afterEffect": True})
    order = {"ClientRequestToken": "lost-" + uuid.uuid4().hex, "ExternalMeetingId": "m-1", "MediaRegion": REGION}
    with pytest.raises(botocore.exceptions.HTTPClientError):
        simulator.meetings.create_meeting(**order)
    made = [m for m in simulator.admin("meetings?state=live")["meetings"]
            if m["clientRequestToken"] == order["ClientRequestToken"]]
    assert len(made) == 1
    assert simulator.meetings.create_meeting(**order)["Meeting"]["MeetingId"] == made[0]["meetingId"]


def test_simultaneous_creates_with_one_token_conflict(simulator):
    # The clock is frozen, so the first create is still under way for whoever asks before the clock advances.
    simulator.admin("faults", {"operation": "CreateMeeting", "delayMs": 1})
    order = {"ClientRequestToken": "twin-" + uuid.uuid4().hex, "ExternalMeetingId": "m-1", "MediaRegion": REGION}
    first = simulator.meetings.create_meeting(**order)["Meeting"]
    fails(lambda: simulator.meetings.create_meeting(**order), "ConflictException", 409)
    simulator.advance(1)
    assert simulator.meetings.create_meeting(**order)["Meeting"]["MeetingId"] == first["MeetingId"]


def test_the_account_has_a_quota_of_meetings():
    small = start("--no-throttle", "--max-meetings", "2")
    try:
        small.meeting()
        second = small.meeting()
        fails(small.meeting, "LimitExceededException", 400)
        small.meetings.delete_meeting(MeetingId=second["MeetingId"])
        small.meeting()
    finally:
        assert small.stop() == 0
