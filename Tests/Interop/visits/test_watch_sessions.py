"""All visits of a time range on one stream, as an official client sees them."""

import base64
import json
import os
import subprocess
import time
import uuid

import grpc
import pytest

from service import BIN, Service
from sessions_watcher import SessionsWatcher, asked, opened
from visit import Clinic, fields_at_fault, in_seconds, reason

OUT_OF_RANGE, INVALID, DENIED = (
    grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED)
SCHEDULED, WAITING_ROOM, IN_PROGRESS, COMPLETED, CANCELLED = range(1, 6)


@pytest.fixture(scope="module")
def service(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("watcher") / "data", simulator, env={
        "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "1s", "TELEHEALTH_RATE_LIMITS": "none",
        "TELEHEALTH_ALLOW_UNLIMITED_CALLS": "true"}).start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def clinic(service):
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic


@pytest.fixture
def watch(service):
    """Opens watches that end with the test."""
    watchers = []

    def open_one(clinic, role: str, request=None, token: str = "", target: str = "") -> SessionsWatcher:
        watchers.append(SessionsWatcher(target or service.address, clinic.credentials(role), request or asked(), token))
        return watchers[-1]

    yield open_one
    for watcher in watchers:
        watcher.close()


def first(clinic, request, role: str):
    call = opened(clinic, request, role)
    message = next(call)
    call.cancel()
    return message


def consented(clinic) -> None:
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        clinic.consent(kind)


def put(clinic, appointment_id: str, version: int, **fields) -> None:
    from telehealth.v1 import appointment_service_pb2 as m

    people = {"client_id": clinic.client_id, "clinician_id": clinic.clinician_id, "scheduled_start_time": in_seconds(60),
              "scheduled_end_time": in_seconds(1860)}
    request = m.PutAppointmentRequest(
        appointment_id=appointment_id, time_zone="UTC", source_version=version, **{**people, **fields})
    clinic.call(clinic.appointments.PutAppointment, request, "scheduler")


# -- what is seen ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["clinician", "scheduler", "admin"])
def test_a_visit_from_its_booking_to_its_end(clinic, watch, role):
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m

    before = clinic.create_session(clinic.book()).session_id
    watcher = watch(clinic, role)
    seen = watcher.wait_for(before)
    session = clinic.session(before)
    assert (seen.appointment_id, seen.client_id, seen.clinician_id, seen.version, seen.status) == (
        session.appointment_id, clinic.client_id, clinic.clinician_id, session.version, SCHEDULED)
    assert (seen.scheduled_start_time, seen.scheduled_end_time) == (session.scheduled_start_time, session.scheduled_end_time)
    assert not seen.waiting and not seen.admitted and not seen.pre_visit_check_complete
    tells_consents = role != "scheduler"
    assert seen.HasField("consents_complete") == tells_consents and not seen.consents_complete
    assert {gap.person_id for gap in seen.missing_consents} == ({clinic.client_id} if tells_consents else set())

    made = clinic.create_session(clinic.book()).session_id
    assert watcher.wait_for(made).status == SCHEDULED
    consented(clinic)
    if tells_consents:
        watcher.wait_for(made, lambda visit: visit.consents_complete and not visit.missing_consents)
    clinic.join(made, "client")
    waits = watcher.wait_for(made, lambda visit: visit.waiting)
    client = next(p for p in clinic.session(made).participants if p.role == s.PARTICIPANT_ROLE_CLIENT)
    [waiting] = waits.waiting
    assert (waiting.participant_id, waiting.role, waiting.wait_start_time) == (
        client.participant_id, s.PARTICIPANT_ROLE_CLIENT, client.wait_start_time)
    assert waits.status == WAITING_ROOM and waits.pre_visit_check_complete
    if role == "scheduler":
        assert not waits.HasField("reliable_connection") and waits.device_type == s.DEVICE_TYPE_UNSPECIFIED
    else:
        assert waits.reliable_connection and waits.device_type == s.DEVICE_TYPE_TABLET
    clinic.join(made, "clinician")
    runs = watcher.wait_for(made, lambda visit: visit.status == IN_PROGRESS and len(visit.admitted) == 2)
    assert not runs.waiting and {p.role for p in runs.admitted} == {s.PARTICIPANT_ROLE_CLIENT, s.PARTICIPANT_ROLE_CLINICIAN}
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=made), "clinician")
    over = watcher.wait_for(made, lambda visit: visit.status == COMPLETED)
    assert not over.HasField("consents_complete") and not over.admitted
    assert watcher.snapshots == 1 and made in watcher.visits, "one that is over stays"


def test_one_that_watches_is_nobodys_presence(clinic, watch):
    session_id = clinic.create_session(clinic.book()).session_id
    watch(clinic, "clinician").wait_for(session_id)
    assert not any(person.present for person in clinic.session(session_id, "admin").participants)


def test_a_strange_clinician_sees_nothing(clinic, watch):
    stranger = Clinic(clinic.service, clinic.channel)
    watcher = watch(stranger, "clinician")
    watcher.wait("a snapshot", lambda self: self.snapshots)
    theirs = clinic.create_session(clinic.book()).session_id
    consented(clinic)
    clinic.join(theirs, "client")
    # What is told last was told behind all that came before.
    own = stranger.create_session(stranger.book()).session_id
    watcher.wait_for(own)
    told = {message.changed.session_id or message.gone.session_id for message in watcher.log
            if message.WhichOneof("message") in ("changed", "gone")}
    assert told == {own} and list(watcher.visits) == [own]


def test_what_comes_into_the_range_and_what_leaves_it(clinic, watch):
    appointment = clinic.book()
    session_id = clinic.create_session(appointment).session_id
    request = asked(0, 3600)
    watchers = [watch(clinic, role, request) for role in ("clinician", "scheduler", "admin")]
    for watcher in watchers:
        watcher.wait_for(session_id)
    later = {"scheduled_start_time": in_seconds(7200), "scheduled_end_time": in_seconds(9000)}
    put(clinic, appointment, 2, **later)
    for watcher in watchers:
        watcher.wait_until_gone(session_id)
        assert first(clinic, request, "clinician").snapshot_part.complete
    put(clinic, appointment, 3)
    for watcher in watchers:
        watcher.wait_for(session_id)
    # Somewhere else within the range it goes on being there.
    put(clinic, appointment, 4, scheduled_start_time=in_seconds(600), scheduled_end_time=in_seconds(2400))
    moved = clinic.session(session_id).scheduled_start_time
    for watcher in watchers:
        watcher.wait_for(session_id, lambda visit: visit.scheduled_start_time == moved)
        kinds = [message.WhichOneof("message") for message in watcher.log
                 if session_id in (message.changed.session_id, message.gone.session_id)]
        assert kinds.count("gone") == 1


def test_one_that_is_handed_over(clinic, watch):
    other = Clinic(clinic.service, clinic.channel)
    appointment = clinic.book()
    session_id = clinic.create_session(appointment).session_id
    giver, taker, office = watch(clinic, "clinician"), watch(other, "clinician"), watch(clinic, "scheduler")
    giver.wait_for(session_id)
    put(clinic, appointment, 2, clinician_id=other.clinician_id)
    taker.wait_for(session_id, lambda visit: visit.clinician_id == other.clinician_id)
    giver.wait_until_gone(session_id)
    office.wait_for(session_id, lambda visit: visit.clinician_id == other.clinician_id)
    assert not [message for message in office.log if message.gone.session_id == session_id]


def test_one_is_invited_and_sent_away(clinic, watch):
    from telehealth.v1 import telehealth_service_pb2 as m

    session_id = clinic.create_session(clinic.book()).session_id
    consented(clinic)
    clinic.join(session_id, "client")
    clinic.join(session_id, "clinician")
    watcher = watch(clinic, "co-clinician")
    watcher.wait("a snapshot", lambda self: self.snapshots)
    assert session_id not in watcher.visits
    place = clinic.invite(session_id, "CO_CLINICIAN", person_id=clinic.person("co-clinician")).participant
    assert watcher.wait_for(session_id).HasField("consents_complete")
    clinic.treat("RemoveParticipant", session_id, place.participant_id)
    watcher.wait_until_gone(session_id)
    before = len(watcher.log)
    clinic.call(clinic.telehealth.StartScreenShare, m.StartScreenShareRequest(session_id=session_id), "clinician")
    own = clinic.create_session(clinic.book()).session_id
    put(clinic, clinic.session(own).appointment_id, 2, clinician_id=clinic.person("co-clinician"))
    watcher.wait_for(own)
    assert not [message for message in watcher.log[before:] if session_id in str(message)], "it is told no more of it"


def test_one_that_is_called_off_is_told_and_stays(clinic, watch):
    from telehealth.v1 import appointment_service_pb2 as a

    appointment = clinic.book()
    session_id = clinic.create_session(appointment).session_id
    watcher = watch(clinic, "clinician")
    watcher.wait_for(session_id)
    clinic.call(clinic.appointments.CancelAppointment,
                a.CancelAppointmentRequest(appointment_id=appointment, source_version=2), "scheduler")
    watcher.wait_for(session_id, lambda visit: visit.status == CANCELLED)


def test_a_consent_changes_all_open_visits_of_the_client(clinic, watch):
    from telehealth.v1 import consent_service_pb2 as c

    sessions = [clinic.create_session(clinic.book()).session_id for _ in range(12)]
    watcher = watch(clinic, "clinician")
    for session_id in sessions:
        watcher.wait_for(session_id)
    consented(clinic)
    for session_id in sessions:
        watcher.wait_for(session_id, lambda visit: visit.consents_complete)
    given = clinic.call(clinic.consents.ListConsents, c.ListConsentsRequest(person_id=clinic.client_id), "client").consents
    clinic.call(clinic.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=given[0].consent_id), "client")
    for session_id in sessions:
        watcher.wait_for(session_id, lambda visit: not visit.consents_complete and len(visit.missing_consents) == 1)


# -- who may, and what for -----------------------------------------------------------------------


def test_nobody_else_may(clinic):
    session_id = clinic.create_session(clinic.book()).session_id
    clinic.redeem(clinic.invite(session_id, "GUEST", by="admin").grant, "guest")
    for who in ("client", "guardian", "guest", "service"):
        with pytest.raises(grpc.RpcError) as refused:
            next(opened(clinic, asked(), who))
        assert (refused.value.code(), reason(refused.value)) == (DENIED, "ROLE_NOT_ALLOWED"), who


def test_an_emergency_opens_no_day(clinic):
    identity = clinic.credentials("clinician") + [("telehealth-emergency-reason", "the client has collapsed at home")]
    with pytest.raises(grpc.RpcError) as refused:
        next(clinic.telehealth.WatchSessions(asked(), metadata=identity, timeout=20))
    assert (refused.value.code(), reason(refused.value)) == (DENIED, "EMERGENCY_NOT_ALLOWED")


@pytest.mark.parametrize("wrong, fields", [
    ({"end": -43_200}, ["end_time"]), ({"end": -50_000}, ["end_time"]),
    ({"start": 0, "end": 31 * 86_400 + 1}, ["end_time"]), ({"token": "x" * 65}, ["resume_token"])])
def test_ranges_that_are_none(clinic, wrong, fields):
    with pytest.raises(grpc.RpcError) as refused:
        next(opened(clinic, asked(**wrong), "clinician"))
    assert (refused.value.code(), reason(refused.value)) == (INVALID, "INVALID_FIELD")
    assert fields_at_fault(refused.value) == fields


def test_both_ends_are_required(clinic):
    request = asked()
    request.ClearField("start_time")
    request.ClearField("end_time")
    with pytest.raises(grpc.RpcError) as refused:
        next(opened(clinic, request, "admin"))
    assert fields_at_fault(refused.value) == ["start_time", "end_time"]


def test_the_longest_range_is_31_days_to_the_microsecond(clinic):
    request = asked()
    request.end_time.FromNanoseconds(request.start_time.ToNanoseconds() + 31 * 86_400 * 10**9)
    assert first(clinic, request, "clinician").snapshot_part.complete
    request.end_time.FromNanoseconds(request.end_time.ToNanoseconds() + 1_000)
    with pytest.raises(grpc.RpcError):
        next(opened(clinic, request, "clinician"))


def test_each_stream_leaves_one_row(clinic):
    from telehealth.v1 import audit_service_pb2 as a
    from telehealth.v1 import audit_service_pb2_grpc as audits

    subject = "watcher-" + uuid.uuid4().hex[:8]
    identity = [("authorization", "Bearer " + clinic.service.token("admin", subject))]
    call = clinic.telehealth.WatchSessions(asked(), metadata=identity, timeout=20)
    assert next(call).WhichOneof("message") == "snapshot_part"
    while next(call).WhichOneof("message") != "heartbeat":
        pass
    call.cancel()
    rows = clinic.call(audits.AuditServiceStub(clinic.channel).ListAuditEvents, a.ListAuditEventsRequest(caller=subject), "admin")
    assert [(row.action, row.outcome) for row in rows.events] == [("WatchSessions", rows.events[0].outcome)]


def test_the_first_message_and_each_heartbeat_say_how_long_it_may_be_silent(clinic):
    call = opened(clinic, asked(), "clinician")
    greeting, beat = next(call), next(call)
    call.cancel()
    assert (greeting.WhichOneof("message"), beat.WhichOneof("message")) == ("snapshot_part", "heartbeat")
    assert [m.heartbeat_interval.ToTimedelta().total_seconds() for m in (greeting, beat)] == [1, 1]
    assert beat.resume_token and beat.heartbeat.send_time.seconds > 0


def test_it_ends_with_its_token(clinic):
    short = [("authorization", "Bearer " + clinic.service.token("admin", "short-lived", lifetime="2"))]
    request, messages = asked(), []
    call = clinic.telehealth.WatchSessions(request, metadata=short, timeout=60)
    with pytest.raises(grpc.RpcError) as ended:
        for message in call:
            messages.append(message)
    assert reason(ended.value) == "TOKEN_EXPIRED" and messages[-1].resume_token
    # Another token of the same person goes on.
    longer = [("authorization", "Bearer " + clinic.service.token("admin", "short-lived"))]
    request.resume_token = messages[-1].resume_token
    call = clinic.telehealth.WatchSessions(request, metadata=longer, timeout=60)
    assert next(call).WhichOneof("message") == "heartbeat"
    call.cancel()


def test_open_watches_are_counted(clinic, watch):
    from telehealth.v1 import operations_service_pb2 as o
    from telehealth.v1 import operations_service_pb2_grpc as operations

    stub = operations.OperationsServiceStub(clinic.channel)

    def count() -> int:
        return clinic.call(stub.GetServiceStatus, o.GetServiceStatusRequest(), "admin").open_watches

    before = count()
    watchers = [watch(clinic, "clinician") for _ in range(3)]
    for watcher in watchers:
        watcher.wait("a snapshot", lambda self: self.snapshots)
    assert count() == before + 3
    for watcher in watchers:
        watcher.close()
    deadline = time.monotonic() + 20
    while count() != before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# -- tokens --------------------------------------------------------------------------------------


def last_token(call) -> str:
    for message in call:
        if message.resume_token:
            return message.resume_token


def test_a_token_resumes_behind_its_message(clinic):
    request = asked()
    call = opened(clinic, request, "clinician")
    request.resume_token = last_token(call)
    call.cancel()
    made = [clinic.create_session(clinic.book()).session_id for _ in range(3)]
    call = opened(clinic, request, "clinician")
    assert next(call).WhichOneof("message") == "heartbeat"
    told = [next(call) for _ in made]
    call.cancel()
    assert [message.changed.session_id for message in told] == made, "in the order in which they happened"
    # Behind the second only the third comes; behind the third nothing.
    for count, message in enumerate(told[1:], start=2):
        request.resume_token = message.resume_token
        call = opened(clinic, request, "clinician")
        kinds = [next(call) for _ in range(2 + len(made) - count)]
        call.cancel()
        assert [m.changed.session_id for m in kinds if m.HasField("changed")] == made[count:]


def test_tokens_that_are_not_good(clinic):
    request = asked()
    call = opened(clinic, request, "clinician")
    token = last_token(call)
    call.cancel()
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

    def forged(change) -> str:
        return base64.urlsafe_b64encode(bytes(change)).rstrip(b"=").decode()

    position = int.from_bytes(raw[:8], "big")
    bad = [
        "x", "x" * 64, "\u00e4", token[:-1], token + "A", "=" + token, forged(bytes(32)),
        *(forged((position + step).to_bytes(8, "big") + raw[8:]) for step in (-1, 1, 1_000_000)),
        forged(b"\xff" * 8 + raw[8:]), forged(b"\x7f" + b"\xff" * 7 + raw[8:]),
        *(forged(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1:]) for place in range(32)),
    ]
    for text in bad:
        request.resume_token = text
        with pytest.raises(grpc.RpcError) as refused:
            next(opened(clinic, request, "clinician"))
        assert (refused.value.code(), reason(refused.value)) == (OUT_OF_RANGE, "RESUME_EXPIRED"), text
    # Somebody else's, another role's, and another range's.
    request.resume_token = token
    other = Clinic(clinic.service, clinic.channel)
    shifted = asked(-3600, 3600, token)
    for asking, who, what in ((other, "clinician", request), (clinic, "admin", request), (clinic, "clinician", shifted)):
        with pytest.raises(grpc.RpcError) as refused:
            next(opened(asking, what, who))
        assert reason(refused.value) == "RESUME_EXPIRED"
    # And after all that the good one is good.
    assert first(clinic, request, "clinician").WhichOneof("message") == "heartbeat"


def test_the_token_of_another_service_is_none_here(tmp_path, simulator):
    request, tokens = asked(), []
    for name in ("here", "there"):
        # The same is done in both, so that every number is the same.
        service = Service(tmp_path / name, simulator).start()
        with grpc.insecure_channel(service.address) as channel:
            clinic = Clinic(service, channel)
            clinic.clinician_id = "clinician-1"
            clinic.create_session(clinic.book())
            call = opened(clinic, request, "clinician")
            tokens.append(last_token(call))
            call.cancel()
            request.resume_token = tokens[0]
            if name == "here":
                assert first(clinic, request, "clinician").WhichOneof("message") == "heartbeat"
            else:
                with pytest.raises(grpc.RpcError) as refused:
                    next(opened(clinic, request, "clinician"))
                assert reason(refused.value) == "RESUME_EXPIRED"
            request.resume_token = ""
        assert service.stop() == 0
    here, there = (base64.urlsafe_b64decode(token + "=")[:8] for token in tokens)
    assert here == there, "the same position"


def test_the_probe_prints_a_day_and_its_changes(clinic):
    session_id = clinic.create_session(clinic.book()).session_id
    token = clinic.service.token("clinician", clinic.clinician_id)
    probe = subprocess.Popen(
        [BIN / "telehealth-probe", "watch-sessions", "--json", "--target", clinic.service.address],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "TELEHEALTH_TOKEN": token})
    try:
        [visit] = json.loads(probe.stdout.readline())["snapshot"]
        assert visit["sessionId"] == session_id and visit["status"] == "SESSION_STATUS_SCHEDULED"
        made = clinic.create_session(clinic.book()).session_id
        assert json.loads(probe.stdout.readline())["changed"]["sessionId"] == made
        put(clinic, clinic.session(made).appointment_id, 2, scheduled_start_time=in_seconds(200_000), scheduled_end_time=in_seconds(201_000))
        assert json.loads(probe.stdout.readline()) == {"gone": made}
    finally:
        probe.kill()
        probe.wait()
        probe.stdout.close()
