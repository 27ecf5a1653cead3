"""Chime's events through the real daemon: forwarded by a service, and read from the simulator's queue."""

import json
import time
import uuid

import boto3
import grpc
import pytest
from botocore.config import Config

from meeting_events import capture_of, events_of, events_stub, ingest, recorded_visit, recording_of
from service import Service, Simulator
from visit import Clinic, Watch, fields_at_fault
from waiting import until

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FAILED = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture()
def clinic(service):
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic


def ignored(report) -> dict[str, int]:
    """How many by why; each reason is there once, by its number."""
    from telehealth.v1 import events_service_pb2 as m

    told = [each.reason for each in report.ignored_by_reason]
    assert told == sorted(set(told)) and sum(each.count for each in report.ignored_by_reason) == report.ignored
    prefix = "IGNORED_MEETING_EVENT_REASON_"
    return {m.IgnoredMeetingEventReason.Name(each.reason).removeprefix(prefix): each.count
            for each in report.ignored_by_reason}


def malformed(report) -> list[tuple[int, str]]:
    from telehealth.v1 import events_service_pb2 as m

    prefix = "MALFORMED_MEETING_EVENT_REASON_"
    return [(each.index, m.MalformedMeetingEventReason.Name(each.reason).removeprefix(prefix))
            for each in report.malformed]


def test_forwarded_events_show_a_dead_capture_to_everybody(clinic, simulator):
    from telehealth.v1 import recording_pb2

    sid, _, watch = recorded_visit(clinic)
    client_watch = Watch(clinic, sid, "client")
    client_watch.wait_for_snapshot()
    pipeline = capture_of(clinic, recording_of(clinic, sid).recording_id).capture_pipeline_id
    meeting_id = clinic.session(sid).meeting.chime.meeting_id
    simulator.admin("POST", f"/pipelines/{pipeline}/fail")
    entries = events_of(simulator, meeting_id)
    first = ingest(clinic, entries)
    assert first.accepted > 0 and not first.malformed and first.duplicates == 0, first
    assert ignored(first)["NOT_A_PERSON"] >= 1  # the capture's own attendee
    for each in (watch, client_watch):
        stopped = each.wait_for("recording_stopping")
        assert stopped.recording_stopping.reason == recording_pb2.RECORDING_STOP_REASON_FAILED
        assert each.wait_for("recording_stopped").recording_stopped.reason == recording_pb2.RECORDING_STOP_REASON_FAILED
    # Every event once: the same batch again, backwards, changes nothing.
    again = ingest(clinic, entries[::-1])
    assert again.accepted == 0 and again.duplicates == first.accepted
    assert recording_of(clinic, sid, "client").stop_reason == 6  # FAILED, for the client too


def test_a_meeting_that_aws_ended_is_replaced_at_the_next_join(clinic, simulator):
    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    sid = session.session_id
    first = clinic.join(sid, "clinician").credentials
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    simulator.admin("POST", f"/meetings/{first.chime.meeting_id}/end")
    ingest(clinic, events_of(simulator, first.chime.meeting_id))
    watch.wait_for("meeting_ended")
    assert clinic.session(sid).status == 3
    after = clinic.join(sid, "clinician").credentials
    assert after.generation == first.generation + 1


def test_every_reason_that_an_entry_can_have_is_told(clinic, simulator):
    """Each value of the two enums, on the wire; TOO_MANY takes 5,000 events and is left to the rules' own tests."""
    from telehealth.v1 import events_service_pb2 as m

    session = clinic.create_session(clinic.book())
    meeting = clinic.join(session.session_id, "clinician").credentials.chime.meeting_id
    sound = {"source": "aws.chime", "time": "2026-11-22T09:00:00Z",
             "detail": {"eventType": "chime:AttendeeJoined", "meetingId": meeting, "externalUserId": "nobody"}}
    unsound = {
        "NOT_JSON": "{", "NOT_AN_EVENT": {"source": "aws.chime"}, "NO_TIME": {**sound, "time": "yesterday"},
        "NO_MEETING": {**sound, "detail": {"eventType": "chime:MeetingEnded"}},
        "NO_ATTENDEE": {**sound, "detail": {"eventType": "chime:AttendeeLeft", "meetingId": meeting}},
        "NO_PIPELINE": {**sound, "detail": {"eventType": "chime:MediaPipelineInProgress", "meetingId": meeting}},
        "ID_TOO_LONG": {**sound, "detail": {"eventType": "chime:MeetingEnded", "meetingId": "m" * 129}},
        "TOO_LONG": {**sound, "padding": "x" * 256 * 1024},
    }
    report = ingest(clinic, [each if isinstance(each, str) else json.dumps(each) for each in unsound.values()])
    assert malformed(report) == list(enumerate(unsound)) and report.ignored == 0
    assert set(unsound) == words(m.MalformedMeetingEventReason)
    meaningless = {
        "NOT_CHIME": {"source": "aws.ec2"},
        "UNKNOWN_TYPE": {**sound, "detail": {"eventType": "chime:AttendeeGrewWings"}},
        "NOT_A_PERSON": {**sound, "detail": {**sound["detail"], "externalUserId": "aws:MediaPipeline-1"}},
        "MEETING_UNKNOWN": {**sound, "detail": {**sound["detail"], "meetingId": str(uuid.uuid4())}},
        "PARTICIPANT_UNKNOWN": sound,
    }
    report = ingest(clinic, [json.dumps(each) for each in meaningless.values()] * 2)
    assert ignored(report) == dict.fromkeys(meaningless, 2) and report.ignored == 10 and report.accepted == 0
    assert set(meaningless) == words(m.IgnoredMeetingEventReason) - {"TOO_MANY"}


def words(enum) -> set[str]:
    """An enum's values without the prefix that they share, but for UNSPECIFIED."""
    prefix = next(name for name in enum.keys() if name.endswith("_UNSPECIFIED")).removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix) for name in enum.keys()} - {"UNSPECIFIED"}


def test_bad_entries_are_told_apart_and_a_bad_batch_is_refused(clinic):
    from telehealth.v1 import events_service_pb2 as m

    report = ingest(clinic, ["{", json.dumps({"source": "aws.chime"}), json.dumps({"source": "aws.ec2"})])
    assert malformed(report) == [(0, "NOT_JSON"), (1, "NOT_AN_EVENT")]
    assert ignored(report) == {"NOT_CHIME": 1} and report.ignored == 1
    stub = events_stub(clinic)
    empty = clinic.refused(INVALID, "INVALID_FIELD", stub.IngestMeetingEvents, m.IngestMeetingEventsRequest(), "service")
    assert fields_at_fault(empty) == ["events"]
    clinic.refused(
        grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", stub.IngestMeetingEvents,
        m.IngestMeetingEventsRequest(events=["{}"]), "clinician",
    )


# -- the queue ------------------------------------------------------------------------------------


@pytest.fixture()
def own_simulator(tmp_path):
    simulator = Simulator("--no-throttle", "--pipeline-step-milliseconds", "100", log=tmp_path / "simulator.log")
    yield simulator
    simulator.stop()


def sqs(simulator):
    return boto3.client(
        "sqs", endpoint_url=f"http://{simulator.address}", region_name="us-east-1",
        aws_access_key_id=simulator.access_key, aws_secret_access_key=simulator.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


def meeting(simulator):
    return boto3.client(
        "chime-sdk-meetings", endpoint_url=f"http://{simulator.address}", region_name="us-east-1",
        aws_access_key_id=simulator.access_key, aws_secret_access_key=simulator.secret_key,
    ).create_meeting(
        ClientRequestToken=uuid.uuid4().hex, MediaRegion="us-east-1", ExternalMeetingId="m-" + uuid.uuid4().hex
    )["Meeting"]


def test_boto3_reads_the_simulators_queue(own_simulator):
    queue = sqs(own_simulator)
    url = queue.get_queue_url(QueueName="chime-events")["QueueUrl"]
    assert "Messages" not in queue.receive_message(QueueUrl=url)
    made = meeting(own_simulator)
    got = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30)["Messages"]
    assert [json.loads(each["Body"])["detail"]["eventType"] for each in got] == ["chime:MeetingStarted"]
    assert json.loads(got[0]["Body"])["detail"]["meetingId"] == made["MeetingId"]
    # Hidden while somebody works on it, again at once when given back, gone when deleted.
    assert "Messages" not in queue.receive_message(QueueUrl=url)
    handle = got[0]["ReceiptHandle"]
    changed = queue.change_message_visibility_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0}])
    assert [each["Id"] for each in changed["Successful"]] == ["a"]
    again = queue.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2" and again["ReceiptHandle"] != handle
    deleted = queue.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "x", "ReceiptHandle": again["ReceiptHandle"]}, {"Id": "y", "ReceiptHandle": "?"}])
    assert [each["Id"] for each in deleted["Successful"]] == ["x"]
    assert [each["Code"] for each in deleted["Failed"]] == ["ReceiptHandleIsInvalid"]
    counts = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0" and counts["ApproximateNumberOfMessagesNotVisible"] == "0"
    with pytest.raises(queue.exceptions.QueueDoesNotExist):
        queue.receive_message(QueueUrl=url + "-other")


def test_a_long_poll_answers_as_soon_as_something_happens(own_simulator):
    import threading

    queue = sqs(own_simulator)
    url = queue.get_queue_url(QueueName="chime-events")["QueueUrl"]
    threading.Timer(0.5, meeting, [own_simulator]).start()
    began = time.monotonic()
    assert len(queue.receive_message(QueueUrl=url, WaitTimeSeconds=8)["Messages"]) == 1
    assert 0.3 < time.monotonic() - began < 7


def test_the_daemon_reads_the_queue_and_empties_it(own_simulator, tmp_path):
    queue = sqs(own_simulator)
    url = queue.get_queue_url(QueueName="chime-events")["QueueUrl"]
    service = Service(tmp_path / "data", own_simulator, env={"TELEHEALTH_EVENTS_QUEUE_URL": url}).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            clinic = Clinic(service, channel)
            clinic.register_documents()
            sid, _, watch = recorded_visit(clinic)
            pipeline = capture_of(clinic, recording_of(clinic, sid).recording_id).capture_pipeline_id
            own_simulator.admin("POST", f"/pipelines/{pipeline}/fail")
            assert watch.wait_for("recording_stopping").recording_stopping.reason == 6  # FAILED
            client = next(p for p in clinic.session(sid).participants if p.role == 2)
            attendee = next(
                a for a in own_simulator.admin("GET", "/attendees")["attendees"] if a["attendeeId"] == client.chime.attendee_id)
            own_simulator.admin("POST", f"/attendees/{attendee['attendeeId']}/content-start")
            watch.wait_for("screen_share_started")
            own_simulator.admin("POST", f"/attendees/{attendee['attendeeId']}/drop")
            own_simulator.admin("POST", f"/meetings/{attendee['meetingId']}/end")
            watch.wait_for("meeting_ended")
        counts = lambda: queue.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        until("the queue is empty", lambda: counts()["ApproximateNumberOfMessages"] == "0"
              and counts()["ApproximateNumberOfMessagesNotVisible"] == "0")
    finally:
        assert service.stop() == 0
