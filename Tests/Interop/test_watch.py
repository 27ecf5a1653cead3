"""What a watch says on the wire about its own life, to an official client."""

import grpc
import pytest

from service import Service
from test_visit import started_visit
from visit import Clinic


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("watch") / "data", simulator, env={
        "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "2s", "TELEHEALTH_HEARTBEAT_INTERVAL": "7s"}).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic
    assert service.stop() == 0


def watch(clinic, session_id: str, role: str, **fields):
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.WatchSessionRequest(session_id=session_id, **fields)
    return clinic.telehealth.WatchSession(request, metadata=clinic.credentials(role), timeout=60)


def test_the_first_message_and_each_heartbeat_say_how_long_it_may_be_silent(clinic):
    call = watch(clinic, clinic.create_session(clinic.book()).session_id, "client")
    first, second = next(call), next(call)
    call.cancel()
    assert first.HasField("snapshot") and second.HasField("heartbeat")
    assert [message.heartbeat_interval.ToTimedelta().total_seconds() for message in (first, second)] == [2, 2]
    assert not first.HasField("call_heartbeat_within"), "the open watch is presence enough"


def test_one_that_resumes_is_greeted_at_once(clinic):
    session_id = started_visit(clinic)
    last = clinic.session(session_id).last_event_sequence
    for after in (0, last):
        call = watch(clinic, session_id, "clinician", after_sequence=after)
        first = next(call)
        assert first.heartbeat.sequence == after and first.heartbeat.send_time.seconds > 0
        assert first.heartbeat_interval.ToTimedelta().total_seconds() == 2
        assert [next(call).event.sequence for _ in range(after, last)] == list(range(after + 1, last + 1))
        call.cancel()


def test_who_wants_presence_by_heartbeat_is_told_how_often(clinic):
    session_id = clinic.create_session(clinic.book()).session_id
    call = watch(clinic, session_id, "client", presence_by_heartbeat=True)
    assert next(call).call_heartbeat_within.ToTimedelta().total_seconds() == 7
    call.cancel()
    # Staff have no place in the visit, and none to keep.
    call = watch(clinic, session_id, "admin", presence_by_heartbeat=True)
    assert not next(call).HasField("call_heartbeat_within")
    call.cancel()


def test_one_that_resumes_behind_the_end_of_the_session_ends(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session_id = started_visit(clinic)
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=session_id), "clinician")
    last = clinic.session(session_id).last_event_sequence
    # What is done outside the database may still be told behind the end, if it is done by then.
    first, *others = watch(clinic, session_id, "client", after_sequence=last)
    assert first.heartbeat.sequence == last
    assert [message.event.sequence for message in others] == list(range(last + 1, last + 1 + len(others)))
