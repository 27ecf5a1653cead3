"""A receiver of webhooks in another language: checks signatures and order, while it fails and the daemon is killed."""

import json

import grpc
import pytest

from service import Service, Simulator
from visit import Clinic
from waiting import until
from webhook_receiver import SECRET, Receiver


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
        until("last event", lambda: whole(receiver, session), seconds=90)
        check(receiver, session, people)
    # The target that nobody answers for is reported in the log, by its name and without the event.
    until("warning", lambda: b'"nobody"' in (service.data / "telehealthd.log").read_bytes())


def test_a_target_in_this_network_keeps_the_service_from_starting(told):
    service, receiver, targets = told
    assert service.stop() == 0
    service.env["TELEHEALTH_WEBHOOKS_ON_LOOPBACK"] = "false"
    with pytest.raises(RuntimeError):
        service.start()
    assert b"must not be an address of this machine" in (service.data / "telehealthd.log").read_bytes()
