"""A visit over Connect and gRPC-Web, on the port of gRPC, by clients that are not ours."""

import base64
import json
import subprocess

import grpc
import pytest
from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.protocol import ProtocolType
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport

from service import Service
from started_visit import started_visit
from visit import Clinic

SERVICE = "telehealth.v1.TelehealthService"
FORMS = [
    pytest.param(ProtocolType.CONNECT, google_protobuf_json_codec(), id="connect-json"),
    pytest.param(ProtocolType.CONNECT, google_protobuf_binary_codec(), id="connect-proto"),
    pytest.param(ProtocolType.GRPC_WEB, google_protobuf_json_codec(), id="grpc-web-json"),
    pytest.param(ProtocolType.GRPC_WEB, google_protobuf_binary_codec(), id="grpc-web-proto"),
]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("web") / "data", simulator).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic
    assert service.stop() == 0


@pytest.fixture(scope="module")
def visit(clinic):
    return started_visit(clinic)


def detail(error: ConnectError, message):
    """The error's detail of this type."""
    [found] = [part for part in error.details if part.type_name == message.DESCRIPTOR.full_name]
    message.ParseFromString(found.message_bytes)
    return message


def method(name: str, kind: StreamType = StreamType.UNARY) -> MethodInfo:
    from telehealth.v1 import telehealth_service_pb2 as m

    return MethodInfo(
        name=name, service_name=SERVICE, input=getattr(m, f"{name}Request"), output=getattr(m, f"{name}Response"),
        idempotency_level=IdempotencyLevel.UNKNOWN, stream_type=kind)


def client(clinic, protocol, codec) -> ConnectClientSync:
    transport = SyncHTTPTransport(http_version=HTTPVersion.HTTP2)
    return ConnectClientSync(
        f"http://{clinic.service.address}", protocol=protocol, codec=codec, http_client=SyncClient(transport))


@pytest.mark.parametrize("protocol, codec", FORMS)
def test_a_session_is_read_as_over_grpc(clinic, visit, protocol, codec):
    from telehealth.v1 import telehealth_service_pb2 as m

    answer = client(clinic, protocol, codec).execute_unary(
        request=m.GetSessionRequest(session_id=visit), method=method("GetSession"),
        headers=dict(clinic.credentials("clinician")))
    assert answer.session == clinic.session(visit)


@pytest.mark.parametrize("protocol, codec", FORMS)
def test_who_has_no_token_is_refused_and_told_why(clinic, visit, protocol, codec):
    from google.rpc import error_details_pb2
    from telehealth.v1 import telehealth_service_pb2 as m

    with pytest.raises(ConnectError) as failure:
        client(clinic, protocol, codec).execute_unary(
            request=m.GetSessionRequest(session_id=visit), method=method("GetSession"))
    assert failure.value.code == Code.UNAUTHENTICATED
    assert detail(failure.value, error_details_pb2.ErrorInfo()).reason == "TOKEN_MISSING"


@pytest.mark.parametrize("protocol, codec", FORMS)
def test_a_request_that_breaks_a_rule_is_refused_with_its_field(clinic, protocol, codec):
    from google.rpc import error_details_pb2
    from telehealth.v1 import telehealth_service_pb2 as m

    with pytest.raises(ConnectError) as failure:
        client(clinic, protocol, codec).execute_unary(
            request=m.GetSessionRequest(), method=method("GetSession"), headers=dict(clinic.credentials("clinician")))
    assert failure.value.code == Code.INVALID_ARGUMENT
    bad = detail(failure.value, error_details_pb2.BadRequest())
    assert [violation.field for violation in bad.field_violations] == ["key"]


@pytest.mark.parametrize("protocol, codec", FORMS)
def test_a_watch_tells_the_state_and_then_each_event(clinic, protocol, codec):
    from telehealth.v1 import session_pb2
    from telehealth.v1 import telehealth_service_pb2 as m

    session_id = clinic.create_session(clinic.book()).session_id
    answers = client(clinic, protocol, codec).execute_server_stream(
        request=m.WatchSessionRequest(session_id=session_id),
        method=method("WatchSession", StreamType.SERVER_STREAM), headers=dict(clinic.credentials("clinician")),
        timeout_ms=30_000)
    assert next(answers).snapshot.session.session_id == session_id
    clinic.call(
        clinic.telehealth.CancelSession,
        m.CancelSessionRequest(session_id=session_id, reason=session_pb2.CANCEL_REASON_CLINICIAN), "clinician")
    events = [answer.event for answer in answers if answer.HasField("event")]
    assert events[-1].status == session_pb2.SESSION_STATUS_CANCELLED, "the stream ends with the session"
    assert [event.sequence for event in events] == list(range(events[0].sequence, events[0].sequence + len(events)))


def curl(clinic, name: str, body: str, role: str | None) -> tuple[str, dict]:
    flags = [] if role is None else ["-H", ": ".join(clinic.credentials(role)[0])]
    text = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", "--http2-prior-knowledge", "-H", "content-type: application/json", *flags,
         "-d", body, f"http://{clinic.service.address}/{SERVICE}/{name}"],
        capture_output=True, text=True, check=True, timeout=60).stdout
    answer, _, status = text.rpartition("\n")
    return status, json.loads(answer)


def test_curl_reads_a_session_in_json(clinic, visit):
    status, answer = curl(clinic, "GetSession", json.dumps({"sessionId": visit}), "clinician")
    assert status == "200"
    assert answer["session"]["sessionId"] == visit
    assert answer["session"]["status"] == "SESSION_STATUS_IN_PROGRESS"


def test_curl_is_told_what_was_wrong_in_json(clinic, visit):
    status, answer = curl(clinic, "GetSession", json.dumps({"sessionId": visit}), None)
    assert (status, answer["code"]) == ("401", "unauthenticated")
    assert answer["message"] and answer["details"][0]["type"] == "google.rpc.ErrorInfo"
    assert b"TOKEN_MISSING" in base64.b64decode(answer["details"][0]["value"] + "===")
    assert curl(clinic, "GetSession", '{"sessionId":', "clinician")[0] == "400"


def test_the_read_of_a_web_client_is_in_the_audit_log_as_any_other(clinic, visit):
    from telehealth.v1 import audit_service_pb2 as m
    from telehealth.v1 import audit_service_pb2_grpc as audit

    log = audit.AuditServiceStub(clinic.channel)

    def reads() -> int:
        rows = clinic.call(log.ListAuditEvents, m.ListAuditEventsRequest(session_id=visit, page_size=200), "admin").events
        return sum(row.action == "GetSession" for row in rows)

    before = reads()
    assert curl(clinic, "GetSession", json.dumps({"sessionId": visit}), "clinician")[0] == "200"
    assert reads() == before + 1
