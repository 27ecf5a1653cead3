"""The data classes of the API, what the probe shows of them, and the key ring of what is sealed."""

import json
import os
import re
import stat
import subprocess
import uuid

import grpc
import pytest

from markers import PERSONAL, PSEUDONYM, data_class, every_request
from service import BIN, Service, Simulator
from visit import Clinic
from waiting import until


@pytest.fixture
def alone(tmp_path):
    """A service, a simulator and a data folder of their own, logging everything there is to log."""
    simulator = Simulator(log=tmp_path / "simulator.log")
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_LOG_LEVEL": "trace"}).start()
    yield service, simulator, tmp_path
    if service.process.poll() is None:
        service.stop()
    simulator.stop()


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


def test_keys_are_rotated_under_a_running_service_and_an_old_one_is_retired(alone):
    service, _, folder = alone
    ring = folder / "data.keys"
    assert stat.S_IMODE(os.stat(ring).st_mode) == 0o600 and ring.parent == folder
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
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
    assert b"does not belong to this database" in (service.data / "telehealthd.log").read_bytes()
    ring.write_bytes(whole)
    os.chmod(ring, 0o600)
    service.start()
    inside = subprocess.run(
        [BIN / "telehealthd", "--print-config", "--data-dir", service.data, "--key-ring-file", service.data / "ring"],
        capture_output=True, text=True)
    assert inside.returncode == 2 and "outside the data folder" in inside.stderr
