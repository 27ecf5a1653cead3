"""What ends the daemon's start, said in words, and what does not."""

import fcntl
import json
import os
import re
import socket
import subprocess
import uuid
from pathlib import Path

import grpc
import pytest

from daemon import daemon
from service import BIN, Service
from visit import Clinic


def at_the_start(*flags, environment=None):
    """A daemon on loopback that is expected not to come up: what it says."""
    said = daemon("--listen", "127.0.0.1:0", *flags, **(environment or {}))
    assert said.returncode in (1, 2), said
    assert re.search(r"errno \d+ from|unreadable\(|Error\(|\bnil\b|Swift\.", said.stderr) is None, "words, not a value of the program's"
    return said.stderr


def spoiled(tmp_path, name: str, kind: str):
    """A file that is there and of no use."""
    path = tmp_path / name
    if kind == "a folder":
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("nonsense\n")
        path.chmod(0o644 if kind == "open to others" else 0o600)
    return path


@pytest.mark.parametrize("kind", ["a folder", "open to others", "nonsense"])
@pytest.mark.parametrize("flag, name", [
    ("--guest-key-file", "guest"), ("--key-ring-file", "ring.keys"), ("--receipt-key-file", "receipts.key"),
    ("--audit-key-file", "chain.key"), ("--audit-head-key-file", "heads.key"), (None, "data/development-key.json"),
])
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(tmp_path, flag, name, kind):
    path = spoiled(tmp_path, name, kind)
    said = at_the_start("--data-dir", tmp_path / "data", *([flag, path] if flag else []))
    assert str(path) in said, said
    if flag:
        assert flag in said or flag == "--audit-key-file", said
    if kind == "open to others":
        assert "600" in said, said


def test_what_else_ends_a_start_is_named(tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    where = "127.0.0.1:%d" % taken.getsockname()[1]
    said = daemon("--listen", where, "--data-dir", tmp_path / "a")
    assert said.returncode == 1 and f"listening on {where} (--listen)" in said.stderr and "in use" in said.stderr, said
    assert "--monitoring-listen" in at_the_start("--monitoring-listen", where, "--data-dir", tmp_path / "b")
    taken.close()
    keys = spoiled(tmp_path, "keys.json", "nonsense")
    said = at_the_start("--issuer", "https://login.clinic.example", "--jwks-file", keys, "--data-dir", tmp_path / "c")
    assert str(keys) in said and "--jwks-file" in said, said
    said = at_the_start("--tls-certificate", keys, "--tls-key", keys, "--data-dir", tmp_path / "d")
    assert str(keys) in said and "--tls-certificate" in said, said
    said = at_the_start(
        "--cloudfront-url", "https://d1.cloudfront.net", "--cloudfront-key-pair-id", "K1", "--cloudfront-key-file", keys,
        "--data-dir", tmp_path / "e")
    assert str(keys) in said and "--cloudfront-key-file" in said, said
    (tmp_path / "file").write_text("")
    said = at_the_start("--data-dir", tmp_path / "file")
    assert str(tmp_path / "file") in said and "--data-dir" in said, said
    data = tmp_path / "g"
    data.mkdir()
    (data / "telehealth.db").write_bytes(b"no database" * 1000)
    said = at_the_start("--data-dir", data)
    assert str(data) in said and "not a database" in said, said


def test_half_copies_of_a_crash_are_gone_after_the_next_start(tmp_path, simulator):
    backups = tmp_path / "data" / "backups"
    backups.mkdir(parents=True)
    left = ["telehealth-20260101T000000Z.db.partial", "telehealth-20260101T000000Z.db.partial-journal"]
    kept = ["telehealth-20260101T000000Z.db", "notes.partial", "telehealth-20260102T000000Z.db.partial"]
    for name in left + kept:
        (backups / name).write_bytes(b"x" * 4096)
    # Somebody else's copy, which is being written: SQLite's own lock says so.
    with open(backups / kept[2], "r+b") as other:
        fcntl.lockf(other, fcntl.LOCK_EX, 510, 0x40000002)
        service = Service(tmp_path / "data", simulator).start()
        assert sorted(path.name for path in backups.iterdir()) == sorted(kept)
        assert service.stop() == 0


def test_two_backups_in_one_second_are_two(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator).start()
    from telehealth.v1 import operations_service_pb2 as m
    from telehealth.v1 import operations_service_pb2_grpc as services

    with grpc.insecure_channel(service.address) as channel:
        stub = services.OperationsServiceStub(channel)
        admin = [("authorization", "Bearer " + service.token("admin"))]
        requests = [m.BackupDatabaseRequest(request_id=str(uuid.uuid4())) for _ in range(4)]
        names = [list(stub.BackupDatabase(each, metadata=admin, timeout=20))[-1].result.file_name for each in requests]
    assert len(set(names)) == 4 and names == sorted(names), names
    assert sorted(path.name for path in (service.data / "backups").iterdir()) == names
    assert service.stop() == 0


def test_a_clock_before_1970_ends_nothing(tmp_path, simulator):
    """A board without a battery, or a virtual machine that was restored: the calendar is wrong, the daemon is not."""
    library = next(Path("/usr/lib").rglob("libfaketimeMT.so.1"))
    service = Service(tmp_path / "data", simulator, env={
        "LD_PRELOAD": str(library), "FAKETIME": "@1960-02-29 23:59:58", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TELEHEALTH_LOG_LEVEL": "debug", "TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_SWEEP_INTERVAL": "100ms"})
    service.start()
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(service.address) as channel:
        assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10).status == 1
        clinic = Clinic(service, channel)
        # Today's token is not valid yet: refused, as it should be.
        with pytest.raises(grpc.RpcError) as refused:
            clinic.book()
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    probe = subprocess.run(
        [BIN / "telehealth-probe", "operate", "backup", "--data-dir", service.data, "--target", service.address],
        env={**os.environ, **service.env}, capture_output=True, text=True, timeout=30)
    assert probe.returncode in (0, 3), probe
    assert service.stop() == 0
    lines = [json.loads(line) for line in (service.data / "telehealthd.log").read_text().splitlines()]
    assert lines[0]["time"].startswith(("1960-02-29T", "1960-03-01T")), lines[0]
