"""Plays one case of the suite with Google's Python client; ends with 0 when everything was as the suite says.

    python client.py --server_host 127.0.0.1 --server_port 50051 --test_case large_unary

The library neither shows whether a response came compressed nor compresses message by message: the cases about that
are played as far as it goes (`client_compressed_streaming` not at all). A call's load report it takes for itself, so
that there is no `orca_per_rpc`.
"""

import argparse
import contextlib
import queue
import time
from pathlib import Path

import grpc

import suite

empty_pb2, messages, test_pb2_grpc = suite.import_stubs()
_, orca_service_pb2, orca_service_pb2_grpc = suite.import_load_stubs()
ResponseParameters = messages.ResponseParameters
GZIP = grpc.Compression.Gzip


def payload(size):
    return messages.Payload(body=bytes(size))


def large_request(**more):
    return messages.SimpleRequest(response_size=suite.LARGE_RESPONSE, payload=payload(suite.LARGE_REQUEST), **more)


def check_size(response, size):
    assert response.payload.body == bytes(size), f"{len(response.payload.body)} bytes instead of {size}"


def check_failure(code, call, message=None):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} instead of {code}: {error.details()}"
        assert message is None or error.details() == message, repr(error.details())
        return
    raise AssertionError(f"the call succeeded, {code} was due")


class Requests:
    """A stream of requests that grows while the call runs."""

    def __init__(self):
        self.queue = queue.Queue()

    def send(self, size, request_size):
        self.queue.put(messages.StreamingOutputCallRequest(
            response_parameters=[ResponseParameters(size=size)], payload=payload(request_size)))

    def finish(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


class Cases:
    def __init__(self, stub, make_stub, arguments):
        self.stub = stub
        self.make_stub = make_stub
        self.arguments = arguments

    def empty_unary(self):
        assert self.stub.EmptyCall(empty_pb2.Empty()) == empty_pb2.Empty()

    def large_unary(self):
        check_size(self.stub.UnaryCall(large_request()), suite.LARGE_RESPONSE)

    def client_compressed_unary(self):
        yes, no = messages.BoolValue(value=True), messages.BoolValue(value=False)
        check_failure(
            grpc.StatusCode.INVALID_ARGUMENT, lambda: self.stub.UnaryCall(large_request(expect_compressed=yes)))
        check_size(self.stub.UnaryCall(large_request(expect_compressed=yes), compression=GZIP), suite.LARGE_RESPONSE)
        check_size(self.stub.UnaryCall(large_request(expect_compressed=no)), suite.LARGE_RESPONSE)

    def server_compressed_unary(self):
        for wanted in (True, False):
            request = large_request(response_compressed=messages.BoolValue(value=wanted))
            check_size(self.stub.UnaryCall(request), suite.LARGE_RESPONSE)

    def client_streaming(self):
        requests = (messages.StreamingInputCallRequest(payload=payload(size)) for size in suite.REQUEST_SIZES)
        assert self.stub.StreamingInputCall(requests).aggregated_payload_size == 74922

    def server_streaming(self):
        self.check_stream([ResponseParameters(size=size) for size in suite.RESPONSE_SIZES])

    def server_compressed_streaming(self):
        self.check_stream([
            ResponseParameters(size=31415, compressed=messages.BoolValue(value=True)),
            ResponseParameters(size=92653, compressed=messages.BoolValue(value=False))])

    def check_stream(self, parameters):
        request = messages.StreamingOutputCallRequest(response_parameters=parameters)
        responses = list(self.stub.StreamingOutputCall(request))
        assert len(responses) == len(parameters)
        for response, wanted in zip(responses, parameters):
            check_size(response, wanted.size)

    def ping_pong(self):
        requests = Requests()
        call = self.stub.FullDuplexCall(iter(requests))
        for request_size, size in zip(suite.REQUEST_SIZES, suite.RESPONSE_SIZES):
            requests.send(size, request_size)
            check_size(next(call), size)
        requests.finish()
        assert list(call) == []

    def empty_stream(self):
        assert list(self.stub.FullDuplexCall(iter(()))) == []

    def half_duplex(self):
        requests = Requests()
        for size in suite.RESPONSE_SIZES:
            requests.send(size, 0)
        requests.finish()
        responses = list(self.stub.HalfDuplexCall(iter(requests)))
        assert [len(response.payload.body) for response in responses] == list(suite.RESPONSE_SIZES)

    def custom_metadata(self):
        metadata = ((suite.ECHO_INITIAL, "test_initial_metadata_value"), (suite.ECHO_TRAILING, b"\xab\xab\xab"))

        def check(call):
            assert dict(call.initial_metadata())[suite.ECHO_INITIAL] == "test_initial_metadata_value"
            assert dict(call.trailing_metadata())[suite.ECHO_TRAILING] == b"\xab\xab\xab"

        check(self.stub.UnaryCall.with_call(large_request(), metadata=metadata)[1])
        requests = Requests()
        requests.send(suite.LARGE_RESPONSE, suite.LARGE_REQUEST)
        requests.finish()
        call = self.stub.FullDuplexCall(iter(requests), metadata=metadata)
        check_size(next(call), suite.LARGE_RESPONSE)
        assert list(call) == []
        check(call)

    def status_code_and_message(self):
        self.check_echo("test status message")
        status = messages.EchoStatus(code=2, message="test status message")
        request = messages.StreamingOutputCallRequest(response_status=status)
        check_failure(grpc.StatusCode.UNKNOWN, lambda: list(self.stub.FullDuplexCall(iter((request,)))), status.message)

    def special_status_message(self):
        self.check_echo("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")

    def check_echo(self, message):
        status = messages.EchoStatus(code=2, message=message)
        request = messages.SimpleRequest(response_status=status)
        check_failure(grpc.StatusCode.UNKNOWN, lambda: self.stub.UnaryCall(request), message)

    def unimplemented_method(self):
        check_failure(grpc.StatusCode.UNIMPLEMENTED, lambda: self.stub.UnimplementedCall(empty_pb2.Empty()))

    def unimplemented_service(self):
        stub = self.make_stub(test_pb2_grpc.UnimplementedServiceStub)
        check_failure(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(empty_pb2.Empty()))

    def cancel_after_begin(self):
        requests = Requests()
        call = self.stub.StreamingInputCall.future(iter(requests))
        call.cancel()
        requests.finish()
        assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED

    def cancel_after_first_response(self):
        requests = Requests()
        call = self.stub.FullDuplexCall(iter(requests))
        requests.send(31415, 27182)
        check_size(next(call), 31415)
        call.cancel()
        requests.finish()
        check_failure(grpc.StatusCode.CANCELLED, lambda: next(call))

    def timeout_on_sleeping_server(self):
        requests = Requests()
        requests.queue.put(messages.StreamingOutputCallRequest(payload=payload(27182)))
        call = self.stub.FullDuplexCall(iter(requests), timeout=0.001)
        check_failure(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(call))
        requests.finish()

    def concurrent_large_unary(self):
        calls = [self.stub.UnaryCall.future(large_request()) for _ in range(1000)]
        for call in calls:
            check_size(call.result(), suite.LARGE_RESPONSE)

    def long_lived_channel(self):
        for index in range(self.arguments.soak_iterations):
            if index:
                time.sleep(self.arguments.iteration_interval)
            self.large_unary()

    def rpc_soak(self):
        for _ in range(self.arguments.soak_iterations):
            self.large_unary()

    def channel_soak(self):
        for _ in range(self.arguments.soak_iterations):
            stub = self.make_stub(test_pb2_grpc.TestServiceStub)
            check_size(stub.UnaryCall(large_request()), suite.LARGE_RESPONSE)

    def orca_oob(self):
        reports = self.make_stub(orca_service_pb2_grpc.OpenRcaServiceStub)
        interval = orca_service_pb2.OrcaLoadReportRequest()
        interval.report_interval.FromSeconds(1)
        requests = Requests()
        call = self.stub.FullDuplexCall(iter(requests))
        for cpu, memory, util in ((0.8210, 0.5847, 0.30499), (0.29309, 0.2, 0.2039)):
            load = messages.TestOrcaReport(
                cpu_utilization=cpu, memory_utilization=memory, utilization={"util": util})
            requests.queue.put(messages.StreamingOutputCallRequest(
                orca_oob_report=load, response_parameters=[ResponseParameters(size=1)]))
            check_size(next(call), 1)
            stream = reports.StreamCoreMetrics(interval, timeout=30)
            assert any(report == suite.load_report(load) for report in stream)
            stream.cancel()
        requests.finish()
        assert list(call) == []

    def max_concurrent_streams_connection_scaling(self):
        config = '{"connectionScaling": {"maxConnectionsPerSubchannel": 2}}'
        stub = self.make_stub(test_pb2_grpc.TestServiceStub, ("grpc.service_config", config))
        parameters = ResponseParameters(size=1, fill_peer_socket_address=messages.BoolValue(value=True))
        calls, addresses = [], []
        for _ in range(3):
            requests = Requests()
            requests.queue.put(messages.StreamingOutputCallRequest(response_parameters=[parameters]))
            # A call that nobody holds is cancelled, and its stream free.
            calls.append((requests, stub.FullDuplexCall(iter(requests), timeout=20)))
            addresses.append(next(calls[-1][1]).peer_socket_address)
        for requests, call in calls:
            requests.finish()
            assert list(call) == []
        assert addresses[0] == addresses[1] != addresses[2], addresses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_host", default="localhost")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--server_host_override", default="")
    parser.add_argument("--test_case", required=True)
    parser.add_argument("--use_tls", default="false")
    parser.add_argument("--use_test_ca", default="false")
    parser.add_argument("--credentials", type=Path, default=suite.CACHE / "credentials")
    parser.add_argument("--soak_iterations", type=int, default=10)
    parser.add_argument("--iteration_interval", type=float, default=10)
    arguments, _ = parser.parse_known_args()  # the other soak flags are for the other languages' clients

    # Closed before the interpreter ends: a channel that is still open then can keep it from ending.
    channels = contextlib.ExitStack()

    def make_stub(kind, *more):
        # A pool of its own for each channel: otherwise channels to one address share a connection.
        options = [("grpc.use_local_subchannel_pool", 1), *more]
        address = f"{arguments.server_host}:{arguments.server_port}"
        if arguments.use_tls != "true":
            return kind(channels.enter_context(grpc.insecure_channel(address, options)))
        if arguments.server_host_override:
            options.append(("grpc.ssl_target_name_override", arguments.server_host_override))
        roots = (arguments.credentials / "ca.pem").read_bytes() if arguments.use_test_ca == "true" else None
        credentials = grpc.ssl_channel_credentials(roots)
        return kind(channels.enter_context(grpc.secure_channel(address, credentials, options)))

    with channels:
        cases = Cases(make_stub(test_pb2_grpc.TestServiceStub), make_stub, arguments)
        getattr(cases, arguments.test_case)()
    print(f"passed {arguments.test_case}")


if __name__ == "__main__":
    main()
