"""Calls that work for long, through the wire: they say how far they are, and last, once, what it came to."""

import json
import os
import pty
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from audit_log import rows
from service import BIN, Service
from visit import Clinic, reason

CALLS = ("BackupDatabase", "CheckDatabase", "VerifyAuditLog")
#: What a second call is told while one runs.
BUSY = {"BackupDatabase": "STORE_OVERLOADED", "CheckDatabase": "STORE_OVERLOADED", "VerifyAuditLog": "AUDIT_UNAVAILABLE"}


@pytest.fixture(scope="module")
def worked(tmp_path_factory, simulator):
    """A service of its own: one copy and one check at a time are all that a service makes."""
    service = Service(tmp_path_factory.mktemp("worked") / "data", simulator).start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def clinic(worked):
    with grpc.insecure_channel(worked.address) as channel:
        yield Clinic(worked, channel)


def long(clinic: Clinic, name: str, **fields):
    """The call as it goes out, message by message."""
    from telehealth.v1 import audit_service_pb2 as a
    from telehealth.v1 import audit_service_pb2_grpc as audits
    from telehealth.v1 import operations_service_pb2 as o
    from telehealth.v1 import operations_service_pb2_grpc as operations

    stub = audits.AuditServiceStub if name == "VerifyAuditLog" else operations.OperationsServiceStub
    request = getattr(a if name == "VerifyAuditLog" else o, name + "Request")(**fields)
    return clinic.call(getattr(stub(clinic.channel), name), request, "admin", timeout=60)


def whole(clinic: Clinic, name: str, **fields) -> list:
    """All messages, asked for again while another call has the turn."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return list(long(clinic, name, **fields))
        except grpc.RpcError as error:
            assert reason(error) == BUSY[name] and time.monotonic() < deadline, (reason(error), error.details())


@pytest.mark.parametrize("name", CALLS)
def test_progress_comes_first_and_one_result_comes_last(clinic, name):
    clinic.register_documents()
    *told, last = whole(clinic, name)
    assert told and {each.WhichOneof("message") for each in told} == {"progress"}
    assert last.WhichOneof("message") == "result"
    for each in told:
        assert each.progress.phase and 0 <= each.progress.done
        assert not each.progress.total or each.progress.done <= each.progress.total


def test_a_copy_is_counted_in_its_bytes(clinic):
    from telehealth.v1 import progress_pb2 as p

    first, *_, last = whole(clinic, "BackupDatabase")
    assert first.progress.phase == p.WORK_PHASE_COPYING
    assert 0 < first.progress.done <= first.progress.total <= last.result.byte_count
    assert first.progress.total % 4096 == 0, "pages of the database"


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_one_row_of_the_audit_log_however_much_it_says(clinic, name):
    from telehealth.v1 import audit_service_pb2 as a

    whole(clinic, name)  # Behind this nobody has the turn.
    caller = "auditor-" + uuid.uuid4().hex[:8]
    identity = [("authorization", "Bearer " + clinic.service.token("admin", caller))]
    clinic.credentials = lambda who: identity
    assert len(list(long(clinic, name))) > 1
    found = rows(clinic, caller=caller, action=name)
    assert [(row.caller, row.outcome) for row in found] == [(caller, a.AUDIT_OUTCOME_ALLOWED)]


@pytest.mark.parametrize("name", ["CheckDatabase", "VerifyAuditLog"])
def test_a_check_ends_with_whoever_waited_for_it_and_the_next_has_its_turn(clinic, name):
    for _ in range(3):
        given_up = long(clinic, name)
        try:
            next(given_up)
        except grpc.RpcError as error:
            assert reason(error) == BUSY[name]
        given_up.cancel()
    assert whole(clinic, name)[-1].WhichOneof("message") == "result"


def test_a_copy_is_finished_for_whoever_went_away_and_a_repeat_gets_it_at_once(clinic):
    folder = clinic.service.data / "backups"
    before = set(folder.iterdir()) if folder.exists() else set()
    name = str(uuid.uuid4())
    given_up = long(clinic, "BackupDatabase", request_id=name)
    assert next(given_up).WhichOneof("message") == "progress"
    given_up.cancel()
    # Waits for the first try, which goes on, and has its outcome.
    copy = whole(clinic, "BackupDatabase", request_id=name)[-1].result
    assert {path.name for path in set(folder.iterdir()) - before} == {copy.file_name}
    assert (folder / copy.file_name).stat().st_size == copy.byte_count
    again = whole(clinic, "BackupDatabase", request_id=name)
    assert [each.WhichOneof("message") for each in again] == ["result"] and again[0].result == copy


@pytest.mark.parametrize("name", CALLS)
def test_of_several_at_a_time_one_has_the_turn_and_the_others_are_told_so(clinic, name):
    def ask(_) -> str:
        try:
            return list(long(clinic, name))[-1].WhichOneof("message")
        except grpc.RpcError as error:
            return reason(error)

    clinic.credentials("admin")
    seen: set[str] = set()
    deadline = time.monotonic() + 60
    with ThreadPoolExecutor(8) as callers:
        while seen != {"result", BUSY[name]}:
            assert time.monotonic() < deadline, seen
            seen |= set(callers.map(ask, range(8)))
            assert seen <= {"result", BUSY[name]}


# -- the probe ---------------------------------------------------------------------------------


def probed(service: Service, *words: str, **streams) -> subprocess.CompletedProcess:
    command = [BIN / "telehealth-probe", *words, "--target", service.address, "--data-dir", service.data]
    return subprocess.run(command, timeout=60, **streams)


@pytest.mark.parametrize("words, key", [
    (("operate", "backup"), "fileName"), (("operate", "check"), None), (("audit", "verify"), "isWhole")])
def test_the_probe_prints_the_result_alone_where_nobody_looks_on(worked, words, key):
    done = probed(worked, *words, "--json", capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    (line,) = done.stdout.decode().splitlines()
    assert key is None or key in json.loads(line)
    assert "progress" not in json.loads(line)


def test_the_probe_shows_a_person_how_far_it_is(worked):
    master, terminal = pty.openpty()
    done = probed(worked, "operate", "backup", stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == 0 and done.stdout.startswith(b"telehealth-")
    assert "copying, " in shown and "MiB (" in shown
    assert shown.endswith("\r\x1b[K"), "the line is gone when the result is there"
