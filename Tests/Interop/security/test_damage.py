"""A database that was damaged or edited while the service was stopped, and a disk that is full: what callers and operators
are told, and that everybody else goes on."""

import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import grpc
import pytest

from service import BIN, Service
from visit import Clinic, reason

LOST = grpc.StatusCode.DATA_LOSS


@pytest.fixture
def visits(tmp_path, simulator):
    """A service with two visits whose clients told where they are, and the sessions' ids; stopped by the tests."""
    env = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0"}
    service = Service(tmp_path / "data", simulator, env=env).start()
    sessions = []
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        clinic.consent("georgia_telehealth")
        clinic.consent("hipaa_telehealth")
        for _ in range(2):
            session = clinic.create_session(clinic.book()).session_id
            clinic.join(session, "client")
            sessions.append(session)
    yield service, clinic, sessions
    if service.process.poll() is None:
        service.stop()


def edit(service: Service, *statements: str) -> None:
    """As somebody would who has the file and knows SQLite: triggers do not hold them."""
    connection = sqlite3.connect(service.data / "telehealth.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount != 0, statement
    connection.commit()
    connection.close()


def flipped(column: str) -> str:
    """The value with its last byte changed."""
    rest = f"substr({column}, 1, length({column}) - 1)"
    return f"CAST({rest} || CASE substr({column}, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"


def opened(service: Service, clinic: Clinic):
    channel = grpc.insecure_channel(service.address)
    again = Clinic(service, channel)
    again.client_id, again.clinician_id = clinic.client_id, clinic.clinician_id
    return again


def operations(clinic: Clinic):
    from telehealth.v1 import operations_service_pb2_grpc

    return operations_service_pb2_grpc.OperationsServiceStub(clinic.channel)


def log(service: Service) -> str:
    return (service.data / "telehealthd.log").read_text()


def probe(service: Service, *arguments: str) -> subprocess.CompletedProcess:
    here = ["--target", service.address, "--data-dir", service.data]
    return subprocess.run([BIN / "telehealth-probe", *arguments, *here], capture_output=True, text=True, timeout=60)


def lists(clinic: Clinic) -> set[str]:
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.ListSessionsRequest(page_size=1)
    found = set()
    while True:
        page = clinic.call(clinic.telehealth.ListSessions, request, "clinician")
        found |= {session.session_id for session in page.sessions}
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_a_changed_byte_of_a_sealed_value_is_data_loss_for_its_visit_alone(visits):
    from telehealth.v1 import operations_service_pb2 as m

    service, clinic, (damaged, sound) = visits
    assert service.stop() == 0
    column = "check_location_address"
    edit(service, f"UPDATE participants SET {column} = {flipped(column)} WHERE session_id = '{damaged}' "
                  f"AND {column} IS NOT NULL")
    service.start()
    clinic = opened(service, clinic)
    for _ in range(2):
        with pytest.raises(grpc.RpcError) as refusal:
            clinic.session(damaged, "clinician")
        assert (refusal.value.code(), reason(refusal.value)) == (LOST, "DATA_DAMAGED")
    assert clinic.session(sound, "clinician").session_id == sound
    problems = list(clinic.result(operations(clinic).CheckDatabase, m.CheckDatabaseRequest(), "admin").problems)
    assert len(problems) == 1 and damaged in problems[0] and column in problems[0]
    backup, told = clinic.call(operations(clinic).BackupDatabase, m.BackupDatabaseRequest(), "admin"), []
    with pytest.raises(grpc.RpcError) as refusal:
        told.extend(each.WhichOneof("message") for each in backup)
    assert (refusal.value.code(), reason(refusal.value)) == (LOST, "DATA_DAMAGED")
    assert told and set(told) == {"progress"}, "it was found out behind the first words, and there is no result"
    assert [path.suffix for path in (service.data / "backups").iterdir()] == [".damaged"]
    assert "a stored row is damaged" in log(service)
    clinic.channel.close()
    assert service.stop() == 0


def test_a_damaged_row_is_passed_over_by_lists_that_go_page_by_page(visits):
    service, clinic, (damaged, sound) = visits
    assert service.stop() == 0
    edit(service, f"UPDATE sessions SET last_modified_by = {flipped('last_modified_by')} WHERE id = '{damaged}'")
    service.start()
    clinic = opened(service, clinic)
    assert lists(clinic) == {sound}
    clinic.channel.close()
    assert service.stop() == 0


FORGED = {
    "a text for a sealed value": "UPDATE participants SET check_location_address = '12 Forged Street' WHERE session_id = '{0}'",
    "a text for a person": "UPDATE participants SET subject_id = 'evil' WHERE session_id = '{0}' AND role = 'client'",
    "another person": "UPDATE participants SET subject_id = (SELECT clinician_id FROM sessions LIMIT 1) "
                      "WHERE session_id = '{0}' AND role = 'client'",
    "another client": "UPDATE sessions SET client_id = clinician_id WHERE id = '{0}'",
    "let in": "UPDATE participants SET state = 'admitted' WHERE session_id = '{0}' AND role = 'client'",
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_row_that_was_edited_in_the_file_is_refused_and_named_and_other_visits_go_on(visits, kind):
    from telehealth.v1 import operations_service_pb2 as m

    service, clinic, (forged, sound) = visits
    assert service.stop() == 0
    edit(service, FORGED[kind].format(forged))
    service.start()
    clinic = opened(service, clinic)
    with pytest.raises(grpc.RpcError) as refusal:
        clinic.session(forged, "clinician")
    assert (refusal.value.code(), reason(refusal.value)) == (LOST, "DATA_DAMAGED")
    assert clinic.session(sound, "clinician").session_id == sound
    assert clinic.join(sound, "clinician").session.session_id == sound
    problems = list(clinic.result(operations(clinic).CheckDatabase, m.CheckDatabaseRequest(), "admin").problems)
    assert problems and all(forged in problem for problem in problems), problems
    clinic.channel.close()
    online = probe(service, "audit", "verify")
    assert online.returncode == 4 and forged in online.stdout, online.stdout
    assert service.stop() == 0
    folder = service.data.parent / "data.audit"
    offline = subprocess.run(
        [BIN / "telehealth-probe", "audit", "verify", "--database", service.data / "telehealth.db", "--key-file",
         folder / "chain.key", "--heads", folder / "heads"], capture_output=True, text=True, timeout=60)
    assert offline.returncode == 4 and forged in offline.stdout, offline.stdout


def killed_with_a_full_log(service: Service, clinic: Clinic) -> int:
    """Visits that stand in the write-ahead log alone, then a kill. Returns the log's frames."""
    with grpc.insecure_channel(service.address) as channel:
        clinic.channel = channel
        clinic = opened(service, clinic)
        # A log that was emptied meanwhile begins anew, over earlier frames.
        for visits in itertools.count(1):
            clinic.create_session(clinic.book())
            if visits >= 8 and frames_of_log(service) > 100:
                break
        clinic.channel.close()
    time.sleep(1.5)  # The mark covers all but the last second.
    service.kill()
    return frames_of_log(service)


def frames_of_log(service: Service) -> int:
    """Those that have the salts of the log's header."""
    log = (service.data / "telehealth.db-wal").read_bytes()
    count = (len(log) - 32) // 4120
    return next((i for i in range(count) if log[40 + i * 4120:48 + i * 4120] != log[16:24]), count)


def flip(path, offset: int) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x04]))


@pytest.mark.parametrize("place", ["page", "checksum", "salt"])
def test_a_flipped_bit_in_the_write_ahead_log_is_told_of_and_the_rest_served(visits, place):
    service, clinic, sessions = visits
    frames = killed_with_a_full_log(service, clinic)
    assert frames > 20
    path = service.data / "telehealth.db-wal"
    offset = {"page": 24 + 1000, "checksum": 16, "salt": 8}[place]
    flip(path, 32 + (frames // 2) * 4120 + offset)
    service.start()
    told = [json.loads(line) for line in log(service).splitlines() if "the database is damaged" in line]
    assert told and all(line["level"] == "error" for line in told)
    assert any("write-ahead log is damaged at frame" in json.dumps(line) for line in told)
    assert any("audit rows" in json.dumps(line) for line in told), "what is missing is named"
    assert (service.data / "telehealth.db-wal.damaged").exists()
    clinic = opened(service, clinic)
    assert clinic.session(sessions[0], "clinician").session_id == sessions[0]
    clinic.channel.close()
    verified = probe(service, "audit", "verify")
    assert verified.returncode == 4 and "write-ahead log was damaged" in verified.stdout
    assert service.stop() == 0


def test_a_log_cut_in_its_last_write_starts_without_a_word(visits):
    service, clinic, sessions = visits
    killed_with_a_full_log(service, clinic)
    path = service.data / "telehealth.db-wal"
    with open(path, "ab") as file:
        file.write(os.urandom(5000))
    service.start()
    assert "the database is damaged" not in log(service)
    assert probe(service, "audit", "verify").returncode == 0
    assert service.stop() == 0


def test_an_older_copy_is_served_and_the_rows_it_lacks_are_named(visits):
    service, clinic, sessions = visits
    assert service.stop() == 0
    kept = service.data.parent / "kept.db"
    shutil.copy(service.data / "telehealth.db", kept)
    service.start()
    clinic = opened(service, clinic)
    clinic.create_session(clinic.book())
    clinic.channel.close()
    assert service.stop() == 0
    shutil.copy(kept, service.data / "telehealth.db")
    service.start()
    assert "are not in the database" in log(service)
    clinic = opened(service, clinic)
    assert lists(clinic) == set(sessions)
    clinic.channel.close()
    verified = probe(service, "audit", "verify")
    assert verified.returncode == 4 and "was on the device and is not in the log" in verified.stdout
    assert service.stop() == 0


def test_a_damaged_line_among_the_heads_is_told_of_and_a_torn_last_one_is_not(visits):
    service, clinic, _ = visits
    assert service.stop() == 0
    heads = service.data.parent / "data.audit" / "heads" / "audit-heads.jsonl"
    whole = heads.read_text()
    heads.write_text(whole + '{"size":99')
    service.start()
    assert probe(service, "audit", "verify").returncode == 0
    assert service.stop() == 0
    lines = heads.read_text().splitlines()
    assert all(line.endswith("}") for line in lines)
    heads.write_text("\n".join([lines[0].replace('"size"', '"sise"'), *lines[1:]]) + "\n")
    service.start()
    assert "audit heads file is damaged" in log(service)
    verified = probe(service, "audit", "verify")
    assert verified.returncode == 4 and "line 1 of the heads' file is damaged" in verified.stdout
    assert service.stop() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A device of 6 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]).returncode:
        pytest.skip("mounting a small device needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def ready(service: Service) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{service.ready['monitoring']}/readyz", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics(service: Service) -> str:
    with urllib.request.urlopen(f"http://{service.ready['monitoring']}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_a_full_disk_ends_readiness_at_once_and_it_comes_back_by_itself(small_disk, tmp_path, simulator):
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from telehealth.v1 import operations_service_pb2 as m

    env = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_SWEEP_INTERVAL": "200ms"}
    service = Service(small_disk / "data", simulator, env=env)
    service.start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        assert ready(service) == (200, "ready\n")
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        ballast = small_disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        refused_at = None
        deadline = time.monotonic() + 60
        while refused_at is None:
            assert time.monotonic() < deadline
            try:
                clinic.create_session(clinic.book())
            except grpc.RpcError:
                refused_at = time.monotonic()
        assert ready(service) == (503, "store: the disk is full\n") and time.monotonic() - refused_at < 1
        # Not once does it say "ready" while callers are refused and single writes succeed.
        while time.monotonic() - refused_at < 4:
            try:
                clinic.create_session(clinic.book())
            except grpc.RpcError:
                pass
            assert ready(service)[0] == 503
        answer = health.Check(health_pb2.HealthCheckRequest(service="telehealth.v1.TelehealthService"))
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert "telehealth_store_writable 0" in metrics(service)
        status = clinic.call(operations(clinic).GetServiceStatus, m.GetServiceStatusRequest(), "admin")
        assert (status.writable, status.store_state) == (False, m.STORE_STATE_FULL)
        assert 0 <= status.store_free_bytes < status.store_size_bytes == 6 << 20
        told = probe(service, "operate", "status")
        assert told.returncode == 4 and "DISK FULL" in told.stdout
        ballast.unlink()
        deadline = time.monotonic() + 30
        while ready(service)[0] != 200:
            assert time.monotonic() < deadline, "with room again it recovers by itself"
            time.sleep(0.05)
        clinic.create_session(clinic.book())
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        status = clinic.call(operations(clinic).GetServiceStatus, m.GetServiceStatusRequest(), "admin")
        assert (status.writable, status.store_state) == (True, m.STORE_STATE_WRITABLE)
        assert log(service).count("store accepts changes again") == 1 == log(service).count("disk is full")
    assert service.stop() == 0


def test_a_disk_that_fills_raises_the_alarm_before_it_is_full(small_disk, simulator):
    env = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_STORE_SPACE_ALARM": "50"}
    with open(small_disk / "ballast", "wb") as file:
        file.write(bytes(4 << 20))
    service = Service(small_disk / "data", simulator, env=env).start()
    deadline = time.monotonic() + 20
    while "disk is nearly full" not in log(service):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ready(service)[0] == 200
    assert "telehealth_store_free_bytes " in metrics(service)
    assert service.stop() == 0
