"""What an operator asks of a running service: its endpoint for probers and scrapers, and OperationsService."""

import json
import re
import socket
import sqlite3
import subprocess
import time
import uuid

import grpc
import pytest

from operations import get, metric, operations
from service import BIN, Service, Simulator
from visit import Clinic

DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def watched(tmp_path_factory, simulator):
    """A service with a monitoring endpoint that gives up a call to others after its first failure."""
    env = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_EFFECT_ATTEMPTS": "1"}
    service = Service(tmp_path_factory.mktemp("watched") / "data", simulator, env=env).start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def clinic(watched):
    channel = grpc.insecure_channel(watched.address)
    clinic = Clinic(watched, channel)
    clinic.register_documents()
    yield clinic
    channel.close()


def runs(simulator, meeting: str) -> bool:
    meetings = {each["meetingId"]: each["state"] for each in simulator.admin("GET", "/meetings")["meetings"]}
    return meetings.get(meeting, "ENDED") != "ENDED"


def test_probers_are_told_that_it_lives_and_is_ready(watched):
    assert get(watched, "/livez") == (200, "alive\n")
    assert get(watched, "/readyz") == (200, "ready\n")
    assert get(watched, "/secrets")[0] == 404


def test_metrics_count_calls_by_method_and_status_and_parse_as_prometheus_text(watched, clinic):
    get_session = "telehealth.v1.TelehealthService/GetSession"
    before = get(watched, "/metrics")[1]
    with pytest.raises(grpc.RpcError):
        clinic.session("018f0000-0000-7000-8000-000000000000")
    after = get(watched, "/metrics")[1]

    def grown(name, **labels):
        return metric(after, name, **labels) - metric(before, name, **labels)

    assert grown("grpc_server_handled_total", method=get_session, code="NOT_FOUND") == 1
    assert grown("grpc_server_handling_seconds_count", method=get_session, code="NOT_FOUND") == 1
    assert grown("grpc_server_handling_seconds_bucket", method=get_session, code="NOT_FOUND", le="+Inf") == 1
    assert metric(after, "telehealth_store_writable") == 1
    assert metric(after, "http2_connections_open") >= 1
    assert metric(after, "http2_connections_accepted_total") >= 1
    assert metric(after, "grpc_server_calls_refused_total") == 0
    assert metric(after, "process_resident_memory_bytes") > 1e6
    line = re.compile(r'[a-z_0-9]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [0-9.e+-]+')
    for text in after.splitlines():
        assert text.startswith("# ") or line.fullmatch(text), text
    assert clinic.client_id not in after and clinic.clinician_id not in after


def test_a_silent_prober_holds_nobody_up(watched):
    host, port = watched.ready["monitoring"].rsplit(":", 1)
    silent = [socket.create_connection((host, int(port))) for _ in range(10)]
    try:
        assert get(watched, "/livez")[0] == 200
    finally:
        for connection in silent:
            connection.close()


@pytest.fixture
def own_simulator(tmp_path):
    simulator = Simulator("--no-throttle", log=tmp_path / "simulator")
    yield simulator
    simulator.stop()


def test_readiness_ends_when_the_stop_begins(tmp_path, own_simulator):
    env = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_SHUTDOWN_GRACE": "20s"}
    service = Service(tmp_path / "data", own_simulator, env=env).start()
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    session = clinic.create_session(clinic.book(starts_in=-60))
    own_simulator.admin("POST", "/faults", {"operation": "CreateMeetingWithAttendees", "delayMs": 5000})
    request = clinic.join_request(session.session_id, "clinician")
    request.request_id = str(uuid.uuid4())
    joining = clinic.telehealth.JoinSession.future(request, metadata=clinic.credentials("clinician"), timeout=30)
    while clinic.session(session.session_id).status != 3 and not joining.done():
        pass
    service.process.terminate()
    seen = set()
    while 503 not in seen and not joining.done():
        seen.add(get(service, "/readyz")[0])
    assert 503 in seen, joining.exception() or "a call at work keeps the process: readiness must have ended before it"
    assert joining.result().credentials.generation == 1
    channel.close()
    assert service.stop() == 0


def test_only_an_admin_operates(clinic):
    from telehealth.v1 import operations_service_pb2 as m

    for role in ("client", "clinician", "scheduler", "service"):
        clinic.refused(DENIED, "ROLE_NOT_ALLOWED", operations(clinic).GetServiceStatus, m.GetServiceStatusRequest(), role)
        clinic.refused(DENIED, "ROLE_NOT_ALLOWED", operations(clinic).BackupDatabase, m.BackupDatabaseRequest(), role)


def test_a_backup_is_a_sound_database_and_a_repeat_names_the_same(watched, clinic):
    from telehealth.v1 import operations_service_pb2 as m

    session = clinic.create_session(clinic.book())
    request = m.BackupDatabaseRequest(request_id="0f1e2d3c-4b5a-4678-9abc-def012345678")
    copy = clinic.result(operations(clinic).BackupDatabase, request, "admin")
    path = watched.data / "backups" / copy.file_name
    assert path.stat().st_size == copy.byte_count
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM sessions WHERE id = ?", (session.session_id,)).fetchone() == (1,)
    again = clinic.result(operations(clinic).BackupDatabase, request, "admin")
    assert again == copy and len(list(path.parent.iterdir())) == 1
    assert list(clinic.result(operations(clinic).CheckDatabase, m.CheckDatabaseRequest(), "admin").problems) == []


def test_a_call_that_was_given_up_is_seen_and_tried_again(watched, clinic, simulator):
    from telehealth.v1 import operations_service_pb2 as m
    from telehealth.v1 import telehealth_service_pb2 as t

    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    meeting = clinic.join(session.session_id, "clinician").credentials.chime.meeting_id
    simulator.admin("POST", "/faults", {"operation": "DeleteMeeting", "status": 403, "code": "AccessDeniedException"})
    clinic.call(clinic.telehealth.EndSession, t.EndSessionRequest(session_id=session.session_id, reason=1), "clinician")
    mine = []
    deadline = time.monotonic() + 20
    while not mine and time.monotonic() < deadline:
        page = clinic.call(operations(clinic).ListFailedOperations, m.ListFailedOperationsRequest(page_size=200), "admin")
        mine = [each for each in page.operations if each.session_id == session.session_id]
        time.sleep(0.05)
    assert [(each.kind, each.state, each.attempts) for each in mine] == [
        (m.OUTBOUND_OPERATION_KIND_DELETE_MEETING, m.OUTBOUND_OPERATION_STATE_FAILED, 1)]
    assert mine[0].create_time.ToSeconds() > time.time() - 60
    assert "AccessDenied" in mine[0].last_error
    assert metric(get(watched, "/metrics")[1], "telehealth_effects", state="dead") == 1
    assert runs(simulator, meeting)

    probe = [BIN / "telehealth-probe", "operate"]
    here = ["--target", watched.address, "--data-dir", watched.data]
    status = subprocess.run([*probe, "status", *here], capture_output=True, text=True, timeout=30)
    assert status.returncode == 4 and ", 1 failed" in status.stdout
    listed = subprocess.run([*probe, "failed", "--json", *here], capture_output=True, text=True, timeout=30)
    assert json.loads(listed.stdout)["operationId"] == mine[0].operation_id
    retried = subprocess.run([*probe, "retry", mine[0].operation_id, *here], capture_output=True, text=True, timeout=30)
    assert (retried.returncode, retried.stdout) == (0, "pending again\n"), retried.stderr
    while clinic.call(operations(clinic).GetServiceStatus, m.GetServiceStatusRequest(), "admin").pending_operations:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not runs(simulator, meeting)
    done = subprocess.run([*probe, "status", *here], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and ", 0 failed" in done.stdout

    retry = operations(clinic).RetryOperation
    clinic.refused(
        grpc.StatusCode.FAILED_PRECONDITION, "OPERATION_NOT_FAILED", retry,
        m.RetryOperationRequest(operation_id=mine[0].operation_id), "admin")
    clinic.refused(
        grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND", retry, m.RetryOperationRequest(operation_id="nothing"), "admin")
