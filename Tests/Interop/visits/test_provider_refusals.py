"""What AWS answers about the account says nothing about a visit: through the daemon, with a simulator that refuses."""

import json
import subprocess
import urllib.request
import uuid

import grpc
import pytest

from meeting_events import capture_of, recorded_visit, recording_of
from operations import get, metric, operations
from service import BIN, Service, Simulator
from visit import Clinic
from waiting import until

FAILED = grpc.StatusCode.FAILED_PRECONDITION
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
INTERNAL = grpc.StatusCode.INTERNAL
NOT_FOUND = grpc.StatusCode.NOT_FOUND
PROCESSING, AVAILABLE = 5, 6
ACCESS_REFUSED, OBJECT_MISSING, JOINING_FAILED = 1, 3, 4


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Simulator and service, with few attempts so that work is given up within seconds."""
    simulator = Simulator(
        "--no-throttle", "--pipeline-step-milliseconds", "100", log=tmp_path_factory.mktemp("simulator") / "log")
    service = Service(tmp_path_factory.mktemp("refusals") / "data", simulator, flags=["--monitoring-listen", "127.0.0.1:0"], env={
        "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_CONCATENATION_POLL": "200ms", "TELEHEALTH_SWEEP_INTERVAL": "300ms",
        "TELEHEALTH_EFFECT_ATTEMPTS": "4"}).start()
    yield simulator, service
    assert service.stop() == 0
    simulator.stop()


@pytest.fixture
def simulator(worlds):
    yield worlds[0]
    worlds[0].admin("DELETE", "/faults")


@pytest.fixture
def clinic(worlds, simulator):
    with grpc.insecure_channel(worlds[1].address) as channel:
        clinic = Clinic(worlds[1], channel)
        clinic.register_documents()
        yield clinic


def stopped(clinic, simulator, *faults):
    """A recorded visit that ended while the simulator had these faults on order."""
    from telehealth.v1 import telehealth_service_pb2 as m

    sid, rid, _ = recorded_visit(clinic)
    for fault in faults:
        simulator.admin("POST", "/faults", fault)
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
    return sid, rid


def given_up(clinic, sid):
    from telehealth.v1 import operations_service_pb2 as m

    page = clinic.call(operations(clinic).ListFailedOperations, m.ListFailedOperationsRequest(page_size=200), "admin")
    return [each for each in page.operations if each.session_id == sid]


def operate(clinic, *words):
    return subprocess.run(
        [BIN / "telehealth-probe", "operate", *words, "--target", clinic.service.address, "--data-dir", clinic.service.data],
        capture_output=True, text=True, timeout=30)


def play(rid):
    from telehealth.v1 import recording_service_pb2 as rec

    return rec.GetRecordingPlaybackUrlRequest(recording_id=rid)


def test_a_recording_outlives_a_refused_look_at_its_file(clinic, simulator):
    sid, _ = stopped(clinic, simulator, {"operation": "HeadObject", "status": 403, "count": 2})
    until("the file is there", lambda: recording_of(clinic, sid).state == AVAILABLE)
    assert not given_up(clinic, sid) and recording_of(clinic, sid).waiting_reason == 0


@pytest.mark.parametrize("operation", ["HeadObject", "GetMediaPipeline", "CreateMediaConcatenationPipeline"])
def test_access_that_stays_refused_is_an_operators_matter_and_loses_nothing(clinic, simulator, operation):
    sid, rid = stopped(
        clinic, simulator, {"operation": operation, "status": 403, "code": "AccessDeniedException", "count": 1000})
    [given] = until("it is given up", lambda: given_up(clinic, sid))
    waiting = recording_of(clinic, sid)
    assert (waiting.state, waiting.waiting_reason, waiting.failure_reason) == (PROCESSING, ACCESS_REFUSED, "")
    clinic.refused(FAILED, "RECORDING_NOT_READY", clinic.recordings.GetRecordingPlaybackUrl, play(rid), "clinician")
    assert recording_of(clinic, sid, "client").waiting_reason == 0, "the clinic's matter"
    status = operate(clinic, "status")
    assert status.returncode == 4 and ", 1 failed" in status.stdout
    simulator.admin("DELETE", "/faults")
    assert operate(clinic, "retry", given.operation_id).returncode == 0
    until("the file is there", lambda: recording_of(clinic, sid).state == AVAILABLE)
    assert recording_of(clinic, sid).waiting_reason == 0


def test_refused_work_is_told_before_it_is_given_up(worlds, clinic, tmp_path):
    simulator, _ = worlds
    # With as many attempts as a clinic has, it is hours until then.
    service = Service(tmp_path / "data", simulator, flags=["--monitoring-listen", "127.0.0.1:0"], env={
        "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_CONCATENATION_POLL": "200ms"}).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            own = Clinic(service, channel)
            own.register_documents()
            assert operate(own, "status").returncode == 0
            sid, _ = stopped(own, simulator, {"operation": "HeadObject", "status": 403, "count": 1000})
            until("it is refused", lambda: recording_of(own, sid).waiting_reason == ACCESS_REFUSED)
            status = operate(own, "status")
            assert status.returncode == 4 and "1 refused by AWS" in status.stdout, status.stdout
            told = json.loads(operate(own, "status", "--json").stdout)
            assert (int(told["refusedOperations"]), int(told.get("failedOperations", 0))) == (1, 0)
            assert metric(get(service, "/metrics")[1], "telehealth_effects", state="refused") == 1
            simulator.admin("DELETE", "/faults")
    finally:
        service.kill()


def test_a_failed_concatenation_is_tried_anew_with_other_tokens(clinic, simulator):
    fault = {"operation": "CreateMediaConcatenationPipeline", "outcome": "failed"}
    sid, _ = stopped(clinic, simulator, {**fault, "count": 2})
    until("the file is there", lambda: recording_of(clinic, sid).state == AVAILABLE)
    # Three in a row wait for an operator, whose retry is one more.
    sid, _ = stopped(clinic, simulator, {**fault, "count": 3})
    [given] = until("it is given up", lambda: given_up(clinic, sid))
    assert (given.kind, given.last_error) == (7, "CONCATENATION_FAILED")  # start concatenation
    assert (recording_of(clinic, sid).state, recording_of(clinic, sid).waiting_reason) == (PROCESSING, JOINING_FAILED)
    capture = capture_of(clinic, recording_of(clinic, sid).recording_id).capture_pipeline_id
    tokens = [each["clientRequestToken"] for each in simulator.admin("GET", "/pipelines")["pipelines"]
              if each.get("captureId") == capture]
    assert len(tokens) == len(set(tokens)) == 3
    assert operate(clinic, "retry", given.operation_id).returncode == 0
    until("the file is there", lambda: recording_of(clinic, sid).state == AVAILABLE)


def test_a_file_that_is_not_there_is_looked_for_and_a_lost_one_is_told(clinic, simulator):
    sid, rid = stopped(clinic, simulator, {"operation": "CreateMediaConcatenationPipeline", "outcome": "noObject"})
    until("the concatenation is over", lambda: any(
        each["kind"] == "MediaConcatenationPipeline" and each["status"] == "Stopped" and not any(
            key.endswith(each["mediaPipelineId"] + ".mp4") for key in simulator.admin("GET", "/objects")["keys"])
        for each in simulator.admin("GET", "/pipelines")["pipelines"]))
    assert recording_of(clinic, sid).state == PROCESSING and not given_up(clinic, sid)

    sid, rid = stopped(clinic, simulator)
    kept = until("the file is there", lambda: (r := recording_of(clinic, sid)).state == AVAILABLE and r)
    assert clinic.call(clinic.recordings.GetRecordingPlaybackUrl, play(rid), "clinician").url
    simulator.admin("DELETE", "/objects/" + kept.object_key)
    clinic.refused(NOT_FOUND, "RECORDING_OBJECT_GONE", clinic.recordings.GetRecordingPlaybackUrl, play(rid), "clinician")


@pytest.mark.parametrize("status, code, word, answered", [
    (400, "LimitExceededException", "MEETING_QUOTA_EXCEEDED", EXHAUSTED),
    (403, "ForbiddenException", "MEETING_REFUSED", INTERNAL),
    (401, "UnauthorizedException", "MEETING_REFUSED", INTERNAL),
    (400, "BadRequestException", "MEETING_REFUSED", INTERNAL),
])
def test_whoever_joins_hears_why_there_is_no_meeting(worlds, clinic, simulator, status, code, word, answered):
    from google.rpc import error_details_pb2, status_pb2

    kind = "quota" if word == "MEETING_QUOTA_EXCEEDED" else "access"
    before = metric(get(worlds[1], "/metrics")[1], "telehealth_meetings_refused_total", kind=kind)
    sid = clinic.create_session(clinic.book()).session_id
    simulator.admin("POST", "/faults", {"operation": "CreateMeetingWithAttendees", "status": status, "code": code})
    error = clinic.refused(answered, word, clinic.telehealth.JoinSession, clinic.join_request(sid, "clinician"), "clinician")
    details = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"]).details
    assert not any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in details)
    assert metric(get(worlds[1], "/metrics")[1], "telehealth_meetings_refused_total", kind=kind) == before + 1
    log = (worlds[1].data / "telehealthd.log").read_text()
    assert any("Chime refused a meeting" in line and code in line for line in log.splitlines())
    # Mended: the next who comes has one.
    assert clinic.join(sid, "clinician").credentials.chime.join_token


def test_a_client_plays_the_own_recording_once_it_is_part_of_their_record(clinic, simulator):
    from telehealth.v1 import recording_service_pb2 as r
    from telehealth.v1 import recording_service_pb2_grpc as services

    sid, rid = stopped(clinic, simulator)
    until("the file is there", lambda: recording_of(clinic, sid).state == AVAILABLE)
    play_it = clinic.recordings.GetRecordingPlaybackUrl
    clinic.refused(FAILED, "RECORDING_NOT_RELEASED", play_it, play(rid), "client")
    clinic.call(
        services.RecordingServiceStub(clinic.channel).LinkSessionNote,
        r.LinkSessionNoteRequest(recording_id=rid, session_note_id="note-" + uuid.uuid4().hex[:8]), "clinician")
    with urllib.request.urlopen(clinic.call(play_it, play(rid), "client").url, timeout=10) as file:
        assert file.read()
    stranger = Clinic(clinic.service, clinic.channel)
    stranger.refused(NOT_FOUND, "RECORDING_NOT_FOUND", play_it, play(rid), "client")
