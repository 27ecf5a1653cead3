"""What the programs print: every line at once and whole, into whatever it goes, and nothing of a peer that a terminal obeys."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from concurrent import futures

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from service import BIN
from visit import Clinic

PATIENCE = 30
# Characters that move the cursor, ring, clear, hide or turn the text around them.
ACTED_UPON = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
HOSTILE = "\x1b[2J\x1b]0;owned\x07 a\x9b31m \x7f\r\u202egnp\u2066 \u2028 \U000e0041 end"


class Lines:
    """Standard output of a running program, line by line."""

    def __init__(self, *words, **options):
        self.process = subprocess.Popen(
            [BIN / words[0], *map(str, words[1:])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.held = b""

    def next(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self.held:
            assert select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0], "no line came"
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            assert more, (self.held, self.process.stderr.read())
            self.held += more
        line, _, self.held = self.held.partition(b"\n")
        return line.decode()

    def end(self, number: int) -> str:
        """Ends it by a signal; what it had printed beyond the lines that were read."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == -number and errors == b"", (self.process.returncode, errors)
        return (self.held + rest).decode()


@pytest.fixture()
def health_server():
    """Google's health service, whose state a test sets."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(None).wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_watch_of_health_prints_each_state_when_it_comes(health_server, number):
    watch = Lines("telehealth-probe", "health", "--watch", "--target", health_server.address)
    assert watch.next() == "SERVING"
    health_server.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    assert watch.next() == "NOT_SERVING"
    assert watch.end(number) == ""


def test_a_watched_session_is_one_object_a_line_in_a_file_at_once(service, tmp_path):
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        session = clinic.create_session(clinic.book()).session_id
        out = tmp_path / "events"
        with open(out, "wb") as file:
            watch = subprocess.Popen(
                [BIN / "telehealth-probe", "watch", session, "--json", "--as", "admin", "--data-dir", service.data,
                 "--target", service.address], stdout=file, stderr=subprocess.PIPE)
        deadline = time.monotonic() + PATIENCE
        while not out.read_bytes().endswith(b"\n") and time.monotonic() < deadline:
            time.sleep(0.02)
        first = json.loads(out.read_text())
        assert first["session"]["sessionId"] == session, "the snapshot is there while the watch goes on"
        watch.terminate()
        assert watch.wait(PATIENCE) == -signal.SIGTERM and watch.stderr.read() == b""
    for line in out.read_text().splitlines():
        json.loads(line)


def test_a_visit_prints_each_step_when_it_is_done(service):
    visit = Lines("telehealth-probe", "visit", "--json", "--playback-wait", "30", "--data-dir", service.data,
                  "--target", service.address)
    assert json.loads(visit.next())["step"] == "register consent texts"
    assert visit.process.poll() is None, "the visit goes on while its first steps are read"
    visit.end(signal.SIGTERM)


def test_benches_and_simulations_print_while_they_run():
    server = Lines("rpc-bench", "server")
    assert server.next().startswith("listening on 127.0.0.1:")
    server.end(signal.SIGTERM)
    simulation = Lines("rpc-simulation", "--seeds", "100000000", "--verbose")
    assert simulation.next() == "seed 0"
    simulation.process.kill()
    simulation.process.communicate()


def test_who_waits_for_events_ends_when_nobody_reads_them(health_server):
    """Nothing is printed any more: no write could tell that the reader has gone."""
    watch = Lines("telehealth-probe", "health", "--watch", "--target", health_server.address)
    assert watch.next() == "SERVING"
    watch.process.stdout.close()
    assert watch.process.wait(PATIENCE) == -signal.SIGPIPE
    assert watch.process.stderr.read() == b""


@pytest.mark.parametrize("ignored", [False, True], ids=["SIGPIPE as usual", "SIGPIPE ignored by who started it"])
@pytest.mark.parametrize("words", [
    ("telehealth-probe", "token", "--role", "admin"), ("telehealth-probe", "visit"), ("telehealth-probe", "--help"),
    ("telehealthd", "--help"), ("telehealthd", "--print-config"), ("chime-simulator", "--help"),
    ("rpc-simulation", "--seeds", "3"), ("store-bench", "--help"),
], ids=" ".join)
def test_a_reader_that_has_gone_is_no_error_to_tell(service, words, ignored):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "TELEHEALTH_DATA_DIR": str(service.data), "TELEHEALTH_TARGET": service.address}
    done = subprocess.run(
        [BIN / words[0], *words[1:]], stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE, env=environment,
        restore_signals=not ignored)
    os.close(writer)
    assert done.stderr == b"" and done.returncode in (0, -signal.SIGPIPE), done


@pytest.mark.parametrize("words", [("token", "--role", "admin"), ("list",)], ids=" ".join)
def test_output_that_cannot_be_written_is_told_and_fails(service, words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [BIN / "telehealth-probe", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
            env={**os.environ, "TELEHEALTH_DATA_DIR": str(service.data), "TELEHEALTH_TARGET": service.address,
                 "TELEHEALTH_TOKEN": service.token("admin")})
    assert done.returncode == 1 and "cannot write to standard output: No space left" in done.stderr, done


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_closed_stream_gets_nothing_else_in_its_place(service, tmp_path, descriptor):
    """Its number would go to the next file or socket, and a line meant for the stream with it."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {descriptor}>&-', BIN / "telehealth-probe", "call",
         "grpc.health.v1.Health/Check", "--target", service.address, "-v"], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done


class Hostile(health_pb2_grpc.HealthServicer):
    def Check(self, request, context):
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.ErrorInfo(reason=HOSTILE, domain=HOSTILE, metadata={HOSTILE: HOSTILE}))
        fields = any_pb2.Any()
        fields.Pack(error_details_pb2.BadRequest(field_violations=[{"field": HOSTILE, "description": HOSTILE}]))
        context.abort_with_status(rpc_status.to_status(
            status_pb2.Status(code=grpc.StatusCode.ABORTED.value[0], message=HOSTILE, details=[detail, fields])))


class HostileReflection(reflection_pb2_grpc.ServerReflectionServicer):
    def ServerReflectionInfo(self, requests, context):
        for request in requests:
            answer = reflection_pb2.ServerReflectionResponse(valid_host=HOSTILE)
            if request.HasField("list_services"):
                answer.list_services_response.service.add(name=HOSTILE)
            else:
                answer.error_response.error_message = HOSTILE
            yield answer


@pytest.fixture(scope="module")
def hostile():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    health_pb2_grpc.add_HealthServicer_to_server(Hostile(), server)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(HostileReflection(), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield address
    server.stop(None).wait()


REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    from google.protobuf import descriptor_pb2

    files = descriptor_pb2.FileDescriptorSet()
    for module in (health_pb2, reflection_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    path = tmp_path_factory.mktemp("schema") / "set.binpb"
    path.write_bytes(files.SerializeToString())
    return path


@pytest.mark.parametrize("words", [
    ["health"], ["health", "--watch"], ["list"], ["describe", "a.B"],
    ["call", "grpc.health.v1.Health/Check", "-v"], ["call", "grpc.health.v1.Health/Check", "--repeat", "2"],
    ["call", REFLECTION, "-d", '{"listServices": "*"}'], ["call", REFLECTION, "-d", '{"fileByFilename": "x"}'],
    ["call", REFLECTION, "-d", 'list_services: "*"', "--format", "text"],
], ids=" ".join)
@pytest.mark.parametrize("kind", ["a pipe", "a terminal"])
def test_a_peers_text_is_shown_and_never_obeyed(hostile, schema, words, kind):
    command = [BIN / "telehealth-probe", *words, "--target", hostile]
    if words[0] == "call":
        command += ["--descriptor-set", schema]
    environment = {**os.environ, "NO_COLOR": "1"}
    if kind == "a pipe":
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=environment)
        said = (done.stdout + done.stderr).decode()
    else:
        # NO_COLOR: what is left of control characters is the terminal driver's own "\r\n" and the progress line's end.
        main, other = pty.openpty()
        process = subprocess.Popen(command, stdout=other, stderr=other, env=environment)
        os.close(other)
        said = ""
        while True:
            try:
                more = os.read(main, 1 << 16)
            except OSError:
                break
            said += more.decode()
        process.wait(PATIENCE)
        os.close(main)
        said = said.replace("\r\n", "\n")
        said = re.sub(r"\r\x1b\[K", "", said)
    assert ACTED_UPON.findall(said) == [], said
    if words[:2] != ["health", "--watch"]:
        assert "owned" in said and r"\u001b[2J" in said.replace(r"\033", r"\u001b"), said


def test_a_json_answer_is_still_what_the_peer_said(hostile, schema):
    done = subprocess.run(
        [BIN / "telehealth-probe", "call", REFLECTION, "-d", '{"listServices": "*"}', "--target", hostile,
         "--descriptor-set", schema], capture_output=True, timeout=PATIENCE, text=True)
    [service] = json.loads(done.stdout)["listServicesResponse"]["service"]
    assert service["name"] == HOSTILE


def test_what_the_daemon_logs_and_announces_is_fit_for_a_terminal(simulator, tmp_path):
    """A socket's name may hold anything; the log and the line of JSON tell it as it is, escaped."""
    from service import Service

    path = tmp_path / "\u202esocket\x9b31m\x7f"
    service = Service(tmp_path / "data", simulator)
    service.address = f"unix:{path}"
    service.start()
    assert service.ready["address"] == f"unix:{path}"
    assert service.stop() == 0
    log = (service.data / "telehealthd.log").read_text()
    assert r"\u202esocket\u009b31m\u007f" in log and ACTED_UPON.findall(log) == [], log
    assert any(f"unix:{path}" in json.loads(line).get("addresses", "") for line in log.splitlines())


def test_what_an_operator_wrote_is_told_escaped(tmp_path):
    wrong = subprocess.run(
        [BIN / "telehealthd", "--listen", HOSTILE, "--data-dir", tmp_path / "data"], capture_output=True, timeout=PATIENCE)
    said = wrong.stderr.decode()
    assert wrong.returncode == 2 and r"\u001b[2J" in said and ACTED_UPON.findall(said) == [], said
