"""gRPC-Web and Connect over HTTP/2, against clients that are not ours: connectrpc, buf curl and curl."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.protocol import ProtocolType
from grpc_health.v1 import health_pb2
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport

from http2_peer import Server

HEALTH = "grpc.health.v1.Health"
PROTOCOLS = [ProtocolType.CONNECT, ProtocolType.GRPC_WEB, ProtocolType.GRPC]
BUF = Path(sys.executable).parent / "buf"


def health(name: str, kind: StreamType) -> MethodInfo:
    return MethodInfo(name=name, service_name=HEALTH, input=health_pb2.HealthCheckRequest,
                      output=health_pb2.HealthCheckResponse, idempotency_level=IdempotencyLevel.UNKNOWN, stream_type=kind)


CHECK = health("Check", StreamType.UNARY)
WATCH = health("Watch", StreamType.SERVER_STREAM)


@pytest.fixture(scope="module")
def url():
    server = Server("--web-protocols")
    yield "http://{}:{}".format(*server.address)
    server.stop()


def client(url: str, protocol: ProtocolType, codec) -> ConnectClientSync:
    transport = SyncHTTPTransport(http_version=HTTPVersion.HTTP2)
    return ConnectClientSync(url, protocol=protocol, codec=codec, http_client=SyncClient(transport))


CODECS = {"proto": google_protobuf_binary_codec(), "json": google_protobuf_json_codec()}
#: gRPC is served in protobuf alone.
CASES = [pytest.param(protocol, codec, id=f"{protocol.name}-{name}") for protocol in PROTOCOLS
         for name, codec in CODECS.items() if protocol != ProtocolType.GRPC or name == "proto"]


@pytest.mark.parametrize("protocol, codec", CASES)
def test_connectrpc_is_answered(url, protocol, codec):
    answer = client(url, protocol, codec).execute_unary(request=health_pb2.HealthCheckRequest(), method=CHECK)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("protocol, codec", CASES)
def test_connectrpc_gets_the_status(url, protocol, codec):
    with pytest.raises(ConnectError) as failure:
        client(url, protocol, codec).execute_unary(request=health_pb2.HealthCheckRequest(service="none"), method=CHECK)
    assert failure.value.code == Code.NOT_FOUND


@pytest.mark.parametrize("protocol, codec", CASES)
def test_connectrpc_reads_a_stream_until_its_deadline(url, protocol, codec):
    answers = client(url, protocol, codec).execute_server_stream(
        request=health_pb2.HealthCheckRequest(service="none"), method=WATCH, timeout_ms=1500)
    assert next(answers).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    with pytest.raises(ConnectError) as failure:
        next(answers)
    assert failure.value.code == Code.DEADLINE_EXCEEDED


def buf_curl(url: str, protocol: str, method: str, request: dict, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BUF, "curl", "--http2-prior-knowledge", "--protocol", protocol, "--data", json.dumps(request), *flags,
         f"{url}/{HEALTH}/{method}"], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("protocol", ["connect", "grpcweb", "grpc"])
def test_buf_curl_is_answered(url, protocol):
    answer = buf_curl(url, protocol, "Check", {})
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {"status": "SERVING"}


@pytest.mark.parametrize("protocol", ["connect", "grpcweb", "grpc"])
def test_buf_curl_gets_the_status(url, protocol):
    answer = buf_curl(url, protocol, "Check", {"service": "none"})
    assert answer.returncode != 0
    assert json.loads(answer.stderr)["code"] == "not_found"


def curl(url: str, path: str, *flags: str) -> tuple[str, dict[str, str], str]:
    """Status, headers and body."""
    text = subprocess.run(["curl", "-si", "--http2-prior-knowledge", *flags, f"{url}{path}"],
                          capture_output=True, text=True, check=True, timeout=60).stdout
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    return first.split()[1], dict(line.split(": ", 1) for line in lines if line), body


def test_plain_curl_calls_in_json(url):
    status, fields, body = curl(url, f"/{HEALTH}/Check", "-H", "content-type: application/json", "-d", "{}")
    assert (status, fields["content-type"], json.loads(body)) == ("200", "application/json", {"status": "SERVING"})


def test_plain_curl_gets_an_error_in_json(url):
    status, fields, body = curl(
        url, f"/{HEALTH}/Check", "-H", "content-type: application/json", "-d", '{"service":"none"}')
    assert (status, fields["content-type"], json.loads(body)["code"]) == ("404", "application/json", "not_found")


def test_plain_curl_of_another_method_is_told_which_would_do(url):
    status, fields, _ = curl(url, f"/{HEALTH}/Check")
    assert (status, fields["allow"]) == ("405", "POST")
