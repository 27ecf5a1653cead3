"""The suite's cases in the time that fits every run; tools/interop plays all of them against the C++ peer too.

Our client against our server, Google's Python in both directions, and our client against servers that break HTTP/2's
manners.
"""

import argparse
import base64
import os
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import h2.connection
import h2.events
import pytest

HERE = Path(__file__).resolve().parents[1] / "oracles/grpc_interop"
sys.path.insert(0, str(HERE))
import client  # noqa: E402
import suite  # noqa: E402

PROGRAM = Path(os.environ.get("TELEHEALTH_BIN_DIR", suite.ROOT / ".build/release")) / "rpc-interop"
CREDENTIALS = suite.CACHE / "credentials"
OVERRIDE = "foo.test.google.fr"
CASES = [
    "empty_unary", "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming",
    "client_compressed_streaming", "server_streaming", "server_compressed_streaming", "ping_pong", "empty_stream",
    "half_duplex", "custom_metadata", "status_code_and_message", "special_status_message", "unimplemented_method",
    "unimplemented_service", "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server",
    "concurrent_large_unary", "long_lived_channel", "rpc_soak", "channel_soak", "orca_per_rpc", "orca_oob",
]
# Wants a server of its own, with two streams for each connection.
SCALING_CASE = "max_concurrent_streams_connection_scaling"
# Google's Python client cannot compress message by message and keeps a call's load report to itself; its server cannot
# tell how a request came.
PYTHON_CLIENT_CASES = [case for case in CASES if case not in ("client_compressed_streaming", "orca_per_rpc")]
PYTHON_SERVER_CASES = [case for case in CASES if not case.startswith("client_compressed_")]
BAD_SERVER_CASES = [
    "goaway", "rst_after_header", "rst_during_data", "rst_after_data", "ping", "max_streams", "data_frame_padding",
    "no_df_padding_sanity_test",
]


class Server:
    """A server in a process of its own, which prints where it listens."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"{command[0]} did not start"
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        ended_by_itself = self.process.poll()
        self.process.kill()
        self.process.wait()
        return ended_by_itself


@pytest.fixture(scope="module", params=["plain", "tls"])
def tls(request):
    return request.param == "tls"


def serve(*command):
    server = Server(*command)
    yield server
    assert server.stop() is None, "the server ended before it was told to"


@pytest.fixture(scope="module")
def our_server(tls):
    yield from serve(PROGRAM, "server", "--use_tls", str(tls).lower(), "--credentials", CREDENTIALS)


@pytest.fixture(scope="module")
def python_server(tls):
    suite.import_stubs()
    yield from serve(sys.executable, HERE / "server.py", "--use_tls", str(tls).lower())


def play(server, case, tls=False):
    """Our client."""
    command = [PROGRAM, "client", "--server_host", "127.0.0.1", "--server_port", str(server.port), "--test_case", case]
    command += ["--soak_per_iteration_max_acceptable_latency_ms", "10000", "--iteration_interval", "0"]
    if tls:
        command += ["--use_tls", "true", "--use_test_ca", "true", "--server_host_override", OVERRIDE]
        command += ["--credentials", CREDENTIALS]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("case", CASES)
def test_our_client_and_our_server(our_server, tls, case):
    play(our_server, case, tls)


@pytest.mark.parametrize("case", PYTHON_SERVER_CASES)
def test_our_client_and_a_python_server(python_server, tls, case):
    play(python_server, case, tls)


def python_cases(server, tls):
    """Google's Python client, and the channels that it makes."""
    channels = []

    def make_stub(kind, *more):
        options = [("grpc.use_local_subchannel_pool", 1), *more]
        address = f"127.0.0.1:{server.port}"
        if tls:
            roots = grpc.ssl_channel_credentials((CREDENTIALS / "ca.pem").read_bytes())
            options.append(("grpc.ssl_target_name_override", OVERRIDE))
            channels.append(grpc.secure_channel(address, roots, options))
        else:
            channels.append(grpc.insecure_channel(address, options))
        return kind(channels[-1])

    arguments = argparse.Namespace(soak_iterations=5, iteration_interval=0)
    yield client.Cases(make_stub(client.test_pb2_grpc.TestServiceStub), make_stub, arguments)
    for channel in channels:
        channel.close()


@pytest.fixture(scope="module")
def python_client(our_server, tls):
    yield from python_cases(our_server, tls)


@pytest.mark.parametrize("case", PYTHON_CLIENT_CASES)
def test_a_python_client_and_our_server(python_client, case):
    getattr(python_client, case)()


def trailers_over_h2(port, path, message):
    """The trailers of a unary call as they stand on the wire."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        connection = h2.connection.H2Connection()
        connection.initiate_connection()
        fields = {":method": "POST", ":scheme": "http", ":authority": "x", ":path": path, "te": "trailers"}
        connection.send_headers(1, list((fields | {"content-type": "application/grpc"}).items()))
        connection.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
        while True:
            peer.sendall(connection.data_to_send())
            for event in connection.receive_data(peer.recv(65536)):
                if isinstance(event, h2.events.TrailersReceived):
                    return dict(event.headers)


def test_the_load_report_of_a_call_is_the_public_contract_on_the_wire():
    """What the Python client cannot show: it keeps the trailer to itself."""
    load = client.messages.TestOrcaReport(
        cpu_utilization=0.8210, memory_utilization=0.5847, request_cost={"cost": 3456.32}, utilization={"util": 0.30499})
    request = client.messages.SimpleRequest(orca_per_query_report=load).SerializeToString()
    for server in serve(PROGRAM, "server", "--credentials", CREDENTIALS):
        trailers = trailers_over_h2(server.port, "/grpc.testing.TestService/UnaryCall", request)
        encoded = trailers[b"endpoint-load-metrics-bin"]
        report = suite.import_load_stubs()[0].OrcaLoadReport.FromString(base64.b64decode(encoded + b"=="))
        assert report == suite.load_report(load)
        assert trailers[b"grpc-status"] == b"0"


def serve_narrow(tls, *command):
    yield from serve(*command, "--use_tls", str(tls).lower(), "--max_concurrent_streams", "2")


@pytest.fixture(scope="module")
def our_narrow_server(tls):
    yield from serve_narrow(tls, PROGRAM, "server", "--credentials", CREDENTIALS)


@pytest.fixture(scope="module")
def python_narrow_server(tls):
    yield from serve_narrow(tls, sys.executable, HERE / "server.py")


@pytest.mark.parametrize("server", ["our_narrow_server", "python_narrow_server"])
def test_our_client_makes_another_connection_when_streams_run_out(request, server, tls):
    play(request.getfixturevalue(server), SCALING_CASE, tls)


def test_a_python_client_makes_another_connection_when_streams_run_out(our_narrow_server, tls):
    for cases in python_cases(our_narrow_server, tls):
        getattr(cases, SCALING_CASE)()


@pytest.mark.parametrize("case", BAD_SERVER_CASES)
def test_our_client_and_a_server_without_manners(case):
    server = Server(sys.executable, HERE / "bad_server.py", "--test_case", case)
    try:
        play(server, case)
    finally:
        server.stop()
