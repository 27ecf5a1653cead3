"""The RPC stack by itself, held against Google's implementation in both directions."""

import os
import subprocess
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from google.protobuf import wrappers_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("TELEHEALTH_BIN_DIR", ROOT / ".build/release")) / "rpc-interop"
MESSAGE = "\t\nwhitespace\r\nand ☺ and 😈\t\n"
Text = wrappers_pb2.StringValue
Number = wrappers_pb2.Int64Value


class Stub:
    """Calls of interop.Test, whose messages every protobuf library brings."""

    def __init__(self, channel):
        def method(kind, name, request, response):
            return kind(
                f"/interop.Test/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
            )

        self.echo = method(channel.unary_unary, "Echo", Text, Text)
        self.fail = method(channel.unary_unary, "Fail", Number, Text)
        self.metadata = method(channel.unary_unary, "Metadata", Text, Text)
        self.hang = method(channel.unary_unary, "Hang", Text, Text)
        self.cancelled = method(channel.unary_unary, "Cancelled", Text, Number)
        self.none = method(channel.unary_unary, "None", Text, Text)
        self.count = method(channel.unary_stream, "Count", Number, Number)
        self.sum = method(channel.stream_unary, "Sum", Number, Number)
        self.chat = method(channel.stream_stream, "Chat", Text, Text)


class Server:
    """Our server as a process of its own; it drains when its standard input is closed."""

    def __init__(self, *flags):
        self.process = subprocess.Popen(
            [PROGRAM, "server", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.address = self.process.stdout.readline().split()[-1]
        self.channel = grpc.insecure_channel(self.address)
        self.stub = Stub(self.channel)

    def stop(self):
        self.channel.close()
        self.process.stdin.close()
        return self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def server():
    server = Server("--gzip")
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
def test_unary_messages_of_every_size_come_back(server, size):
    text = "x" * size
    assert server.stub.echo(Text(value=text)).value == text


def test_packed_requests_and_responses(server):
    text = "pack me " * 10_000
    assert server.stub.echo(Text(value=text), compression=grpc.Compression.Gzip).value == text


def test_an_unknown_packing_is_named_with_what_is_known(server):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.echo(Text(value="x" * 5000), compression=grpc.Compression.Deflate)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_request_over_the_limit_is_refused(server):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.echo(Text(value="x" * (5 << 20)))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_arrives_with_message_details_and_trailers(server, code):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.fail(Number(value=code.value[0]))
    assert error.value.code() == code
    assert error.value.details() == MESSAGE
    trailers = dict(error.value.trailing_metadata())
    assert trailers["x-trailing"] == "t"
    assert trailers["grpc-status-details-bin"] == bytes([8, code.value[0], 18, 7]) + b"details"


def test_metadata_goes_both_ways(server):
    call = server.stub.metadata.with_call(
        Text(), metadata=[("x-echo", "a"), ("x-echo", "b"), ("x-echo-bin", b"\x00\xff\xab")]
    )[1]
    assert [value for name, value in call.initial_metadata() if name == "x-echo"] == ["a", "b"]
    assert dict(call.trailing_metadata())["x-echo-bin"] == b"\x00\xff\xab"


def test_the_three_streaming_kinds(server):
    assert [number.value for number in server.stub.count(Number(value=5000))] == list(range(5000))
    assert list(server.stub.count(Number(value=0))) == []
    assert server.stub.sum(Number(value=index) for index in range(5000)).value == 12_497_500
    answers = server.stub.chat(Text(value=str(index)) for index in range(100))
    assert [text.value for text in answers] == [f"re: {index}" for index in range(100)]


def test_unknown_methods_are_unimplemented(server):
    with pytest.raises(grpc.RpcError) as error:
        server.stub.none(Text())
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_deadlines_and_cancellations_reach_the_handler(server):
    before = server.stub.cancelled(Text()).value
    with pytest.raises(grpc.RpcError) as error:
        server.stub.hang(Text(), timeout=0.05)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    call = server.stub.hang.future(Text())
    server.stub.echo(Text())
    call.cancel()
    give_up = time.monotonic() + 10
    while server.stub.cancelled(Text()).value < before + 2:
        assert time.monotonic() < give_up, "a handler was not cancelled"


def test_many_calls_at_once(server):
    calls = [server.stub.echo.future(Text(value=str(index))) for index in range(2000)]
    assert [call.result().value for call in calls] == [str(index) for index in range(2000)]


def test_health_and_reflection(server):
    health = health_pb2_grpc.HealthStub(server.channel)
    assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        health.Check(health_pb2.HealthCheckRequest(service="none"))
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert "grpc.health.v1.Health" in database.get_services()
    assert database.FindFileContainingSymbol("grpc.health.v1.HealthCheckRequest").name == "grpc/health/v1/health.proto"


def test_a_drain_tells_watchers_and_lets_calls_in_flight_end():
    server = Server()
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    chat = threading.Event()

    def requests():
        yield Text(value="a")
        chat.wait(20)
        yield Text(value="b")

    answers = server.stub.chat(requests())
    assert next(answers).value == "re: a"
    server.process.stdin.close()
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    chat.set()
    assert [text.value for text in answers] == ["re: b"]
    watch.cancel()
    assert server.process.wait(timeout=20) == 0
    server.channel.close()


class ForeignService(grpc.GenericRpcHandler):
    """interop.Test as Google's server offers it."""

    def service(self, details):
        def unary(run, request, response):
            return grpc.unary_unary_rpc_method_handler(run, request.FromString, response.SerializeToString)

        def fail(request, context):
            context.set_trailing_metadata([("x-trailing", "t")])
            codes = {code.value[0]: code for code in grpc.StatusCode}
            context.abort(codes[request.value], MESSAGE)

        def metadata(request, context):
            received = dict(context.invocation_metadata())
            context.send_initial_metadata([("x-echo", received["x-echo"])])
            context.set_trailing_metadata([("x-echo-bin", received["x-echo-bin"])])
            return request

        def hang(request, context):
            over = threading.Event()
            context.add_callback(over.set)
            over.wait(30)
            return request

        return {
            "/interop.Test/Echo": unary(lambda request, _: request, Text, Text),
            "/interop.Test/Fail": unary(fail, Number, Text),
            "/interop.Test/Metadata": unary(metadata, Text, Text),
            "/interop.Test/Hang": unary(hang, Text, Text),
            "/interop.Test/Count": grpc.unary_stream_rpc_method_handler(
                lambda request, _: (Number(value=index) for index in range(request.value)),
                Number.FromString, Number.SerializeToString,
            ),
            "/interop.Test/Sum": grpc.stream_unary_rpc_method_handler(
                lambda requests, _: Number(value=sum(request.value for request in requests)),
                Number.FromString, Number.SerializeToString,
            ),
            "/interop.Test/Chat": grpc.stream_stream_rpc_method_handler(
                lambda requests, _: (Text(value="re: " + request.value) for request in requests),
                Text.FromString, Text.SerializeToString,
            ),
        }.get(details.method)


def test_our_client_against_a_foreign_server():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers((ForeignService(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        client = subprocess.run(
            [PROGRAM, "client", "--target", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=60
        )
    finally:
        server.stop(0)
    lines = client.stdout.splitlines()
    assert client.returncode == 0, client.stdout
    assert len(lines) == 11 and all(line.startswith("ok ") for line in lines)
