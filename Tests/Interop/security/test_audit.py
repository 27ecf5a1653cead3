"""The audit log through the wire: who saw what, what was refused, and what tampering looks like."""

import concurrent.futures
import hmac
import json
import sqlite3
import subprocess
import time

import grpc
import pytest

from audit_log import Tokens, log_of, rows, verify
from service import BIN, Service
from visit import Clinic, reason

NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="module")
def audited(tmp_path_factory, simulator):
    """A service of its own: what is in its log comes from these tests alone."""
    env = {"TELEHEALTH_PRESENCE_LOST_AFTER": "2s", "TELEHEALTH_HEARTBEAT_INTERVAL": "1s"}
    service = Service(tmp_path_factory.mktemp("audited") / "data", simulator, env=env).start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def clinic(audited):
    channel = grpc.insecure_channel(audited.address)
    clinic = Clinic(audited, channel)
    clinic.register_documents()
    yield clinic
    channel.close()


def role_of(row) -> str:
    """The word that the log keeps; empty for none."""
    from telehealth.v1 import call_contract_pb2 as c

    return c.CallerRole.Name(row.role).removeprefix("CALLER_ROLE_").lower() if row.role else ""


def outcome_of(row) -> str:
    from telehealth.v1 import audit_service_pb2 as m

    return m.AuditOutcome.Name(row.outcome).removeprefix("AUDIT_OUTCOME_").lower()


def probe(*arguments, code: int = 0) -> str:
    done = subprocess.run(
        [BIN / "telehealth-probe", "audit", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def test_who_saw_a_session_is_told_to_the_admin_and_to_its_client(clinic):
    from telehealth.v1 import audit_service_pb2 as m

    session = clinic.create_session(clinic.book()).session_id
    for _ in range(3):
        clinic.session(session, "clinician")
    clinic.session(session, "scheduler")
    stranger = Clinic(clinic.service, clinic.channel)
    with pytest.raises(grpc.RpcError):
        stranger.session(session, "client")

    for role in ("admin", "client"):
        answer = clinic.call(log_of(clinic).ListSessionAccesses, m.ListSessionAccessesRequest(session_id=session), role)
        people = {(access.caller, role_of(access)): access for access in answer.accesses}
        assert answer.is_complete
        assert people[(clinic.clinician_id, "clinician")].calls["GetSession"] == 3
        assert people[("scheduler", "scheduler")].calls["CreateSession"] == 1
        assert people[("scheduler", "scheduler")].calls["GetSession"] == 1
        assert people[(stranger.client_id, "client")].denied_count == 1
        assert not people[(stranger.client_id, "client")].calls

    # Whoever has no part in the session learns nothing, and that they asked is in the log.
    stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", log_of(clinic).ListSessionAccesses,
                     m.ListSessionAccessesRequest(session_id=session), "client")
    denied = rows(clinic, session_id=session, outcome=m.AUDIT_OUTCOME_DENIED)
    assert [(row.action, row.reason, row.source) for row in denied] == [
        ("GetSession", "SESSION_NOT_FOUND", "127.0.0.1"), ("ListSessionAccesses", "SESSION_NOT_FOUND", "127.0.0.1")]
    mine = rows(clinic, person_id=clinic.client_id)
    assert {"CreateSession", "GetSession"} <= {row.action for row in mine}
    assert all(row.person_id == clinic.client_id for row in mine)


def test_a_refused_token_and_a_refused_role_are_in_the_log(clinic):
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as m

    session = clinic.create_session(clinic.book()).session_id
    with pytest.raises(grpc.RpcError) as caught:
        clinic.telehealth.GetSession(m.GetSessionRequest(session_id=session), timeout=10)
    assert reason(caught.value) == "TOKEN_MISSING"
    clinic.refused(grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", clinic.recordings.StartRecording,
                   rec.StartRecordingRequest(session_id=session), "client")
    assert [row.action for row in rows(clinic, caller="unauthenticated") if row.reason == "TOKEN_MISSING"] == ["GetSession"]
    refused = rows(clinic, caller=clinic.client_id)
    assert [(row.action, outcome_of(row), row.reason, role_of(row)) for row in refused] == [
        ("StartRecording", "denied", "ROLE_NOT_ALLOWED", "client")]


def test_a_flood_of_denials_is_summed(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    stranger = Clinic(clinic.service, clinic.channel)
    metadata = stranger.credentials("client")
    flood = 400

    def ask(index: int) -> str:
        try:
            clinic.telehealth.GetSession(m.GetSessionRequest(session_id=f"s-{index}"), metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            return reason(error)
        return "OK"

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(flood)))
    seconds = time.monotonic() - started
    assert answers == ["SESSION_NOT_FOUND"] * flood
    kept = rows(clinic, caller=stranger.client_id)
    assert sum(row.count for row in kept) == flood, "every refusal is counted"
    # Four rows and a sum per second at most, the first and the last second not being whole.
    assert len(kept) <= 5 * (seconds + 2), (len(kept), seconds)
    assert max(row.count for row in kept) > 4


def test_the_log_is_whole_while_it_is_written_and_its_pages_follow_their_filters(clinic):
    from telehealth.v1 import audit_service_pb2 as m

    answer = verify(clinic)
    assert answer.is_whole and answer.rows_checked > 0 and answer.heads_checked >= 1, answer
    assert len(answer.root_hash) == 32
    part = verify(clinic, from_number=3, through_number=7)
    assert part.is_whole and part.rows_checked == 5

    everything = rows(clinic)
    assert [row.number for row in everything] == sorted(row.number for row in everything)
    newest = clinic.call(log_of(clinic).ListAuditEvents, m.ListAuditEventsRequest(newest_first=True, page_size=5), "admin")
    assert [row.number for row in newest.events] == sorted((row.number for row in newest.events), reverse=True)
    clinic.refused(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", log_of(clinic).ListAuditEvents,
                   m.ListAuditEventsRequest(action="GetSession", page_token=newest.next_page_token), "admin")
    clinic.refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", log_of(clinic).VerifyAuditLog,
                   m.VerifyAuditLogRequest(from_number=5, through_number=4), "admin")
    middle = everything[len(everything) // 2].occur_time
    assert all(row.occur_time.ToNanoseconds() >= middle.ToNanoseconds() for row in rows(clinic, occur_time_from=middle))
    assert all(row.occur_time.ToNanoseconds() < middle.ToNanoseconds() for row in rows(clinic, occur_time_before=middle))


def test_a_row_is_proven_to_whoever_has_only_the_head(clinic):
    """RFC 9162 section 2.1.3.2 and Ed25519, in Python alone."""
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from telehealth.v1 import audit_service_pb2 as m

    proof = clinic.call(log_of(clinic).GetAuditProof, m.GetAuditProofRequest(number=2), "admin")
    head = proof.head
    micros = head.sign_time.ToNanoseconds() // 1000
    signed = b"telehealth.audit.head.v1\0" + head.tree_size.to_bytes(8, "big") + micros.to_bytes(8, "big")
    Ed25519PublicKey.from_public_bytes(proof.head_public_key).verify(head.signature, signed + head.mac + head.root_hash)

    row = proof.event
    encoding = b"\x01" + b"".join(
        number.to_bytes(8, "big") for number in (row.number, row.occur_time.ToNanoseconds() // 1000, row.count))
    optional = [getattr(row, name) if row.HasField(name) else None for name in ("person_id", "session_id", "target", "reason")]
    actor, source = (getattr(row, name) if row.HasField(name) else None for name in ("actor", "source"))
    for text in (row.caller, role_of(row) or None, actor, source, row.action, outcome_of(row), *optional):
        encoding += b"\x00" if text is None else b"\x01" + len(text.encode()).to_bytes(4, "big") + text.encode()
    leaf = hashlib.sha256(b"\0" + encoding + row.mac).digest()
    assert leaf == proof.leaf_hash
    place, last, root = row.number - 1, head.tree_size - 1, leaf
    for sibling in proof.path:
        assert last > 0
        if place & 1 or place == last:
            root = hashlib.sha256(b"\1" + sibling + root).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\1" + root + sibling).digest()
        place, last = place >> 1, last >> 1
    assert last == 0 and root == head.root_hash

    clinic.refused(NOT_FOUND, "AUDIT_EVENT_NOT_FOUND", log_of(clinic).GetAuditProof,
                   m.GetAuditProofRequest(number=10**9), "admin")


class Evidence:
    """What an auditor takes along: a stopped service's database, the key and the heads."""

    def __init__(self, service: Service):
        self.service = service
        self.folder = service.data.parent / (service.data.name + ".audit")
        self.database = service.data / "telehealth.db"

    def arguments(self):
        return ["--database", self.database, "--key-file", self.folder / "chain.key", "--heads", self.folder / "heads"]

    def tamper(self, *statements: str) -> None:
        """As somebody would who has the file and knows SQLite: triggers do not hold them."""
        connection = sqlite3.connect(self.database)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        connection.commit()
        connection.close()


@pytest.fixture
def stopped(tmp_path, simulator):
    """A service with some rows in its log, stopped; secrets and database are where an operator finds them."""
    service = Service(tmp_path / "data", simulator).start()
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    for _ in range(5):
        session = clinic.create_session(clinic.book()).session_id
        clinic.session(session, "clinician")
    channel.close()
    assert service.stop() == 0
    yield service
    if service.process.poll() is None:
        service.stop()


TAMPERING = {
    "changed": (["UPDATE audit SET subject = 'somebody-else' WHERE number = 4"], 4, "CHANGED"),
    "allowed instead of denied": (["UPDATE audit SET outcome = 'denied' WHERE number = 4"], 4, "CHANGED"),
    "another's token": (["UPDATE audit SET subject = (SELECT subject FROM audit WHERE subject <> "
                         "(SELECT subject FROM audit WHERE number = 4) LIMIT 1) WHERE number = 4"], 4, "CHANGED"),
    "no token": (["UPDATE audit SET subject = x'0102' WHERE number = 4"], 4, "CHANGED"),
    "count": (["UPDATE audit SET count = 2 WHERE number = 4"], 4, "CHANGED"),
    "removed": (["DELETE FROM audit WHERE number = 4"], 4, "MISSING"),
    "swapped": (["UPDATE audit SET number = -1 WHERE number = 4", "UPDATE audit SET number = 4 WHERE number = 5",
                 "UPDATE audit SET number = 5 WHERE number = -1"], 4, "REORDERED"),
    "tail cut": (["DELETE FROM audit WHERE number > 6"], 7, "TAIL_CUT"),
    "emptied": (["DELETE FROM audit"], 1, "TAIL_CUT"),
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_with_a_stopped_services_database_is_found(stopped, kind):
    statements, number, fault = TAMPERING[kind]
    evidence = Evidence(stopped)
    clean = json.loads(probe("verify", "--json", *evidence.arguments()))
    assert clean["isWhole"] and int(clean["headsChecked"]) >= 1
    evidence.tamper(*statements)
    found = json.loads(probe("verify", "--json", *evidence.arguments(), code=4))
    assert (int(found["first"]["number"]), found["first"]["fault"]) == (number, "AUDIT_FAULT_" + fault), found


def test_a_log_cut_and_continued_is_found_by_the_service_itself(stopped):
    evidence = Evidence(stopped)
    evidence.tamper("DELETE FROM audit WHERE number > 6")
    stopped.start()
    assert "audit log contradicts its newest signed head" in (stopped.data / "telehealthd.log").read_text()
    channel = grpc.insecure_channel(stopped.address)
    clinic = Clinic(stopped, channel)
    answer = verify(clinic)
    assert not answer.is_whole
    from telehealth.v1 import audit_service_pb2 as m

    assert answer.first.fault in (m.AUDIT_FAULT_HEAD_MISMATCH, m.AUDIT_FAULT_TAIL_CUT), answer
    channel.close()
    arguments = ["--target", stopped.address, "--data-dir", stopped.data]
    probe("verify", *arguments, code=4)


def test_a_log_rewritten_with_its_own_key_contradicts_the_heads(stopped):
    """Who has the database, the key ring and the chain key can make every MAC anew, but not the heads' signatures."""
    evidence = Evidence(stopped)
    ids = Tokens(stopped.data.parent / (stopped.data.name + ".keys"))
    key = bytes.fromhex((evidence.folder / "chain.key").read_text().strip())
    connection = sqlite3.connect(evidence.database)
    connection.row_factory = sqlite3.Row
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    previous = bytes(32)
    for row in connection.execute("SELECT * FROM audit ORDER BY number").fetchall():
        subject = "nobody" if row["number"] == 4 else ids.plain(row["subject"])
        encoding = b"\x01" + b"".join(row[name].to_bytes(8, "big") for name in ("number", "at", "count"))
        for name in ("subject", "role", "actor", "source", "action", "outcome", "person", "session_id", "target", "reason"):
            text = subject if name == "subject" else ids.plain(row[name])
            encoding += b"\x00" if text is None else b"\x01" + len(text.encode()).to_bytes(4, "big") + text.encode()
        mac = hmac.digest(key, previous + encoding, "sha256")
        if row["number"] < 4:
            assert mac == row["mac"], "the encoding is as documented"
        connection.execute("UPDATE audit SET subject = ?, previous = ?, mac = ? WHERE number = ?",
                           (ids.token(subject), previous, mac, row["number"]))
        previous = mac
    connection.commit()
    connection.close()
    (evidence.database.parent / "telehealth.db.mark").unlink()  # With the key they make a mark that fits.
    without_heads = ["--database", evidence.database, "--key-file", evidence.folder / "chain.key"]
    probe("verify", *without_heads)
    found = json.loads(probe("verify", "--json", *evidence.arguments(), code=4))
    assert found["first"]["fault"] == "AUDIT_FAULT_HEAD_MISMATCH", found


def test_an_export_is_checked_without_the_service(stopped, tmp_path):
    evidence = Evidence(stopped)
    stopped.start()
    arguments = ["--target", stopped.address, "--data-dir", stopped.data]
    file = tmp_path / "audit.jsonl"
    probe("export", "-o", file, *arguments)
    probe("export", "-o", file, *arguments, code=1)  # never over another file
    assert probe("list", "--action", "ExportAuditLog", *arguments).count("ExportAuditLog") >= 1
    offline = ["--export", file, "--key-file", evidence.folder / "chain.key", "--heads", evidence.folder / "heads"]
    assert json.loads(probe("verify", "--json", *offline))["isWhole"]
    lines = file.read_text().splitlines()
    assert json.loads(lines[-1])["treeSize"] == json.loads(lines[-2])["number"]
    file.write_text("\n".join(line.replace("GetSession", "ListSessions") for line in lines) + "\n")
    probe("verify", *offline, code=4)


def test_the_chain_goes_on_over_a_restart_and_its_secrets_stay_outside(stopped):
    evidence = Evidence(stopped)
    key = (evidence.folder / "chain.key").read_text().strip()
    for name in ("chain.key", "heads.key"):
        assert (evidence.folder / name).stat().st_mode & 0o777 == 0o600
    assert not any(path.suffix == ".key" for path in stopped.data.rglob("*"))
    stopped.start()
    channel = grpc.insecure_channel(stopped.address)
    assert verify(Clinic(stopped, channel)).is_whole
    channel.close()
    stopped.kill()
    stopped.start()
    assert stopped.stop() == 0
    probe("verify", *evidence.arguments())
    assert key not in (stopped.data / "telehealthd.log").read_text()

    # Another key does not begin a second log in silence.
    (evidence.folder / "chain.key").rename(evidence.folder / "chain.key.away")
    with pytest.raises(RuntimeError):
        stopped.start()
    assert "is not there, although" in (stopped.data / "telehealthd.log").read_text()
    (evidence.folder / "chain.key").write_text("00" * 32 + "\n")
    (evidence.folder / "chain.key").chmod(0o600)
    with pytest.raises(RuntimeError):
        stopped.start()
    assert "under another key" in (stopped.data / "telehealthd.log").read_text()


def test_with_reads_left_out_changes_and_denials_still_stand(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_AUDIT_READS": "false"}).start()
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    session = clinic.create_session(clinic.book()).session_id
    clinic.session(session, "clinician")
    with pytest.raises(grpc.RpcError):
        Clinic(service, channel).session(session, "clinician")
    assert [(row.action, outcome_of(row)) for row in rows(clinic, session_id=session)] == [
        ("CreateSession", "allowed"), ("GetSession", "denied"), ("ListAuditEvents", "allowed")]
    channel.close()
    assert service.stop() == 0
