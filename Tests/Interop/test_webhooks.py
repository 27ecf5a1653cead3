"""A receiver of webhooks in another language: checks signatures and order, while it fails and the daemon is killed."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

from service import Service, Simulator
from visit import Clinic

SECRET = b"a secret of the receiver's own, long enough"


class Receiver:
    """Does what the README tells a receiver to do: signature, freshness, repetitions, order."""

    def __init__(self):
        self.messages: list[dict] = []
        self.problems: list[str] = []
        self.status = 204
        self.attempts = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.take(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def take(self, headers, body: bytes) -> int:
        with self.lock:
            self.attempts += 1
            parts = dict(part.split("=", 1) for part in headers["Telehealth-Signature"].split(","))
            wanted = hmac.new(SECRET, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(wanted, parts["v1"]):
                self.problems.append("bad signature")
                return 401
            if abs(time.time() - int(parts["t"])) > 300:
                self.problems.append("stale")
                return 401
            if self.status != 204:
                return self.status
            message = json.loads(body)
            if message["delivery"] != headers["Telehealth-Delivery"]:
                self.problems.append("delivery")
            if not any(m["delivery"] == message["delivery"] for m in self.messages):
                self.messages.append(message)
            return 204

    def of(self, session: str) -> list[dict]:
        with self.lock:
            return [m for m in self.messages if m["session"] == session]

    def close(self):
        self.server.shutdown()


@pytest.fixture
def told(tmp_path):
    receiver = Receiver()
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET + b"\n")
    secret.chmod(0o600)
    targets = tmp_path / "webhooks.json"
    targets.write_text(json.dumps({"targets": [
        {"name": "records", "url": receiver.url, "secret_file": str(secret)},
        {"name": "nobody", "url": "http://127.0.0.1:9/hook", "secret_file": str(secret), "kinds": ["STATUS_CHANGED"]},
    ]}))
    simulator = Simulator(log=tmp_path / "simulator.log")
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_WEBHOOKS_FILE": str(targets), "TELEHEALTH_WEBHOOKS_ON_LOOPBACK": "true"}).start()
    yield service, receiver, targets
    if service.process.poll() is None:
        service.stop()
    simulator.stop()
    receiver.close()


def a_visit(service) -> tuple[str, int, Clinic]:
    from telehealth.v1 import telehealth_service_pb2 as m

    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        sid = clinic.create_session(clinic.book()).session_id
        clinic.consent("georgia_telehealth")
        clinic.consent("hipaa_telehealth")
        clinic.join(sid, "client")
        clinic.join(sid, "clinician")
        clinic.join(sid, "client")
        clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid, note="a note"), "clinician")
    return sid, clinic


def until(what, check, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < deadline, f"no {what} within {timeout} s"
        time.sleep(0.05)


def whole(receiver, sid) -> bool:
    kinds = [m["kind"] for m in receiver.of(sid)]
    return "MEETING_ENDED" in kinds


def check(receiver, sid, clinic):
    messages = receiver.of(sid)
    assert [m["sequence"] for m in messages] == list(range(1, len(messages) + 1)), "in order, none missing"
    assert messages[0]["kind"] == "CREATED" and messages[-1]["status"] == "COMPLETED"
    assert not receiver.problems
    text = json.dumps(messages)
    assert clinic.client_id not in text and clinic.clinician_id not in text and "a note" not in text


def test_a_receiver_gets_every_event_signed_and_in_order(told):
    service, receiver, _ = told
    sid, clinic = a_visit(service)
    until("last event", lambda: whole(receiver, sid))
    check(receiver, sid, clinic)


def test_nothing_is_lost_while_the_receiver_fails_and_the_daemon_is_killed(told):
    service, receiver, _ = told
    receiver.status = 503
    sid, clinic = a_visit(service)
    until("attempts", lambda: receiver.attempts > 0)
    assert receiver.of(sid) == []
    service.kill()
    service.start()
    receiver.status = 500
    other, second = a_visit(service)
    receiver.status = 204
    for session, people in ((sid, clinic), (other, second)):
        until("last event", lambda: whole(receiver, session), timeout=90)
        check(receiver, session, people)
    # The target that nobody answers for is told of in the log, by its name and without the event.
    until("warning", lambda: b'"nobody"' in (service.data / "telehealthd.log").read_bytes())


def test_a_target_in_this_network_keeps_the_service_from_starting(told):
    service, receiver, targets = told
    assert service.stop() == 0
    service.env["TELEHEALTH_WEBHOOKS_ON_LOOPBACK"] = "false"
    with pytest.raises(RuntimeError):
        service.start()
    assert b"no address of this machine" in (service.data / "telehealthd.log").read_bytes()
