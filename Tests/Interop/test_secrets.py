"""What a visit leaves behind says nothing of its people: not in logs, errors, files, Chime, S3 or metrics."""

import json
import os
import re
import stat
import subprocess
import time
import urllib.request
import uuid

import grpc
import pytest

from markers import PERSONAL, PSEUDONYM, Markers, data_class, every_request, fill
from service import BIN, Service, Simulator
from visit import Clinic, Watch


@pytest.fixture
def alone(tmp_path):
    """A service, a simulator and a data folder of their own, logging everything there is to log."""
    simulator = Simulator(log=tmp_path / "simulator.log")
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_LOG_LEVEL": "trace"}).start()
    yield service, simulator, tmp_path
    if service.process.poll() is None:
        service.stop()
    simulator.stop()


def files(folder) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def seen_by_the_simulator(simulator) -> bytes:
    return json.dumps([simulator.admin("GET", path) for path in ("/meetings", "/attendees", "/pipelines", "/events", "/objects")], default=str).encode()


def errors_of_every_call(clinic: Clinic, markers: Markers) -> bytes:
    """Each method with a request full of markers, as each role: what is refused must not repeat what was said."""
    said = []
    for service, method, request_class in every_request():
        path = f"/{service.full_name}/{method.name}"
        call = clinic.channel.unary_unary(
            path, request_serializer=request_class.SerializeToString, response_deserializer=lambda data: data)
        for role in ("client", "clinician", "admin"):
            request = fill(request_class(), markers)
            if "request_id" in request_class.DESCRIPTOR.fields_by_name:
                request.request_id = str(uuid.uuid4())
            try:
                call(request, metadata=clinic.credentials(role), timeout=5)
            except grpc.RpcError as error:
                said.append(repr((error.code(), error.details(), error.trailing_metadata())).encode())
    return b"\n".join(said)


def test_no_marker_of_a_person_is_left_anywhere(alone):
    from telehealth.v1 import consent_service_pb2 as cm
    from telehealth.v1 import telehealth_service_pb2 as m

    service, simulator, folder = alone
    markers = Markers()
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.client_id, clinic.clinician_id = markers.mark("client_id"), markers.mark("clinician_id")
    clinic.register_documents()

    # A visit with errors, a recording, a consent on paper that is revoked, and every note there is.
    session = clinic.create_session(clinic.book())
    sid = session.session_id
    request = markers.plant(clinic.join_request(sid, "client"))
    assert request.pre_visit_check.emergency_contact_name in markers.planted.values()
    clinic.refused(grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_MISSING", clinic.telehealth.JoinSession, request, "client")
    clinic.consent("CONSENT_TYPE_GEORGIA_TELEHEALTH")
    clinic.consent("CONSENT_TYPE_HIPAA_TELEHEALTH")
    watch = Watch(clinic, sid, "clinician")
    request.request_id = ""
    assert clinic.call(clinic.telehealth.JoinSession, request, "client").outcome == 1
    clinic.join(sid, "clinician")
    again = markers.plant(clinic.join_request(sid, "client"))
    assert clinic.call(clinic.telehealth.JoinSession, again, "client").outcome == 2
    given = clinic.consent("CONSENT_TYPE_RECORDING")
    evidence = markers.mark("evidence")
    clinic.consent("CONSENT_TYPE_RECORDING", "clinician")
    clinic.call(clinic.telehealth.StartRecording, m.StartRecordingRequest(session_id=sid), "clinician")
    watch.wait_for("recording_started")
    paper = clinic.call(
        clinic.consents.UpdateConsent,
        _paper(clinic, given.consent_id, evidence), "clinician")
    revoke = markers.plant(cm.RevokeConsentRequest(consent_id=paper.consent.consent_id))
    assert revoke.reason in markers.planted.values()
    clinic.call(clinic.consents.RevokeConsent, revoke, "clinician")
    watch.wait_for("recording_stopped")
    end = markers.plant(m.EndSessionRequest(session_id=sid))
    clinic.call(clinic.telehealth.EndSession, end, "clinician")
    watch.wait_for_end()
    mine = clinic.session(sid)
    assert mine.end_note == end.note and mine.client_id == clinic.client_id

    said = errors_of_every_call(clinic, markers)
    assert len(markers.planted) > 15, "the walk over the data classes finds the fields"
    assert not markers.found_in(said), "an error repeats what a person said"

    chime = seen_by_the_simulator(simulator)
    assert sid.encode() in chime or b"recordings" in chime, "the simulator saw the visit"
    assert not markers.found_in(chime), "Chime or S3 was told of a person"

    # While it runs: database, WAL and logs; after a kill, as a thief of the machine finds them; after a clean stop.
    for step in ("running", "killed", "stopped"):
        if step == "killed":
            channel.close()
            service.kill()
        if step == "stopped":
            service.start()
            assert service.stop() == 0
        for name, data in files(service.data).items():
            assert not markers.found_in(data), f"{step}: {name}"
        assert not markers.found_in((folder / "simulator.log").read_bytes())
    assert any("telehealth.db" in name for name in files(service.data))


def _paper(clinic, consent_id, evidence):
    from telehealth.v1 import consent_pb2, consent_service_pb2 as m
    import hashlib
    from visit import TEXTS

    submission = m.ConsentSubmission(
        decision=consent_pb2.CONSENT_DECISION_GRANTED, document_version="test-1", language="en-US",
        text_sha256=hashlib.sha256(TEXTS["CONSENT_TYPE_RECORDING"].encode()).digest(),
        method=consent_pb2.CONSENT_METHOD_PAPER, evidence=evidence, recording_purposes=[1],
        acknowledgements=consent_pb2.ConsentAcknowledgements(patient_rights=True, emergency_protocols=True, privacy_risks=True))
    return m.UpdateConsentRequest(consent_id=consent_id, submission=submission)


def test_every_field_of_the_api_is_classified():
    from telehealth.v1 import data_class_pb2

    personal = 0
    for _, method, _ in every_request():
        for message in (method.input_type, method.output_type):
            for field in message.fields:
                own = field.type == field.TYPE_MESSAGE and field.message_type.full_name.startswith("telehealth.v1.")
                assert own or data_class(field) != data_class_pb2.DATA_CLASS_UNSPECIFIED, f"{message.full_name}.{field.name}"
                personal += data_class(field) in (PERSONAL, PSEUDONYM)
    assert personal > 10


def test_the_probe_shows_of_a_request_what_a_log_may_hold(alone):
    service, _, _ = alone
    request = {"sessionId": str(uuid.uuid4()), "requestId": str(uuid.uuid4()), "note": "went home", "reason": "END_REASON_NORMAL"}
    command = [BIN / "telehealth-probe", "call", "telehealth.v1.TelehealthService/EndSession", "--target", service.address,
               "--as", "admin", "--data-dir", service.data, "--verbose", "-d", json.dumps(request)]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    assert "[hidden]" in said and request["sessionId"] in said and "went home" not in said
    said = subprocess.run([*command, "--show-personal"], capture_output=True, text=True).stderr
    assert "went home" in said


def keys(service, *words) -> str:
    return subprocess.run(
        [BIN / "telehealthd", "keys", *words, "--data-dir", service.data], capture_output=True, text=True, check=True
    ).stdout


def until(what, check, timeout=20.0):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.1)
    raise AssertionError(f"no {what} within {timeout} s")


def test_keys_are_rotated_under_a_running_service_and_an_old_one_is_retired(alone):
    service, _, folder = alone
    ring = folder / "data.keys"
    assert stat.S_IMODE(os.stat(ring).st_mode) == 0o600 and ring.parent == folder
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    session = clinic.create_session(clinic.book())
    clinic.consent("CONSENT_TYPE_GEORGIA_TELEHEALTH")
    clinic.consent("CONSENT_TYPE_HIPAA_TELEHEALTH")
    clinic.join(session.session_id, "client")

    assert re.search(r"^2\t.*\tcurrent$", keys(service, "rotate"), re.M)
    until("retired key", lambda: re.search(r"^1\t.*\tretired since", keys(service, "list"), re.M))
    keys(service, "remove", "1")
    refused = subprocess.run([BIN / "telehealthd", "keys", "remove", "2", "--data-dir", service.data], capture_output=True)
    assert refused.returncode == 1
    channel.close()
    service.kill()
    service.start()
    channel = grpc.insecure_channel(service.address)
    clinic.channel, clinic2 = channel, Clinic(service, channel)
    clinic2.client_id, clinic2.clinician_id = clinic.client_id, clinic.clinician_id
    mine = clinic2.session(session.session_id)
    assert [p.pre_visit_check.location_address for p in mine.participants if p.HasField("pre_visit_check")] == [
        "1 Test Street, Atlanta"]
    channel.close()


def test_a_key_ring_that_is_open_or_foreign_keeps_the_service_from_starting(alone):
    service, _, folder = alone
    service.stop()
    ring = folder / "data.keys"
    whole = ring.read_bytes()
    os.chmod(ring, 0o644)
    with pytest.raises(RuntimeError):
        service.start()
    assert b"readable by others" in (service.data / "telehealthd.log").read_bytes()
    os.remove(ring)
    with pytest.raises(RuntimeError):
        service.start()
    assert b"not the one that this database was written with" in (service.data / "telehealthd.log").read_bytes()
    ring.write_bytes(whole)
    os.chmod(ring, 0o600)
    service.start()
    inside = subprocess.run(
        [BIN / "telehealthd", "--print-config", "--data-dir", service.data, "--key-ring-file", service.data / "ring"],
        capture_output=True, text=True)
    assert inside.returncode == 2 and "outside the data folder" in inside.stderr
