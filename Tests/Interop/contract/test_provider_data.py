"""What is whose: data of the one who carries the media stands behind `oneof provider`, and Chime takes it as it is."""

import json
import subprocess

import grpc
import pytest

from contract import methods
from meeting_events import capture_of, recorded_visit, recording_of
from service import BIN
from visit import Clinic

NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture
def clinic(service):
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic


def messages() -> dict:
    """Every message that the API can send or take, by its name."""
    found, left = {}, [each for method in methods() for each in (method.input_type, method.output_type)]
    while left:
        message = left.pop()
        if message.full_name not in found:
            found[message.full_name] = message
            left += [field.message_type for field in message.fields if field.message_type]
    return {message.name: message for message in found.values() if message.full_name.startswith("telehealth.v1.")}


def is_of_a_provider(message) -> bool:
    return message.name.startswith("Chime")


def test_a_providers_messages_stand_in_a_oneof_where_another_may_stand():
    held = [(message, field) for message in messages().values() for field in message.fields
            if field.message_type and is_of_a_provider(field.message_type) and not is_of_a_provider(message)]
    assert {message.name for message, _ in held} == {
        "JoinCredentials", "MeetingGeneration", "Participant", "GetRecordingProviderDetailsResponse"}
    for message, field in held:
        assert field.containing_oneof and field.containing_oneof.name == "provider", message.name
        assert field.name == "chime", "a second provider's field is named after it"


def test_a_providers_words_stand_in_its_messages_alone():
    words = ("chime", "arn", "pipeline", "attendee_id", "external_user_id", "external_meeting_id", "media_region",
             "join_token", "placement")
    told = [f"{message.name}.{field.name}" for message in messages().values() if not is_of_a_provider(message)
            for field in message.fields for word in words
            if word in field.name.split("_") or "_" in word and word in field.name]
    assert sorted(told) == sorted(f"{name}.chime" for name in (
        "JoinCredentials", "MeetingGeneration", "Participant", "GetRecordingProviderDetailsResponse"))
    assert not [field.name for field in messages()["ChimeMediaPlacement"].fields if field.name.startswith("screen_")]


def test_what_joining_gives_is_what_the_client_sdk_of_chime_reads(clinic, simulator):
    sid = clinic.create_session(clinic.book()).session_id
    joined = clinic.join(sid, "clinician")
    chime = joined.credentials.chime
    meeting = next(
        each for each in simulator.admin("GET", "/meetings")["meetings"] if each["meetingId"] == chime.meeting_id)
    assert chime.external_meeting_id == meeting["externalMeetingId"]
    attendee = next(each for each in meeting["attendees"] if each["attendeeId"] == chime.attendee_id)
    assert chime.external_user_id == attendee["externalUserId"] and chime.join_token
    placement = chime.media_placement
    assert placement.audio_host_url and placement.signaling_url.startswith("wss://")
    assert placement.audio_fallback_url and placement.turn_control_url and placement.event_ingestion_url
    assert {field.name for field in chime.DESCRIPTOR.fields} == {
        "meeting_id", "external_meeting_id", "media_placement", "attendee_id", "external_user_id", "join_token"}
    # The clinic sees which meeting it is, by the same ids; the client does not.
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    clinic.join(sid, "client")
    seen = clinic.session(sid, "admin").meeting
    assert (seen.number, seen.WhichOneof("provider")) == (joined.credentials.generation, "chime")
    assert (seen.chime.meeting_id, seen.chime.external_meeting_id) == (chime.meeting_id, chime.external_meeting_id)
    assert seen.chime.media_region and seen.chime.control_region == "us-east-1"
    theirs = clinic.session(sid, "client")
    assert not theirs.HasField("meeting")
    assert [person.role for person in theirs.participants if person.HasField("chime")] == [2], "their own alone"


def test_an_operator_is_told_what_chime_calls_a_recording_and_it_is_audited(clinic, simulator):
    from telehealth.v1 import audit_service_pb2 as a
    from telehealth.v1 import audit_service_pb2_grpc as audits
    from telehealth.v1 import operations_service_pb2 as m
    from telehealth.v1 import operations_service_pb2_grpc as operations

    sid, rid, _ = recorded_visit(clinic)
    capture = capture_of(clinic, rid)
    pipeline = next(each for each in simulator.admin("GET", "/pipelines")["pipelines"]
                    if each["mediaPipelineId"] == capture.capture_pipeline_id)
    meeting = clinic.session(sid, "admin").meeting.chime
    assert pipeline["meetingId"] == capture.meeting_id == meeting.meeting_id
    assert capture.meeting_arn.endswith(meeting.meeting_id) and capture.capture_pipeline_arn.startswith("arn:")
    assert capture.capture_pipeline_arn.endswith(capture.capture_pipeline_id)
    assert (capture.control_region, capture.bucket) == (meeting.control_region, "recordings")
    assert capture.key_prefix.endswith(f"{rid}/") and not capture.concatenation_pipeline_id
    # Nobody else is told, in the recording or in the visit.
    told = [clinic.session(sid, who).SerializeToString() for who in ("admin", "clinician")]
    told.append(recording_of(clinic, sid, "admin").SerializeToString())
    assert not [each for each in told if capture.capture_pipeline_id.encode() in each or b"arn:" in each]
    stub = operations.OperationsServiceStub(clinic.channel)
    unknown = m.GetRecordingProviderDetailsRequest(recording_id="unknown")
    clinic.refused(NOT_FOUND, "RECORDING_NOT_FOUND", stub.GetRecordingProviderDetails, unknown, "admin")
    shown = subprocess.run(
        [BIN / "telehealth-probe", "operate", "capture", rid, "--json", "--target", clinic.service.address,
         "--data-dir", clinic.service.data], capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["chime"]["capturePipelineArn"] == capture.capture_pipeline_arn
    listed = clinic.call(audits.AuditServiceStub(clinic.channel).ListAuditEvents, a.ListAuditEventsRequest(
        action="GetRecordingProviderDetails", session_id=sid), "admin").events
    assert [row.target for row in listed] == [rid, rid]
