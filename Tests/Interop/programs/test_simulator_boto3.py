"""Drives chime-simulator with boto3, the SDK whose service models AWS itself publishes.

Meetings, attendees, signatures, rates and faults.

    TELEHEALTH_BIN_DIR=.build/debug python3 -m pytest --noconftest Tests/Interop/test_simulator_boto3.py
"""

import urllib.error
import uuid

import botocore.exceptions
import pytest

from simulated_account import (  # noqa: F401 (fixtures)
    BUCKET,
    REGION,
    SEND_RECEIVE,
    fails,
    no_faults_left,
    silent,
    simulator,
    start,
)

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
