"""grpc.testing.TestService over Google's Python server.

    python server.py --port 0 [--use_tls true --credentials FOLDER] [--max_concurrent_streams N]

Prints "listening on ADDRESS". The library does not tell handlers whether a request came compressed, so
`expect_compressed` goes unchecked.
"""

import argparse
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc

import suite

empty_pb2, messages, test_pb2_grpc = suite.import_stubs()
orca_load_report_pb2, _, orca_service_pb2_grpc = suite.import_load_stubs()
CODES = {code.value[0]: code for code in grpc.StatusCode}


def payload(size):
    return messages.Payload(body=bytes(size))


def echo_metadata(context, *trailers):
    for name, value in context.invocation_metadata():
        if name == suite.ECHO_INITIAL:
            context.send_initial_metadata(((name, value),))
        elif name == suite.ECHO_TRAILING:
            trailers += ((name, value),)
    context.set_trailing_metadata(trailers)


def echo_status(request, context):
    if request.HasField("response_status") and request.response_status.code:
        context.abort(CODES[request.response_status.code], request.response_status.message)


class Load(orca_service_pb2_grpc.OpenRcaServiceServicer):
    """The server's load, which one call at a time sets."""

    def __init__(self):
        self.turn = threading.Lock()
        self.report = orca_load_report_pb2.OrcaLoadReport()

    def StreamCoreMetrics(self, request, context):
        while context.is_active():
            yield self.report
            time.sleep(max(1, request.report_interval.seconds))


class TestService(test_pb2_grpc.TestServiceServicer):
    def __init__(self, load):
        self.load = load

    def EmptyCall(self, request, context):
        echo_metadata(context)
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_status(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        trailers = []
        if request.HasField("orca_per_query_report"):
            report = suite.load_report(request.orca_per_query_report)
            trailers = [(suite.LOAD_TRAILER, report.SerializeToString())]
        echo_metadata(context, *trailers)
        return messages.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        if any(parameters.compressed.value for parameters in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        yield from self.responses(request, context)

    def StreamingInputCall(self, requests, context):
        size = sum(len(request.payload.body) for request in requests)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        sets_load = False
        try:
            for request in requests:
                echo_status(request, context)
                if request.HasField("orca_oob_report"):
                    sets_load = sets_load or self.load.turn.acquire()
                    self.load.report = suite.load_report(request.orca_oob_report)
                yield from self.responses(request, context)
        finally:
            if sets_load:
                self.load.turn.release()

    def HalfDuplexCall(self, requests, context):
        for request in list(requests):
            yield from self.responses(request, context)

    def responses(self, request, context):
        for parameters in request.response_parameters:
            if parameters.interval_us:
                time.sleep(parameters.interval_us / 1e6)
            if parameters.HasField("compressed") and not parameters.compressed.value:
                context.disable_next_message_compression()
            address = context.peer() if parameters.fill_peer_socket_address.value else ""
            yield messages.StreamingOutputCallResponse(payload=payload(parameters.size), peer_socket_address=address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--use_tls", default="false")
    parser.add_argument("--credentials", type=Path, default=suite.CACHE / "credentials")
    parser.add_argument("--max_concurrent_streams", type=int)
    arguments = parser.parse_args()
    options = []
    if arguments.max_concurrent_streams:
        options = [("grpc.max_concurrent_streams", arguments.max_concurrent_streams)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    load = Load()
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(load), server)
    orca_service_pb2_grpc.add_OpenRcaServiceServicer_to_server(load, server)
    address = f"127.0.0.1:{arguments.port}"
    if arguments.use_tls == "true":
        pair = [(arguments.credentials / name).read_bytes() for name in ("server1.key", "server1.pem")]
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
