"""What Google's Python client sees of our server beyond the suite's cases: limits, statuses, health, reflection, drain."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles/grpc_interop"))
import suite  # noqa: E402

empty_pb2, messages, test_pb2_grpc = suite.import_stubs()
PROGRAM = Path(os.environ.get("TELEHEALTH_BIN_DIR", suite.ROOT / ".build/release")) / "rpc-interop"
MESSAGE = "\t\nwhitespace\r\nand ☺ and 😈\t\n"


class Server:
    """Our server as a process of its own; it drains when its standard input is closed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "server", "--ends_with_input"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.address = self.process.stdout.readline().split()[-1]
        self.channel = grpc.insecure_channel(self.address)
        self.stub = test_pb2_grpc.TestServiceStub(self.channel)

    def stop(self):
        self.channel.close()
        self.process.stdin.close()
        return self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    assert server.stop() == 0


def request(size=0, answer=0, **more):
    return messages.SimpleRequest(payload=messages.Payload(body=bytes(size)), response_size=answer, **more)


def exchange(size, **more):
    return messages.StreamingOutputCallRequest(response_parameters=[messages.ResponseParameters(size=size)], **more)


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
def test_unary_messages_of_every_size_arrive_and_come_back(server, size):
    assert server.stub.UnaryCall(request(size, size)).payload.body == bytes(size)


def test_an_unknown_packing_is_named_with_what_is_known(server):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.UnaryCall(request(5000), compression=grpc.Compression.Deflate)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_request_over_the_limit_is_refused(server):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.UnaryCall(request(5 << 20))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_arrives_with_message_and_trailers(server, code):
    status = messages.EchoStatus(code=code.value[0], message=MESSAGE)
    with pytest.raises(grpc.RpcError) as error:
        server.stub.UnaryCall(request(response_status=status), metadata=[(suite.ECHO_TRAILING, b"\x00\xff")])
    assert error.value.code() == code
    assert error.value.details() == MESSAGE
    assert dict(error.value.trailing_metadata())[suite.ECHO_TRAILING] == b"\x00\xff"


def test_repeated_metadata_keeps_its_order(server):
    call = server.stub.UnaryCall.with_call(request(), metadata=[(suite.ECHO_INITIAL, "a"), (suite.ECHO_INITIAL, "b")])[1]
    assert [value for name, value in call.initial_metadata() if name == suite.ECHO_INITIAL] == ["a", "b"]


def test_long_streams_of_every_kind(server):
    many = messages.StreamingOutputCallRequest(
        response_parameters=[messages.ResponseParameters(size=index % 100) for index in range(5000)])
    assert [len(answer.payload.body) for answer in server.stub.StreamingOutputCall(many)] == [
        index % 100 for index in range(5000)]
    inputs = (messages.StreamingInputCallRequest(payload=messages.Payload(body=bytes(10))) for _ in range(5000))
    assert server.stub.StreamingInputCall(inputs).aggregated_payload_size == 50_000
    answers = server.stub.FullDuplexCall(exchange(index) for index in range(500))
    assert [len(answer.payload.body) for answer in answers] == list(range(500))


def test_many_calls_at_once(server):
    calls = [server.stub.UnaryCall.future(request(answer=index)) for index in range(2000)]
    assert [len(call.result().payload.body) for call in calls] == list(range(2000))


def test_health_and_reflection(server):
    health = health_pb2_grpc.HealthStub(server.channel)
    assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        health.Check(health_pb2.HealthCheckRequest(service="none"))
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert {"grpc.health.v1.Health", "grpc.testing.TestService"} <= set(database.get_services())
    assert database.FindFileContainingSymbol("grpc.health.v1.HealthCheckRequest").name == "grpc/health/v1/health.proto"
    # What no method names, and a client needs to read the details of a status.
    for name in ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers", "descriptor"]:
        assert database.FindFileByName(f"google/protobuf/{name}.proto")
    for name in ["google.rpc.Status", "google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo"]:
        assert database.FindFileContainingSymbol(name).package == "google.rpc"


def probe(server, command, *arguments, sent=None):
    done = subprocess.run(
        [PROGRAM.with_name("telehealth-probe"), command, *arguments, "--target", server.address], input=sent,
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done


def test_the_probe_sends_and_shows_metadata_of_both_kinds(server):
    done = probe(server, "call", "grpc.testing.TestService/UnaryCall", "-v", "-H", "X-Grpc-Test-Echo-Initial: v",
                 "-H", "x-grpc-test-echo-trailing-bin: q6ur")
    assert "< x-grpc-test-echo-initial: v\n" in done.stderr
    assert "< x-grpc-test-echo-trailing-bin: q6ur (trailer)\n" in done.stderr
    # The call for the schema is told too, and has the metadata too.
    for path in ["grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "grpc.testing.TestService/UnaryCall"]:
        assert f"call: {path} OK, " in done.stderr


def test_the_probe_reads_while_it_writes(server):
    """40 MB of answers to 2,000 requests: a client that writes them all first would stand still."""
    sent = '{"responseParameters": [{"size": 20000}]}\n' * 2000
    done = probe(server, "call", "grpc.testing.TestService/FullDuplexCall", "-d", "@-", sent=sent)
    assert len(done.stdout.splitlines()) == 2000


def test_a_drain_tells_watchers_and_lets_calls_in_flight_end():
    server = Server()
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    goes_on = threading.Event()

    def requests():
        yield exchange(1)
        goes_on.wait(20)
        yield exchange(2)

    answers = server.stub.FullDuplexCall(requests())
    assert len(next(answers).payload.body) == 1
    server.process.stdin.close()
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    goes_on.set()
    assert [len(answer.payload.body) for answer in answers] == [2]
    watch.cancel()
    assert server.process.wait(timeout=20) == 0
    server.channel.close()
