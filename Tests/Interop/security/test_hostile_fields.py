"""Every field of every request with what it must not hold: a clear refusal under a reason, never a fault of the service."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import message_factory

from audit_log import verify
from contract import contract, methods, repeated
from meeting_events import recorded_visit
from request_filler import filled
from service import Service
from visit import Clinic, reason

TEXTS = ["", "\0", "x" * 70_000, "'; DROP TABLE sessions; --", "../../etc/passwd", "\u202e\U0001f4a5" * 200, "%s%n{}$\\"]
# The least, the greatest and the ones around zero of every numeric type: what arithmetic on a peer's number meets.
INT32, INT64 = [-(2**31), -1, 0, 1, 2**31 - 1], [-(2**63), -1, 0, 1, 2**63 - 1]
UINT32, UINT64 = [0, 1, 2**32 - 1], [0, 1, 2**64 - 1]
REALS = [float("-inf"), -1.8e308, -1.0, -0.0, 5e-324, 1.0, 1.7e308, float("inf"), float("nan")]
PAIRS = [(seconds, 0) for seconds in INT64] + [(0, nanos) for nanos in INT32] + [(-(2**63), -(2**31)), (2**63 - 1, 2**31 - 1)]
TIMES = PAIRS + [(-62_135_596_801, 0), (253_402_300_800, 0), (0, 1_000_000_000)]
LENGTHS = PAIRS + [(1, -1), (2**63 - 1, 999_999_999), (0, 1_000_000_000), (315_576_000_001, 0)]


def spoilt(request):
    """Copies of the request with one field wrong in each; the field's name with each."""
    for field in request.DESCRIPTOR.fields:
        values = []
        if field.type == field.TYPE_MESSAGE:
            name = field.message_type.name
            if repeated(field) and field.message_type.GetOptions().map_entry:
                continue
            if name not in ("Timestamp", "Duration"):
                whole = getattr(request, field.name).add() if repeated(field) else getattr(request, field.name)
                for path, part in spoilt(whole):
                    copy = type(request)()
                    copy.CopyFrom(request)
                    getattr(copy, field.name)[-1].CopyFrom(part) if repeated(field) else getattr(copy, field.name).CopyFrom(part)
                    yield f"{field.name}.{path}", copy
                if repeated(field):
                    getattr(request, field.name).pop()
                continue
            values = [lambda copy, pair=pair: set_time(getattr(copy, field.name), pair)
                      for pair in (TIMES if name == "Timestamp" else LENGTHS)]
        else:
            if field.type == field.TYPE_STRING:
                worst = TEXTS
            elif field.type == field.TYPE_BYTES:
                worst = [b"", b"\0", bytes(100_000)]
            elif field.type == field.TYPE_ENUM:
                worst = [99, *INT32]
            elif field.type == field.TYPE_BOOL:
                worst = [False, True]
            else:
                worst = {
                    field.CPPTYPE_INT32: INT32, field.CPPTYPE_INT64: INT64, field.CPPTYPE_UINT32: UINT32,
                    field.CPPTYPE_UINT64: UINT64, field.CPPTYPE_DOUBLE: REALS, field.CPPTYPE_FLOAT: REALS,
                }[field.cpp_type]
            if repeated(field):
                # Many, and all of them below the limit of a request.
                values = [lambda copy, one=one: getattr(copy, field.name).extend([one] * (20 if one in TEXTS[2:6:3] else 3000))
                          for one in worst]
            else:
                values = [lambda copy, one=one: setattr(copy, field.name, one) for one in worst]
        for put in values:
            copy = type(request)()
            copy.CopyFrom(request)
            try:
                put(copy)
            except (ValueError, TypeError):
                continue  # Python's own codec keeps it from being said
            yield field.name, copy


def set_time(part, pair) -> None:
    part.seconds, part.nanos = pair


@pytest.fixture(scope="module")
def busy(tmp_path_factory, simulator):
    service = Service(
        tmp_path_factory.mktemp("hostile") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"}).start()
    yield service
    assert service.stop() == 0


def test_no_field_makes_the_service_fail(busy):
    with grpc.insecure_channel(busy.address) as channel:
        clinic = Clinic(busy, channel)
        clinic.register_documents()
        sid, rid, watch = recorded_visit(clinic)
        session = clinic.session(sid)
        things = {
            "session_id": sid, "recording_id": rid, "appointment_id": session.appointment_id,
            "participant_id": session.participants[0].participant_id, "person_id": clinic.client_id,
            "consent_id": clinic.consent("hipaa_telehealth").consent_id,
            "client_id": clinic.client_id, "clinician_id": clinic.clinician_id,
        }
        said, wrong, refused = Counter(), [], set()

        def ask(case) -> None:
            method, path, request, role = case
            if (method.name, role) in refused:
                return
            call = channel.unary_stream(
                f"/{method.containing_service.full_name}/{method.name}", request_serializer=lambda m: m.SerializeToString())
            stream = call(request, metadata=clinic.credentials(role), timeout=30)
            try:
                next(iter(stream), b"")
                said["OK"] += 1
            except grpc.RpcError as error:
                word = reason(error)
                said[word] += 1
                if word == "ROLE_NOT_ALLOWED":
                    refused.add((method.name, role))
                if word not in contract().reasons or error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                    wrong.append((method.name, path, role, error.code().name, error.details()))
            finally:
                stream.cancel()

        cases = []
        for method in methods():
            whole = filled(message_factory.GetMessageClass(method.input_type)(), things)
            for path, request in spoilt(whole):
                # What was spoilt is the only thing that is wrong, also in a request that changes something.
                if "request_id" in request.DESCRIPTOR.fields_by_name and path != "request_id":
                    request.request_id = str(uuid.uuid4())
                for role in ("clinician", "client", "admin"):
                    cases.append((method, path, request, role))
        for role in ("clinician", "client", "admin"):
            clinic.credentials(role)
        with ThreadPoolExecutor(32) as askers:
            list(askers.map(ask, cases))
        assert not wrong, (len(wrong), wrong, said)
        assert said["INVALID_FIELD"] > 300 and said["OK"] > 50

        # It is as sound as before: records, files, calls.
        assert verify(clinic).is_whole
        fresh = clinic.create_session(clinic.book()).session_id
        assert clinic.session(fresh, "admin").session_id == fresh
    log = [json.loads(line) for line in (busy.data / "telehealthd.log").read_text().splitlines()]
    assert not [line for line in log if line["level"] in ("error", "critical")]
