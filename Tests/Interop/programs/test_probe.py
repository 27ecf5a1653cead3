"""telehealth-probe against a server that is not ours: Google's, with its reflection, health and error details."""

import json
import os
import socket
import subprocess
from concurrent import futures

import grpc
import pytest
from google.protobuf import any_pb2, json_format, text_format
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_status import rpc_status

from service import BIN, ROOT

SERVICE = "grpc.health.v1.Health"


class Health(health.HealthServicer):
    """Answers as health does, and refuses one service with every kind of detail."""

    def Check(self, request, context):
        if request.service == "refused":
            details = [
                error_details_pb2.ErrorInfo(reason="CLOSED", domain="test.example", metadata={"door": "north"}),
                error_details_pb2.BadRequest(
                    field_violations=[{"field": "service", "description": "must be open"}]),
                error_details_pb2.RetryInfo(retry_delay={"seconds": 3}),
            ]
            packed = [any_pb2.Any() for _ in details]
            for one, detail in zip(packed, details):
                one.Pack(detail)
            context.abort_with_status(rpc_status.to_status(
                status_pb2.Status(code=grpc.StatusCode.FAILED_PRECONDITION.value[0], message="closed", details=packed)))
        return super().Check(request, context)


@pytest.fixture(scope="module", params=[True, False], ids=["reflection", "no reflection"])
def offers_reflection(request):
    return request.param


@pytest.fixture(scope="module")
def address(offers_reflection):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    servicer = Health()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if offers_reflection:
        reflection.enable_server_reflection([SERVICE, reflection.SERVICE_NAME], server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture(scope="module")
def probe(address, offers_reflection, tmp_path_factory):
    descriptors = []
    if not offers_reflection:
        # What protoc --descriptor_set_out writes.
        from google.protobuf import descriptor_pb2

        file = descriptor_pb2.FileDescriptorProto()
        health_pb2.DESCRIPTOR.CopyToProto(file)
        path = tmp_path_factory.mktemp("descriptors") / "set.binpb"
        path.write_bytes(descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
        descriptors = ["--descriptor-set", str(path)]

    def run(command, *arguments, code=0, descriptors=descriptors, stdin=None):
        done = subprocess.run(
            [BIN / "telehealth-probe", command, *arguments, "--target", address, *descriptors],
            capture_output=True, text=True, timeout=60, stdin=stdin)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_list_and_describe(probe):
    assert SERVICE in probe("list").stdout.split()
    assert f"{SERVICE}/Check" in probe("list", SERVICE).stdout.split()
    text = probe("describe", SERVICE).stdout
    assert "rpc Check(grpc.health.v1.HealthCheckRequest) returns (grpc.health.v1.HealthCheckResponse);" in text
    assert "string service = 1;" in probe("describe", "grpc.health.v1.HealthCheckRequest").stdout


def test_a_message_is_described_as_its_proto_file_says(probe):
    """Of the API that the program was built with: maps, presence and repetition in a .proto file's own words."""
    assert "  map<string, int64> calls = " in probe("describe", "telehealth.v1.SessionAccess", descriptors=[]).stdout
    assert "  repeated IgnoredMeetingEvents ignored_by_reason = " in probe(
        "describe", "telehealth.v1.IngestMeetingEventsResponse", descriptors=[]).stdout.replace("telehealth.v1.", "")
    lines = probe("describe", "telehealth.v1.AuditEvent", descriptors=[]).stdout
    assert "  optional string actor = 5;" in lines and "  google.protobuf.Timestamp occur_time = 2;" in lines
    assert "  telehealth.v1.CallerRole role = 4;" in lines


def test_who_may_use_a_call_and_what_a_reason_comes_with_is_described(probe):
    shown = probe("describe", "telehealth.v1.TelehealthService/EndSession", descriptors=[]).stdout
    assert "  option (telehealth.v1.call) = {\n    roles: [CALLER_ROLE_CLINICIAN, CALLER_ROLE_ADMIN]\n" in shown
    assert "    standing: CALL_STANDING_LEADS_VISIT\n" in shown
    assert "standing: CALL_STANDING_LEADS_VISIT" in probe("describe", "telehealth.v1.TelehealthService", descriptors=[]).stdout
    assert ('ERROR_REASON_TOO_EARLY = 66 [(telehealth.v1.reason) = {code: STATUS_CODE_FAILED_PRECONDITION, metadata: '
            '["open_time"]}];') in probe("describe", "telehealth.v1.ErrorReason", descriptors=[]).stdout


def test_what_may_be_asked_again_is_described(probe):
    level = "  option idempotency_level = NO_SIDE_EFFECTS;\n"
    read = probe("describe", "telehealth.v1.OperationsService/GetServiceStatus", descriptors=[]).stdout
    assert level + "  option (telehealth.v1.call) = {\n" in read
    assert level not in probe("describe", "telehealth.v1.OperationsService/RetryOperation", descriptors=[]).stdout


def test_every_service_of_the_api_is_known_without_reflection(probe):
    """A server shows its reflection to operators only: the program brings the whole API."""
    services = [
        f"telehealth.v1.{line.split()[1]}" for path in (ROOT / "proto/telehealth").rglob("*.proto")
        for line in path.read_text().splitlines() if line.startswith("service ")]
    assert len(services) >= 10
    for service in services:
        assert f"{service}/" in probe("list", service, descriptors=[]).stdout


def test_call_and_its_times(probe):
    done = probe("call", f"{SERVICE}/Check", "-v")
    assert json.loads(done.stdout) == {"status": "SERVING"}
    for step in ["lookup", "connect", "settings", "schema", "first byte", "total"]:
        assert step in done.stderr


def test_error_details_in_words(probe):
    text = probe("call", f"{SERVICE}/Check", "-d", '{"service": "refused"}', code=3).stderr
    assert "FAILED_PRECONDITION: closed" in text
    for part in ["reason: CLOSED (test.example) door=north", "field service: must be open", "try again in 3.00 s"]:
        assert part in text


def test_without_descriptors_the_way_to_give_them_is_named(probe, offers_reflection):
    if not offers_reflection:
        assert "--descriptor-set" in probe("call", f"{SERVICE}/Check", code=3, descriptors=[]).stderr


def test_many_calls(probe):
    done = probe("call", f"{SERVICE}/Check", "--repeat", "200", "--concurrency", "4", "--json")
    report = json.loads(done.stdout)
    assert (report["calls"], report["ok"], report["errors"]) == (200, 200, {})
    times = report["latencyMilliseconds"]
    assert 0 < times["p50"] <= times["p90"] <= times["p99"] <= times["max"]
    assert sum(row["count"] for row in report["histogram"]) == 200
    assert {"lookup", "connect", "settings"} == set(report["connectionMilliseconds"])


def test_many_calls_at_a_rate_take_their_time(probe):
    report = json.loads(probe("call", f"{SERVICE}/Check", "--repeat", "50", "--rate", "100", "--json").stdout)
    assert report["ok"] == 50
    # The last is due 0.49 s after the first; nothing bounds a busy machine from above.
    assert report["seconds"] >= 0.49


def test_failures_are_counted_by_code_and_fail_the_command(probe):
    done = probe("call", f"{SERVICE}/Check", "-d", '{"service": "none"}', "--repeat", "20", "--json", code=3)
    assert json.loads(done.stdout)["errors"] == {"NOT_FOUND": 20}
    text = probe("call", f"{SERVICE}/Check", "-d", '{"service": "none"}', "--repeat", "20", code=3).stdout
    assert "OK 0, NOT_FOUND 20" in text


def test_a_server_that_is_not_there():
    done = subprocess.run(
        [BIN / "telehealth-probe", "call", f"{SERVICE}/Check", "--target", "127.0.0.1:1"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr


def test_call_in_text_format(probe, tmp_path):
    check = [f"{SERVICE}/Check", "--format", "text"]
    assert probe("call", *check).stdout == "status: SERVING\n"
    assert probe("call", *check, "-d", 'service: "" # the whole server').stdout == "status: SERVING\n"
    (tmp_path / "request.txtpb").write_text("service:\n  'refu' \"sed\";\n")
    assert "closed" in probe("call", *check, "-d", f"@{tmp_path}/request.txtpb", code=3).stderr
    done = probe("call", *check, "-v", "-d", "service: ''")
    assert "> grpc.health.v1.HealthCheckRequest" in done.stderr
    wrong = probe("call", *check, "-d", "service: 5", code=1).stderr
    assert "not a valid grpc.health.v1.HealthCheckRequest: line 1, column 10: expected a string in quotes" in wrong
    assert "--format json" in probe("call", *check, "--emit-defaults", code=1).stderr


def test_a_stream_of_requests_in_either_format(probe, offers_reflection):
    """Python parses what the probe prints, and the requests arrive one by one."""
    if not offers_reflection:
        return
    method = f"{reflection.SERVICE_NAME}/ServerReflectionInfo"
    inputs = {
        "text": 'list_services: "*" \x1e file_containing_symbol: "grpc.health.v1.Health"',
        "json": '{"listServices": "*"} {"fileContainingSymbol": "grpc.health.v1.Health"}',
    }
    for form, parse in [("text", text_format.Parse), ("json", json_format.Parse)]:
        lines = probe("call", method, "--format", form, "-d", inputs[form]).stdout.splitlines()
        first, second = [parse(line, reflection_pb2.ServerReflectionResponse()) for line in lines]
        assert SERVICE in [service.name for service in first.list_services_response.service]
        assert second.original_request.file_containing_symbol == SERVICE
        [file] = second.file_descriptor_response.file_descriptor_proto
        assert file == health_pb2.DESCRIPTOR.serialized_pb


@pytest.mark.parametrize("source", ["TELEHEALTH_TOKEN", "--token-file", "-H"])
@pytest.mark.parametrize("target", [
    "clinic.example:50051", "192.0.2.7:50051", "dns:///10.0.0.7:50051", "[2001:db8::7]:50051", "127.example.com:50051",
    "localhost.example:50051", "0.0.0.0:50051",
])
def test_a_token_does_not_leave_the_machine_in_plain_text(tmp_path, source, target):
    (tmp_path / "token").write_text("secret")
    words = {"--token-file": ["--token-file", tmp_path / "token"], "-H": ["-H", "Authorization: Bearer secret"]}.get(source, [])
    environment = {**os.environ, **({"TELEHEALTH_TOKEN": "secret"} if source == "TELEHEALTH_TOKEN" else {})}
    commands = [["call", f"{SERVICE}/Check"]]
    if source != "-H":
        commands += [["list"], ["describe", "a.B"], ["watch", "s"], ["operate", "status"], ["audit", "list"],
                     ["consent", "policies"], ["receipt", "key"], ["recording", "list", "s"], ["report"]]
    for command in commands:
        done = subprocess.run(
            [BIN / "telehealth-probe", *command, *words, "--target", target, "--timeout", "1"], capture_output=True, text=True,
            env=environment, timeout=30)
        assert done.returncode == 1 and "in plain text" in done.stderr and "--tls" in done.stderr, (command, done)
        assert "secret" not in done.stderr


@pytest.mark.parametrize("where", ["127.0.0.1", "localhost", "unix", "TLS"])
def test_a_token_goes_to_this_machine_and_by_tls(tmp_path, where):
    """A socket that only takes connections: what matters is that one was made."""
    listener = socket.socket(socket.AF_UNIX if where == "unix" else socket.AF_INET)
    listener.bind(str(tmp_path / "s") if where == "unix" else ("127.0.0.1", 0))
    listener.listen()
    listener.settimeout(20)
    port = 0 if where == "unix" else listener.getsockname()[1]
    target = {"unix": f"unix:{tmp_path / 's'}", "TLS": f"127.0.0.1:{port}"}.get(where, f"{where}:{port}")
    process = subprocess.Popen(
        [BIN / "telehealth-probe", "list", "--target", target, "--timeout", "inf", *(["--tls"] if where == "TLS" else [])],
        env={**os.environ, "TELEHEALTH_TOKEN": "secret"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        listener.accept()
    finally:
        process.kill()
        process.communicate()
        listener.close()


def test_input_that_cannot_be_read_is_a_usage_error(probe, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        done = probe("call", f"{SERVICE}/Check", "-d", "@-", code=1, stdin=folder)
    finally:
        os.close(folder)
    assert done.stderr == "cannot read standard input\n"


def test_input_may_begin_with_a_byte_order_mark(probe, tmp_path):
    mark = "\ufeff"
    (tmp_path / "request.json").write_text(mark + '{"service": ""}', encoding="utf-8")
    check = f"{SERVICE}/Check"
    assert json.loads(probe("call", check, "-d", f"@{tmp_path}/request.json").stdout) == {"status": "SERVING"}
    assert json.loads(probe("call", check, "-d", mark + "{}").stdout) == {"status": "SERVING"}
    assert "SERVING" in probe("call", check, "--format", "text", "-d", mark + 'service: ""').stdout


@pytest.mark.parametrize("symbol, shown", [
    (f"{SERVICE}/Check", "rpc Check(grpc.health.v1.HealthCheckRequest) returns (grpc.health.v1.HealthCheckResponse);"),
    (f"{SERVICE}.Watch", "rpc Watch(grpc.health.v1.HealthCheckRequest) returns (stream grpc.health.v1.HealthCheckResponse);"),
    (f"{SERVICE}/Check", "string service = 1;"),
    ("grpc.health.v1.HealthCheckRequest.service", "string service = 1;"),
    ("grpc.health.v1.HealthCheckResponse.SERVING", "SERVING = 1;  // enum grpc.health.v1.HealthCheckResponse.ServingStatus"),
    ("grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING", "SERVING = 1;"),
])
def test_what_stands_within_a_type_is_described(probe, symbol, shown):
    assert shown in probe("describe", symbol).stdout


@pytest.mark.parametrize("symbol, shown", [
    ("telehealth.v1.SessionEvent.kind", "oneof kind {"), ("telehealth.v1.TelehealthService/JoinSession", "rpc JoinSession("),
])
def test_our_own_api_is_described_in_its_parts(probe, symbol, shown):
    assert shown in probe("describe", symbol, descriptors=[]).stdout


def test_a_name_that_is_nowhere_is_refused(probe):
    assert "a.b.C" in probe("describe", "a.b.C", code=3).stderr


@pytest.mark.parametrize("symbol", [
    "grpc.health.v1.HealthCheckResponse.SERVING", "grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING",
    "grpc.reflection.v1.ServerReflectionRequest.message_request", "google.protobuf.NULL_VALUE",
    "telehealth.v1.SessionEvent.kind",
])
def test_our_reflection_knows_enum_values_and_oneofs(service, symbol):
    """Asked by Google's client, as any tool would."""
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2_grpc

    with grpc.insecure_channel(service.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        [answer] = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)]), timeout=10)
    assert answer.WhichOneof("message_response") == "file_descriptor_response", answer
    files = [descriptor_pb2.FileDescriptorProto.FromString(file) for file in answer.file_descriptor_response.file_descriptor_proto]
    assert symbol.startswith(files[0].package + ".")


def test_a_servers_instants_and_waits_are_read_without_harm():
    """What no clock can hold is told in words."""

    class Extreme(health.HealthServicer):
        def Check(self, request, context):
            detail = any_pb2.Any()
            detail.Pack(error_details_pb2.RetryInfo(retry_delay={"seconds": 2**63 - 1, "nanos": 2**31 - 1}))
            context.abort_with_status(rpc_status.to_status(
                status_pb2.Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="later", details=[detail])))

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    health_pb2_grpc.add_HealthServicer_to_server(Extreme(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    done = subprocess.run(
        [BIN / "telehealth-probe", "health", "--target", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=30)
    server.stop(None).wait()
    assert done.returncode == 3 and "UNAVAILABLE: later" in done.stderr and "try again in 86400.00 s" in done.stderr, done
