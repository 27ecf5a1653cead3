"""Rules that a clinic sets for itself: when clients may cancel, when staff may mark a no-show, who may consent for whom,
and where recordings lie."""

import grpc
import pytest

from meeting_events import recorded_visit, recording_of
from service import Service, Simulator
from visit import Clinic
from waiting import until

FAILED = grpc.StatusCode.FAILED_PRECONDITION
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def fast_simulator(tmp_path_factory):
    simulator = Simulator(
        "--no-throttle", "--pipeline-step-milliseconds", "100", log=tmp_path_factory.mktemp("simulator") / "log")
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def strict(tmp_path_factory, fast_simulator):
    """A service whose every rule of this file differs from its default."""
    service = Service(tmp_path_factory.mktemp("rules") / "data", fast_simulator, flags=[
        "--client-cancel-cutoff", "1h", "--manual-no-show-after", "10m", "--consent-on-behalf", "--recording-prefix",
        "video/visits", "--concatenation-poll", "200ms"]).start()
    yield service
    assert service.stop() == 0


def at(service):
    channel = grpc.insecure_channel(service.address)
    return channel, Clinic(service, channel)


def test_a_client_cancels_until_the_cutoff_and_staff_afterwards(strict):
    from telehealth.v1 import session_pb2, telehealth_service_pb2 as m

    channel, clinic = at(strict)
    with channel:
        soon = clinic.create_session(clinic.book(starts_in=1800)).session_id
        clinic.refused(FAILED, "TOO_LATE", clinic.telehealth.CancelSession, m.CancelSessionRequest(session_id=soon), "client")
        assert clinic.session(soon).status == session_pb2.SESSION_STATUS_SCHEDULED
        cancelled = clinic.call(clinic.telehealth.CancelSession, m.CancelSessionRequest(session_id=soon), "clinician").session
        assert cancelled.status == session_pb2.SESSION_STATUS_CANCELLED
        later = clinic.create_session(clinic.book(starts_in=7200)).session_id
        cancelled = clinic.call(clinic.telehealth.CancelSession, m.CancelSessionRequest(session_id=later), "client").session
        assert cancelled.status == session_pb2.SESSION_STATUS_CANCELLED


def test_without_a_cutoff_a_client_cancels_until_the_start(service):
    from telehealth.v1 import telehealth_service_pb2 as m

    channel, clinic = at(service)
    with channel:
        soon = clinic.create_session(clinic.book(starts_in=60)).session_id
        clinic.call(clinic.telehealth.CancelSession, m.CancelSessionRequest(session_id=soon), "client")


def test_staff_mark_a_no_show_from_the_set_time_on(strict, service):
    from telehealth.v1 import session_pb2, telehealth_service_pb2 as m

    for minutes, at_once in ((9, False), (11, True)):
        channel, clinic = at(strict)
        with channel:
            sid = clinic.create_session(clinic.book(starts_in=-60 * minutes)).session_id
            mark = m.MarkNoShowRequest(session_id=sid)
            if at_once:
                marked = clinic.call(clinic.telehealth.MarkNoShow, mark, "clinician").session
                assert marked.status == session_pb2.SESSION_STATUS_NO_SHOW
            else:
                clinic.refused(FAILED, "TOO_EARLY", clinic.telehealth.MarkNoShow, mark, "clinician")
    channel, clinic = at(service)
    with channel:
        sid = clinic.create_session(clinic.book(starts_in=-60)).session_id
        clinic.call(clinic.telehealth.MarkNoShow, m.MarkNoShowRequest(session_id=sid), "clinician")


class Portal:
    """A service that calls for the client of a clinic: its tokens carry the claim act."""

    def __init__(self, service):
        self.service = service

    def token(self, role: str, person: str = "", **claims: str) -> str:
        return self.service.token(role, person, **({"actor": "portal"} if role == "client" else {}), **claims)


def test_a_service_gives_a_persons_electronic_consent_only_where_the_clinic_allows_it(strict, service):
    for served, allowed in ((strict, True), (service, False)):
        channel = grpc.insecure_channel(served.address)
        with channel:
            clinic = Clinic(Portal(served), channel)
            clinic.register_documents()
            if allowed:
                assert clinic.consent("hipaa_telehealth").person_id == clinic.client_id
            else:
                with pytest.raises(grpc.RpcError) as refused:
                    clinic.consent("hipaa_telehealth")
                assert refused.value.code() == DENIED


def test_recordings_lie_below_the_set_prefix(strict):
    from telehealth.v1 import recording_pb2, telehealth_service_pb2 as m

    channel, clinic = at(strict)
    with channel:
        clinic.register_documents()
        sid, rid, _ = recorded_visit(clinic)
        clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")

        def made():
            recording = recording_of(clinic, sid)
            return recording.state == recording_pb2.RECORDING_STATE_AVAILABLE and recording

        assert until("the file is there", made).object_key.startswith(f"video/visits/{rid}/")
