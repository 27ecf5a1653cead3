"""What the programs of commit 02d4151 wrote (Tests/Fixtures/written-by-02d4151): read raw, and opened by today's.

`Today` is the one place here that speaks today's API; everything else goes by bytes and by the formats as documented.
"""

import base64
import hmac
import json
import os
import sqlite3
import subprocess
import tarfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import grpc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit_log import Tokens
from call_log import CallLog, send
from service import BIN, ROOT, Service, Simulator
from visit import Clinic, reason
from webhook_log import WebhookLog

FOLDER = ROOT / "Tests/Fixtures/written-by-02d4151"
ANSWERS = json.loads((FOLDER / "answers.json").read_text())
#: After this many seconds whatever that program had claimed or put off is due.
LATER = 65

#: Sealed columns by table, with the row's key: names and order are part of what seals them.
SEALED = {
    "participants": (["session_id", "id"], [
        "check_location_state", "check_location_address", "check_contact_name", "check_contact_phone"]),
    "sessions": (["id"], ["end_note"]),
    "consents": (["id"], ["evidence", "evidence_items", "revocation_reason"]),
    "consent_versions": (["subject_id"], ["born_on"]),
    "recordings": (["id"], ["hold_reason"]),
    "emergency_accesses": (["id"], ["reason"]),
}


@contextmanager
def clock_at(seconds: float, scratch: Path):
    """Programs started herein live at that time; how long things take stays as it is."""
    library = scratch / "wall_clock.so"
    source = Path(__file__).with_name("wall_clock.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    own = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(int(seconds - time.time()))}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def listed(name: str) -> list[dict]:
    """What was noted line by line: calls, webhooks, people."""
    with tarfile.open(FOLDER / "written.tar.xz") as file:
        return [json.loads(line) for line in file.extractfile(name + ".jsonl").read().splitlines()]


def unpack(into: Path) -> Path:
    with tarfile.open(FOLDER / "written.tar.xz") as file:
        file.extractall(into, filter="fully_trusted")
    return into


class Written:
    """One folder as it lies on the disk: `killed` or `stopped`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.database = folder / "data/telehealth.db"
        self.audit = folder / "data.audit"
        ring = json.loads((folder / "data.keys").read_text())
        self.keys = {each["id"]: AESGCM(base64.b64decode(each["secret"])) for each in ring["keys"]}
        self.ids = Tokens(folder / "data.keys")

    def rows(self, sql: str) -> list[dict]:
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def plant(self, *statements: str) -> None:
        """A change that no program of ours makes: its triggers do not hold it."""
        connection = sqlite3.connect(self.database)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        connection.commit()
        connection.close()

    def opened(self, value: bytes, table: str, column: str, key: str) -> str:
        """A sealed value's text; InvalidTag when it is not of this place."""
        assert value[0] == 1, (table, column, value[:1])
        context = value[:5] + b"\0".join(each.encode() for each in (table, column, key))
        return self.keys[int.from_bytes(value[1:5], "big")].decrypt(value[5:17], value[17:], context).decode()

    def sealed(self) -> dict[tuple[str, str, str], str]:
        """Every sealed text by table, column and row."""
        texts = {}
        for table, (key, columns) in SEALED.items():
            for row in self.rows(f"SELECT {', '.join(key + columns)} FROM {table}"):
                place = "/".join(self.ids.plain(row[name]) for name in key)
                for column in columns:
                    if row[column] is not None:
                        try:
                            texts[table, column, place] = self.opened(row[column], table, column, place)
                        except InvalidTag:
                            raise AssertionError(f"{table}.{column} of {place} does not open") from None
        return texts

    def audit_rows(self) -> list[dict]:
        """The log with people's ids as they are, its texts as `encoding` takes them."""
        return [{name: value if name in ("previous", "mac") else self.ids.plain(value) for name, value in row.items()}
                for row in self.rows("SELECT * FROM audit ORDER BY number")]

    def heads(self) -> list[str]:
        return [line for file in sorted((self.audit / "heads").rglob("*.jsonl")) for line in file.read_text().splitlines()]


def encoding(row: dict) -> bytes:
    """Of an audit row, as AuditRecord+Encoding.swift draws it."""
    encoded = b"\x01" + b"".join(row[name].to_bytes(8, "big") for name in ("number", "at", "count"))
    for name in ("subject", "role", "actor", "source", "action", "outcome", "person", "session_id", "target", "reason"):
        text = row[name]
        encoded += b"\x00" if text is None else b"\x01" + len(text.encode()).to_bytes(4, "big") + text.encode()
    return encoded


def check_chain(rows: list[dict]) -> None:
    """Each row's MAC is over its encoding and the one before, under the key of then."""
    key, previous = bytes.fromhex(ANSWERS["keys"]["chain"]), bytes(32)
    for place, row in enumerate(rows):
        assert (row["number"], row["previous"]) == (place + 1, previous), f"row {place + 1} is not behind the one before"
        assert row["mac"] == hmac.digest(key, previous + encoding(row), "sha256"), f"row {place + 1} is not encoded so"
        previous = row["mac"]


class Opened:
    """Today's daemon on a copy, with a simulator that has lived through what the other one did."""

    #: Seconds for which something may be still to come.
    patience = 20.0

    def __init__(self, folder: Path, log: Path):
        self.folder = folder
        self.webhooks = WebhookLog()
        targets = json.loads((folder / "webhooks.json").read_text())
        for each in targets["targets"]:
            each |= {"url": self.webhooks.url, "secret_file": str(folder / each["secret_file"])}
        (folder / "webhooks.json").write_text(json.dumps(targets))
        self.simulator = self.relived(log / "simulator.log")
        self.calls = CallLog(self.simulator.address)
        self.service = Service(folder / "data", self.simulator, flags=["--config", str(folder / "settings.json")], env={
            "TELEHEALTH_POLICY_DIR": str(folder / "policies"), "TELEHEALTH_WEBHOOKS_FILE": str(folder / "webhooks.json"),
            "AWS_ENDPOINT_URL": f"http://{self.calls.address}"})
        self.service.start()
        self.channel = grpc.insecure_channel(self.service.address)
        self.today = Today(self.service, self.channel)

    @staticmethod
    def relived(log: Path) -> Simulator:
        """The same calls in the same order with the same seed: the same meetings, under the same ids."""
        simulator = Simulator("--no-throttle", "--seed", "1", "--pipeline-step-milliseconds", "100", log=log, **ANSWERS["simulator"])
        for call in listed("calls"):
            if call["became"] != "refused":
                status, _, _ = send(simulator.address, call)
                assert status == call["status"], (status, call)
        simulator.admin("POST", "/clock/resume", {})
        return simulator

    def probe(self, *words) -> str:
        done = subprocess.run(
            [BIN / "telehealth-probe", *map(str, words), "--target", self.service.address, "--data-dir", self.service.data],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def wait_until_nothing(self, left) -> None:
        """Waits until `left()` is empty, which tells what is still to come."""
        deadline = time.monotonic() + self.patience
        while found := left():
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def stopped(self) -> Written:
        """The folder, once the daemon has left it: while it runs nobody else opens its database."""
        if self.service.process.poll() is None:
            assert self.service.stop() == 0
        return Written(self.folder)

    def close(self) -> None:
        self.channel.close()
        try:
            self.stopped()
        finally:
            self.simulator.stop()
            self.calls.close()
            self.webhooks.close()


class Today(Clinic):
    """Reads by today's API into the words in which the answers of then were noted."""

    def ask(self, service: str, method: str, role: str = "admin", **fields):
        import importlib

        words = "".join("_" + c.lower() if c.isupper() else c for c in service).strip("_")
        request = getattr(importlib.import_module(f"telehealth.v1.{words}_pb2"), method + "Request")(**fields)
        stub = getattr(importlib.import_module(f"telehealth.v1.{words}_pb2_grpc"), service + "Stub")(self.channel)
        return self.call(getattr(stub, method), request, role)

    def visit(self, sid: str) -> dict:
        from telehealth.v1 import session_pb2

        session = self.session(sid, "admin")
        return {
            "session": session.session_id, "appointment": session.appointment_id,
            "status": session_pb2.SessionStatus.Name(session.status).removeprefix("SESSION_STATUS_"),
            "clinician_join_url": session.clinician_join_url, "client_join_url": session.client_join_url,
            "note": session.closing_note, "client": session.client_id, "clinician": session.clinician_id,
            "addresses": [p.pre_visit_check.location_address for p in session.participants if p.HasField("pre_visit_check")]}

    def recordings_of(self, sid: str) -> dict[str, dict]:
        from telehealth.v1 import recording_pb2

        listed = self.ask("RecordingService", "ListRecordings", session_id=sid).recordings
        return {each.recording_id: {
            "state": recording_pb2.RecordingState.Name(each.state).removeprefix("RECORDING_STATE_"),
            "hold": each.hold.reason, "note": each.session_note_id} for each in listed}

    def manifest(self, rid: str) -> dict:
        answer = self.ask("RecordingService", "GetRecordingManifest", recording_id=rid)
        return {"manifest": answer.canonical_json.decode(), "signature": answer.signature.hex()}

    def consents_of(self, person: str) -> dict[str, dict]:
        from telehealth.v1 import consent_pb2

        listed = self.ask("ConsentService", "ListConsents", person_id=person, page_size=100).consents
        return {each.consent_id: {
            "person": person, "evidence": each.evidence, "witness": each.evidence_items.witness,
            "type": each.type,
            "method": consent_pb2.ConsentMethod.Name(each.method).removeprefix("CONSENT_METHOD_"),
            "state": consent_pb2.ConsentState.Name(each.state).removeprefix("CONSENT_STATE_"),
            "revocation_reason": each.revocation_reason} for each in listed}

    def receipt(self, consent_id: str) -> str:
        return self.ask("ConsentService", "GetConsentReceipt", consent_id=consent_id).receipt

    def receipt_key(self) -> str:
        return self.ask("ConsentService", "GetReceiptKey").public_key.hex()

    def person_record(self, person: str) -> dict:
        from telehealth.v1 import person_service_pb2 as m
        from telehealth.v1 import person_service_pb2_grpc as services

        pieces = services.PersonServiceStub(self.channel).ExportPersonRecord(
            m.ExportPersonRecordRequest(person_id=person), metadata=self.credentials("admin"), timeout=20)
        return json.loads(b"".join(piece.chunk for piece in pieces))

    def policy_versions(self) -> dict[str, str]:
        listed = self.ask("ConsentDocumentService", "ListPlacePolicies").policies
        return {each.place: each.version for each in listed}

    def redeemed(self, grant: str, name: str) -> str:
        """The participant, or the word of the refusal; `name` then calls with the pass."""
        try:
            return self.redeem(grant, name, str(uuid.uuid4())).participant_id
        except grpc.RpcError as error:
            return reason(error)

    def bears(self, name: str, text: str, participant: str = "") -> None:
        """From here on `name` calls with this pass."""
        self.guests[name] = (participant, text)

    def outcome_of_join(self, sid: str, name: str) -> tuple[str, str]:
        """The participant, and WAITING or ADMITTED."""
        from telehealth.v1 import telehealth_service_pb2 as m

        answer = self.join(sid, name)
        return answer.participant.participant_id, m.JoinOutcome.Name(answer.outcome).removeprefix("JOIN_OUTCOME_")
