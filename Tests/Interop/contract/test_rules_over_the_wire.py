"""The service holds every request to the contract's rules before a handler sees it, and says what protovalidate says."""

import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

import grpc
import protovalidate
import pytest
from google.protobuf import message_factory

import rule_judge
from contract import methods
from rule_messages import Maker
from service import Service
from visit import Clinic, fields_at_fault, reason

ROLES = ("admin", "clinician", "scheduler", "client", "service")
NAMED_MAX = 32
BUF = Path(sys.executable).with_name("buf")


@pytest.fixture(scope="module")
def world(tmp_path_factory, simulator):
    service = Service(
        tmp_path_factory.mktemp("contract") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"}).start()
    with grpc.insecure_channel(service.address) as channel:
        yield Clinic(service, channel), rule_judge.api(tmp_path_factory.mktemp("protos"))
    assert service.stop() == 0


def ask(clinic, method, request: bytes, metadata):
    """The refusal of a call, None where an answer came."""
    call = clinic.channel.unary_stream(
        f"/{method.containing_service.full_name}/{method.name}", request_serializer=bytes)
    stream = call(request, metadata=metadata, timeout=20)
    try:
        next(iter(stream), b"")
        return None
    except grpc.RpcError as error:
        return error
    finally:
        stream.cancel()


def allowed(clinic, method) -> str | None:
    """A role that may use a call: one whose empty request is refused for something else."""
    for role in ROLES:
        error = ask(clinic, method, b"", clinic.credentials(role))
        if error is None or error.code() not in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
            return role
    return None


def wrong_requests(schema, method, count: int, seed: int):
    """Random requests that protovalidate refuses, with the paths it names."""
    kind = schema.type(method.input_type.full_name)
    maker, validator, found = Maker(schema.rules_of, random.Random(f"{seed} {method.name}")), protovalidate.Validator(), 0
    for _ in range(count * 50):
        request = maker.message(kind)
        paths = [path for path, _ in rule_judge.judged(validator, request)]
        maker.learn(request, paths)
        if paths and found < count:
            found += 1
            yield request.SerializeToString(), paths


def test_what_protovalidate_refuses_the_service_refuses_with_the_same_paths(world):
    clinic, schema = world
    seed, asked = random.randrange(2**31), 0
    for method in methods():
        role = allowed(clinic, method)
        if role is None and method.name != "RedeemInvitation":
            pytest.fail(f"nobody may call {method.name}")
        for request, paths in wrong_requests(schema, method, 8, seed):
            error = ask(clinic, method, request, clinic.credentials(role or "admin"))
            assert error is not None and reason(error) == "INVALID_FIELD", f"seed {seed} {method.name} {request.hex()}: {error}"
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert fields_at_fault(error) == paths[:NAMED_MAX], f"seed {seed} {method.name} {request.hex()}"
            asked += 1
    assert asked > 300, "hardly anything was asked"


def test_a_stranger_learns_nothing_from_a_rule(world):
    """Token, then role, then the rules."""
    clinic, schema = world
    refused = 0
    for method in methods():
        if method.name == "RedeemInvitation":
            continue  # its grant is what it lets in by
        for request, _ in wrong_requests(schema, method, 1, 1):
            assert reason(ask(clinic, method, request, [])) == "TOKEN_MISSING", method.name
            for role in ROLES:
                error = ask(clinic, method, request, clinic.credentials(role))
                assert reason(error) in ("INVALID_FIELD", "ROLE_NOT_ALLOWED"), (method.name, role, reason(error))
                refused += reason(error) == "ROLE_NOT_ALLOWED"
    assert refused > 50


def test_a_client_may_hold_its_requests_to_the_contract_itself(world):
    """With the stubs that any client makes of proto/, and protovalidate beside them."""
    from telehealth.v1 import consent_pb2
    from telehealth.v1 import consent_service_pb2 as consents
    from telehealth.v1 import telehealth_service_pb2 as telehealth

    said = protovalidate.collect_violations(telehealth.JoinSessionRequest(
        request_id=str(uuid.uuid4()), session_id="no id", pre_visit_check={"location_state": "GA"}))
    assert [rule_judge.path(violation) for violation in said] == [
        "session_id", "pre_visit_check.location_address", "pre_visit_check.emergency_contact_name",
        "pre_visit_check.emergency_contact_phone", "pre_visit_check.device_type"]
    submission = consents.ConsentSubmission(
        decision=1, document_version="1", language="en-US", text_sha256=bytes(32), method=2, recording_purposes=[1, 1],
        evidence_items=consent_pb2.ConsentEvidence(witness="w" * 257))
    said = protovalidate.collect_violations(consents.SubmitConsentRequest(
        request_id=str(uuid.uuid4()), person_id="client-1", type="georgia_telehealth", submission=submission))
    assert [(rule_judge.path(violation), violation.proto.rule_id) for violation in said] == [
        ("submission.recording_purposes", "repeated.unique"),
        ("submission.evidence_items.witness", "string.max_bytes")]


def test_the_rules_are_sound_by_bufs_own_linter(tmp_path):
    """STANDARD holds PROTOVALIDATE, which finds a rule that no value can keep or that is of another type."""
    env = {**os.environ, "BUF_CACHE_DIR": str(tmp_path)}
    linted = subprocess.run([BUF, "lint"], cwd=rule_judge.ROOT / "proto", env=env, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stderr


def test_reflection_serves_the_rules_with_what_imports_them(world, tmp_path):
    """What a client learns by reflection alone is enough to hold a request to the rules."""
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    clinic, _ = world
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(clinic.channel))
    file = pool.FindFileByName("telehealth/v1/telehealth_service.proto")
    assert {"buf/validate/validate.proto", "telehealth/v1/rules.proto"} <= {each.name for each in file.dependencies}
    made = message_factory.GetMessageClass(file.message_types_by_name["GetSessionRequest"])(session_id="no id")
    assert rule_judge.judged(protovalidate.Validator(), made) == [("session_id", "string.identifier")]


def test_buf_and_the_probe_call_by_reflection(world, tmp_path):
    clinic, _ = world
    env = {**os.environ, "BUF_CACHE_DIR": str(tmp_path)}
    buf = [BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    listed = subprocess.run(
        [*buf, "--list-methods", f"http://{clinic.service.address}"], env=env, capture_output=True, text=True, timeout=60)
    assert "telehealth.v1.TelehealthService/JoinSession" in listed.stdout.split(), listed.stderr
    header = clinic.credentials("admin")[0][1]
    called = subprocess.run(
        [*buf, "-H", f"authorization: {header}", "-d", '{"session_id": "no id"}',
         f"http://{clinic.service.address}/telehealth.v1.TelehealthService/GetSession"],
        env=env, capture_output=True, text=True, timeout=60)
    assert "invalid_argument" in called.stderr and "session_id must be" in called.stderr and called.returncode != 0, called
    probe = Path(os.environ.get("TELEHEALTH_BIN_DIR", rule_judge.ROOT / ".build/release")) / "telehealth-probe"
    told = subprocess.run(
        [probe, "describe", "telehealth.v1.JoinSessionRequest", "--target", clinic.service.address],
        capture_output=True, text=True, timeout=60)
    assert told.returncode == 0 and "string device_id = 5;" in told.stdout, told
