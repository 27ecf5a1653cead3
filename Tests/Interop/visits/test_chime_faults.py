"""Chime at its worst while people come in: throttled, failing, silent, answering twice. Nobody notices, nothing is left over."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from service import Service, Simulator
from visit import Clinic
from waiting import until

FAILED = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture(scope="module")
def worst(tmp_path_factory):
    simulator = Simulator("--no-throttle", log=tmp_path_factory.mktemp("simulator") / "log")
    # No sweep ends a visit between its time and the call that comes too late for it.
    env = {"TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_SWEEP_INTERVAL": "1m"}
    service = Service(tmp_path_factory.mktemp("worst") / "data", simulator, env=env).start()
    yield service, simulator
    assert service.stop() == 0
    simulator.stop()


@pytest.fixture
def clinic(worst):
    with grpc.insecure_channel(worst[0].address) as channel:
        clinic = Clinic(worst[0], channel)
        clinic.register_documents()
        clinic.consent("georgia_telehealth")
        clinic.consent("hipaa_telehealth")
        yield clinic
    worst[1].admin("DELETE", "/faults")


def live(simulator) -> list[str]:
    return [meeting["meetingId"] for meeting in simulator.admin("GET", "/meetings?state=live")["meetings"]]


@pytest.mark.parametrize("fault", [
    {"status": 429, "code": "ThrottlingException", "retryAfter": 1, "count": 2},
    {"status": 503, "code": "ServiceUnavailableException", "count": 3},
    {"status": 500, "count": 2},
    {"dropConnection": True, "count": 2},
    {"dropConnection": True, "afterEffect": True, "count": 1},
    {"status": 500, "afterEffect": True, "count": 1},
], ids=lambda fault: " ".join(str(value) for value in fault.values()))
def test_a_meeting_is_made_once_whatever_chime_answers(clinic, worst, fault):
    from telehealth.v1 import telehealth_service_pb2 as m

    simulator = worst[1]
    before = set(live(simulator))
    sid = clinic.create_session(clinic.book()).session_id
    for operation in ("CreateMeetingWithAttendees", "DeleteMeeting"):
        simulator.admin("POST", "/faults", {"operation": operation, **fault})
    clinic.join(sid, "client")
    assert clinic.join(sid, "clinician").credentials.chime.join_token
    assert clinic.join(sid, "client").credentials.chime.join_token
    assert set(live(simulator)) - before == {clinic.session(sid).meeting.chime.meeting_id}
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
    until("the meeting is gone", lambda: set(live(simulator)) == before, seconds=60)
    assert not simulator.admin("GET", "/faults")["faults"], "each fault was met"


def test_all_who_come_in_the_same_instant_meet_in_one_meeting(clinic, worst):
    """Client and clinician at once, each from two devices and each asking twice: one generation, one attendee each."""
    simulator = worst[1]
    for _ in range(10):
        before = set(live(simulator))
        sid = clinic.create_session(clinic.book()).session_id
        start, got = threading.Barrier(4), []

        def come(role: str) -> None:
            start.wait()
            while not (answer := clinic.join(sid, role)).credentials.chime.join_token:
                time.sleep(0.02)
            got.append((role, answer.credentials.chime.meeting_id, answer.credentials.chime.attendee_id))

        people = [threading.Thread(target=come, args=(role,)) for role in ("client", "clinician") * 2]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert len(got) == 4 and len(set(got)) == 2, got
        assert set(live(simulator)) - before == {got[0][1]}


def test_twins_of_a_request_are_one(clinic, worst):
    """Sixteen callers with one request id: one session, one answer, one request more is the same again."""
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.CreateSessionRequest(request_id=str(uuid.uuid4()), appointment_id=clinic.book())
    with ThreadPoolExecutor(16) as twins:
        answers = list(twins.map(
            lambda _: clinic.call(clinic.telehealth.CreateSession, request, "scheduler").session.session_id, range(16)))
    assert len(set(answers)) == 1
    listed = clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(client_id=clinic.client_id), "admin")
    assert [session.session_id for session in listed.sessions] == answers[:1]
    # Another caller's request of the same id is another request.
    other = m.CreateSessionRequest(request_id=request.request_id, appointment_id=clinic.book())
    assert clinic.call(clinic.telehealth.CreateSession, other, "admin").session.session_id != answers[0]


def test_the_door_closes_at_the_end(clinic):
    sid = clinic.create_session(clinic.book(starts_in=-58, lasts=60)).session_id
    time.sleep(2.2)
    error = clinic.refused(FAILED, "TOO_LATE", clinic.telehealth.JoinSession, clinic.join_request(sid, "client"), "client")
    assert error.details()
