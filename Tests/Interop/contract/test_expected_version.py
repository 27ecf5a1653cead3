"""A change that is meant for one version of a session: every call with `expected_version`, found by descriptors."""

import subprocess
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from contract import contract, details
from meeting_events import events_of, ingest
from service import BIN, Service
from visit import Clinic, Watch, fields_at_fault, in_seconds

FIELD = "expected_version"
#: Changes that name a session and take no version, each with the reason why.
WITHOUT = {
    "Heartbeat": "reports somebody's presence and changes nothing",
    "ReportClientMetrics": "reports somebody's line and leaves the version as it is",
}
#: What ends a session: saying it twice is OK, whatever version it is meant for.
ENDS = {"EndSession", "CancelSession", "MarkNoShow", "UpdateSessionStatus"}


def versioned() -> dict:
    return {call.name: call for call in contract().calls.values() if FIELD in call.method.input_type.fields_by_name}


@pytest.fixture(scope="module")
def own_service(tmp_path_factory, simulator):
    service = Service(
        tmp_path_factory.mktemp("versions") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"}).start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def clinic(own_service):
    with grpc.insecure_channel(own_service.address) as channel:
        clinic = Clinic(own_service, channel)
        clinic.register_documents()
        yield clinic


# -- scenes: a session in which a call would change something, the request, and who makes it ---------------------------


def scheduled(clinic: Clinic, starts_in: float = 60) -> str:
    return clinic.create_session(clinic.book(starts_in=starts_in)).session_id


def waiting(clinic: Clinic) -> tuple[str, str]:
    """The clinician is there, the client waits to be let in by name."""
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        clinic.consent(kind)
    sid = clinic.create_session(clinic.book(), admission_policy=2).session_id
    clinic.join(sid, "clinician")
    return sid, clinic.join(sid, "client").participant.participant_id


def visit(clinic: Clinic) -> tuple[str, str]:
    sid, client = waiting(clinic)
    clinic.admit(sid, client)
    clinic.join(sid, "client")
    return sid, client


def recorded(clinic: Clinic) -> str:
    from telehealth.v1 import recording_service_pb2 as m

    sid = recordable(clinic)
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    clinic.call(clinic.recordings.StartRecording, m.StartRecordingRequest(session_id=sid), "clinician")
    watch.wait_for("recording_started")
    watch.stream.cancel()
    return sid


def recordable(clinic: Clinic) -> str:
    for who in ("client", "clinician"):
        clinic.consent("recording", who)
    return visit(clinic)[0]


def noted(clinic: Clinic, call: str, sid: str, who: str) -> str:
    """The session behind a call that was made for any version."""
    from telehealth.v1 import telehealth_service_pb2 as m

    clinic.call(getattr(clinic.telehealth, call), getattr(m, call + "Request")(session_id=sid), who)
    return sid


def invited(clinic: Clinic) -> dict:
    sid = scheduled(clinic)
    return {"session_id": sid, "invitation_id": clinic.invite(sid, "GUEST").invitation.invitation_id}


def person(place: tuple[str, str], **fields) -> dict:
    return {"session_id": place[0], "participant_id": place[1], **fields}


SCENES = {
    "JoinSession": lambda c: ({"session_id": scheduled(c)}, "clinician"),
    "AdmitParticipant": lambda c: (person(waiting(c)), "clinician"),
    "UpdateSessionStatus": lambda c: ({"session_id": scheduled(c), "status": 5}, "scheduler"),
    "StartRecording": lambda c: ({"session_id": recordable(c)}, "clinician"),
    "StopRecording": lambda c: ({"session_id": recorded(c)}, "clinician"),
    "StartScreenShare": lambda c: ({"session_id": visit(c)[0]}, "clinician"),
    "StopScreenShare": lambda c: ({"session_id": noted(c, "StartScreenShare", visit(c)[0], "clinician")}, "clinician"),
    "LeaveSession": lambda c: ({"session_id": visit(c)[0]}, "client"),
    "CancelSession": lambda c: ({"session_id": scheduled(c)}, "scheduler"),
    "MarkNoShow": lambda c: ({"session_id": scheduled(c, starts_in=-60)}, "scheduler"),
    "UndoNoShow": lambda c: ({"session_id": noted(c, "MarkNoShow", scheduled(c, starts_in=-60), "admin")}, "scheduler"),
    "EndSession": lambda c: ({"session_id": visit(c)[0]}, "clinician"),
    "InviteParticipant": lambda c: ({"session_id": scheduled(c), "role": 8}, "clinician"),
    "RevokeInvitation": lambda c: (invited(c), "clinician"),
    "DenyParticipant": lambda c: (person(waiting(c)), "clinician"),
    "ReturnToWaitingRoom": lambda c: (person(visit(c)), "clinician"),
    "RemoveParticipant": lambda c: (person(visit(c)), "clinician"),
    "SetParticipantCapabilities": lambda c: (
        person(visit(c), capabilities={"audio": 3, "video": 1, "content": 3}), "clinician"),
}


def scene(clinic: Clinic, name: str) -> SimpleNamespace:
    from google.protobuf import message_factory

    fields, who = SCENES[name](clinic)
    call = versioned()[name]
    request = message_factory.GetMessageClass(call.method.input_type)(**fields)
    session = clinic.session(fields["session_id"], "admin")
    return SimpleNamespace(
        call=call, request=request, who=who, sid=fields["session_id"], version=session.version, session=session)


def said(clinic: Clinic, scene, version: int | None, request_id: str = "") -> str:
    """OK, or the reason of the refusal; the scene keeps what else was said."""
    request = type(scene.request)()
    request.CopyFrom(scene.request)
    request.request_id = request_id or str(uuid.uuid4())
    if version is not None:
        request.expected_version = version
    method = clinic.channel.unary_unary(scene.call.path, request_serializer=lambda m: m.SerializeToString())
    try:
        scene.answer = method(request, metadata=clinic.credentials(scene.who), timeout=30)
        return "OK"
    except grpc.RpcError as error:
        scene.error = error
        return details(error).word


# -- what the contract says ---------------------------------------------------------------------------------------


def test_every_change_that_names_a_session_takes_a_version_or_says_why_not():
    named = {call.name for call in contract().calls.values()
             if {"request_id", "session_id"} <= set(call.method.input_type.fields_by_name)}
    assert named - set(versioned()) == set(WITHOUT)
    assert set(versioned()) - named == set(), "a version of a session that the request does not name"


def test_a_call_names_the_mismatch_exactly_if_it_takes_a_version():
    naming = {call.name for call in contract().calls.values() if "VERSION_MISMATCH" in call.reasons}
    assert naming == set(versioned())
    reason = contract().reasons["VERSION_MISMATCH"]
    assert reason.code is grpc.StatusCode.FAILED_PRECONDITION
    assert reason.always == {"current_version"} and not reason.sometimes and not reason.details


def test_every_call_that_takes_a_version_has_a_scene_here():
    assert set(SCENES) == set(versioned())


# -- what the service does ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
def test_a_change_happens_for_the_sessions_own_version_alone(clinic, name):
    it = scene(clinic, name)
    for wrong in {it.version - 1, it.version + 1, 2**63 - 1} - {0}:
        assert said(clinic, it, wrong) == "VERSION_MISMATCH"
        found = details(it.error)
        assert found.code is grpc.StatusCode.FAILED_PRECONDITION
        assert found.metadata == {"current_version": str(it.version)} and found.names == ["ErrorInfo"]
    for nonsense in (0, -1):
        assert said(clinic, it, nonsense) == "INVALID_FIELD" and fields_at_fault(it.error) == [FIELD]
    after = clinic.session(it.sid, "admin")
    assert (after.version, after.last_event_sequence) == (it.version, it.session.last_event_sequence)
    assert said(clinic, it, it.version) == "OK"
    assert clinic.session(it.sid, "admin").version > it.version


@pytest.mark.parametrize("name", SCENES)
def test_a_repeated_request_is_answered_before_the_version_is_looked_at(clinic, name):
    it, attempt = scene(clinic, name), str(uuid.uuid4())
    assert said(clinic, it, it.version, attempt) == "OK"
    assert said(clinic, it, it.version, attempt) == "OK"
    # The version is of the request's body, like every field.
    assert said(clinic, it, it.version + 1, attempt) == "REQUEST_ID_REUSED"
    assert said(clinic, it, None, attempt) == "REQUEST_ID_REUSED"
    # Another attempt of the same is for a version that is gone, except where it says again what ended the session.
    assert said(clinic, it, it.version) == ("OK" if name in ENDS else "VERSION_MISMATCH")


@pytest.mark.parametrize("name", SCENES)
def test_of_callers_with_the_same_version_exactly_one_changes_the_session(clinic, name):
    it, callers = scene(clinic, name), 4
    together = threading.Barrier(callers)

    def ask(_) -> str:
        own = SimpleNamespace(**vars(it))
        together.wait()
        return said(clinic, own, it.version)

    clinic.credentials(it.who)
    with ThreadPoolExecutor(callers) as askers:
        answers = sorted(askers.map(ask, range(callers)))
    assert answers == (["OK"] * callers if name in ENDS else ["OK"] + ["VERSION_MISMATCH"] * (callers - 1))
    if name in ENDS - {"EndSession"}:  # The meeting is deleted behind it.
        assert clinic.session(it.sid, "admin").version == it.version + 1


def test_of_two_ends_for_the_same_version_one_happens(clinic):
    for _ in range(8):
        sid = scheduled(clinic, starts_in=-60)
        version, together = clinic.session(sid, "admin").version, threading.Barrier(2)

        def ask(name: str) -> str:
            from telehealth.v1 import telehealth_service_pb2 as m

            together.wait()
            ended = SimpleNamespace(
                call=versioned()[name], request=getattr(m, name + "Request")(session_id=sid), who="scheduler")
            return said(clinic, ended, version)

        with ThreadPoolExecutor(2) as askers:
            assert sorted(askers.map(ask, ["CancelSession", "MarkNoShow"])) == ["OK", "VERSION_MISMATCH"]


def test_the_version_goes_before_the_state_and_behind_what_is_wrong_with_the_request(clinic):
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m

    sid = noted(clinic, "CancelSession", scheduled(clinic), "scheduler")
    version = clinic.session(sid).version
    end = SimpleNamespace(call=versioned()["EndSession"], request=m.EndSessionRequest(session_id=sid), who="clinician")
    assert said(clinic, end, version) == "INVALID_STATE"
    assert said(clinic, end, version - 1) == "VERSION_MISMATCH"
    end.request.note = "x" * 1001
    assert said(clinic, end, version - 1) == "INVALID_FIELD"
    assert clinic.session(sid).status == s.SESSION_STATUS_CANCELLED


def test_presence_and_quality_leave_the_version_as_it_is(clinic, simulator):
    from telehealth.v1 import quality_service_pb2 as q
    from telehealth.v1 import quality_service_pb2_grpc as quality
    from telehealth.v1 import telehealth_service_pb2 as m

    sid, _ = visit(clinic)
    before = clinic.session(sid)
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    Watch(clinic, sid, "client").wait_for_snapshot()
    clinic.call(clinic.telehealth.Heartbeat, m.HeartbeatRequest(session_id=sid), "client")
    visits = clinic.telehealth.WatchSessions(
        m.WatchSessionsRequest(start_time=in_seconds(-3600), end_time=in_seconds(3600)),
        metadata=clinic.credentials("clinician"), timeout=60)
    assert next(visits).HasField("snapshot_part")
    report = q.ReportClientMetricsRequest(session_id=sid, window=Duration(seconds=5), packet_loss_percent=9)
    clinic.call(quality.QualityServiceStub(clinic.channel).ReportClientMetrics, report, "client")
    watch.wait_for("connection_quality_changed")
    meeting = before.meeting.chime.meeting_id
    attendees = next(each for each in simulator.admin("GET", "/meetings")["meetings"] if each["meetingId"] == meeting)
    for attendee in attendees["attendees"]:
        for step in ("join", "drop", "join"):
            simulator.admin("POST", f"/attendees/{attendee['attendeeId']}/{step}")
    assert ingest(clinic, events_of(simulator, meeting)).accepted >= 3
    after = clinic.session(sid)
    assert after.last_event_sequence == before.last_event_sequence + 1
    assert (after.version, after.update_time) == (before.version, before.update_time)
    visits.cancel()
    share = SimpleNamespace(
        call=versioned()["StartScreenShare"], request=m.StartScreenShareRequest(session_id=sid), who="clinician")
    assert said(clinic, share, before.version) == "OK"


def test_the_probe_sets_the_version(clinic):
    sid = scheduled(clinic)

    def cancel(version: int, method: str = "TelehealthService/CancelSession") -> subprocess.CompletedProcess:
        body = f'{{"sessionId": "{sid}", "requestId": "{uuid.uuid4()}"}}' if "Cancel" in method else "{}"
        return subprocess.run(
            [BIN / "telehealth-probe", "call", f"telehealth.v1.{method}", "-d", body, "--expected-version",
             str(version), "--target", clinic.service.address, "--as", "scheduler", "--data-dir", clinic.service.data],
            capture_output=True, text=True, timeout=60)

    refused = cancel(2)
    assert refused.returncode == 3 and "VERSION_MISMATCH" in refused.stderr and "current_version" in refused.stderr
    assert cancel(1).returncode == 0
    assert clinic.session(sid, "admin").status == 5
    without = cancel(1, "TelehealthService/ListSessions")
    assert without.returncode == 1 and "has no expected_version" in without.stderr
