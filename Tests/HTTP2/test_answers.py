"""What our client makes of each answer a server can give, well-formed or not: the status, and what it sends back.

The rules are those of gRPC's PROTOCOL-HTTP2, statuscodes and http-grpc-status-mapping; the cases follow the groups of
the Connect project's conformance suite. The client is the probe, since it says what a call came to.
"""

import gzip
import re
import signal
import threading

import pytest

from expected_answers import EMPTY, OK, PROBE, START, head, payload, status
from scripted_server import *

UNARY = "telehealth.v1.TelehealthService/GetSession"
STREAMING = "telehealth.v1.TelehealthService/WatchSession"


class Result:
    def __init__(self, finished: subprocess.CompletedProcess):
        self.exit = finished.returncode
        self.output = finished.stdout
        self.errors = finished.stderr
        self.code = "OK"
        if self.exit != 0:
            self.code = re.search(r": ([A-Z_]{2,}):? ?", self.errors)[1]
            # Whether there was an answer at all is what scripts go by.
            assert self.exit == (2 if "no response from" in self.errors else 3), self

    def __repr__(self):
        return f"{self.exit} {self.output} {self.errors}"


def call(server: ScriptedServer, method: str = UNARY, *flags: str) -> Result:
    finished = subprocess.run(
        [PROBE, "call", method, "-t", server.target, "-d", '{"sessionId": "x"}', *flags],
        capture_output=True, text=True, timeout=2 * PATIENCE)
    return Result(finished)


def answered(*parts, method: str = UNARY) -> Result:
    """The call's end when the server sends `parts` on its stream: functions of the stream's number."""

    def script(conversation: Conversation, _) -> None:
        stream = conversation.request()
        conversation.send(*[part(stream) for part in parts])

    with ScriptedServer(script) as server:
        return call(server, method)


# Parts of an answer.


OK_BLOCK = block(*OK_HEADERS)
#: The server's stop behind its answer is not an error.
RESET = lambda code: lambda stream: reset(stream, code)


@pytest.mark.parametrize("parts, method", [
    ([START, EMPTY, OK], UNARY), ([START, EMPTY, EMPTY, OK], STREAMING), ([START, OK], STREAMING),
    ([head(*OK_HEADERS, ("grpc-status", "0"), end=True)], STREAMING),
    ([head((":status", "103"), ("link", "x")), START, EMPTY, OK], UNARY),
    ([START, EMPTY, OK, RESET(NO_ERROR)], UNARY),
    ([head((":status", "200"), ("content-type", "application/grpc+proto")), EMPTY, OK], UNARY),
    ([head(*OK_HEADERS, ("grpc-encoding", "identity")), EMPTY, OK], UNARY),
    ([head(*OK_HEADERS, ("grpc-encoding", "gzip")), payload(gzip.compress(b""), flag=1), OK], UNARY),
    ([head(*OK_HEADERS, ("x-bin", "!no base64!"), ("x-odd", "a,b")), EMPTY, OK], UNARY),
    ([lambda stream: frame(0xEE, 0, stream, b"?"), START, lambda stream: priority(stream), EMPTY, OK], UNARY),
    ([START, lambda stream: data(stream, b"\x03" + bytes(5) + bytes(3), flags=PADDED, end=False), OK], UNARY),
    ([head(*OK_HEADERS, ("grpc-status", "5")), EMPTY, OK], UNARY),
], ids=["unary", "stream", "empty stream", "empty stream at once", "early hints", "stopped after the end", "subformat",
        "identity named", "gzip", "metadata that is not base64", "frames to ignore", "padding",
        "a status among the headers is none"])
def test_good_answers(parts, method):
    result = answered(*parts, method=method)
    assert result.exit == 0, result


@pytest.mark.parametrize("code, parts", [
    # The status is missing or unreadable.
    ("UNKNOWN", [START, EMPTY, head(("x-other", "1"), end=True)]),
    ("UNKNOWN", [START, payload(b"", end=True)]),
    ("UNKNOWN", [head(*OK_HEADERS, end=True)]),
    ("UNKNOWN", [head(*OK_HEADERS, ("grpc-status", "0")), payload(b"", end=True)]),
    *[("UNKNOWN", [START, EMPTY, status(value)]) for value in ("17", "255", "-1", "00", "x", "")],
    # One message is what a unary call has.
    ("UNIMPLEMENTED", [START, OK]),
    ("UNIMPLEMENTED", [head(*OK_HEADERS, ("grpc-status", "0"), end=True)]),
    ("UNIMPLEMENTED", [START, EMPTY, EMPTY, OK]),
    # What the server says counts, whatever came before.
    ("DATA_LOSS", [START, EMPTY, status("15")]),
    ("ABORTED", [head(*OK_HEADERS, ("grpc-status", "10"), end=True)]),
    ("NOT_FOUND", [head((":status", "503"), CONTENT_TYPE, ("grpc-status", "5"), end=True)]),
    # Messages that cannot be read.
    ("INTERNAL", [START, payload(b"abc", length=9), OK]),
    ("INTERNAL", [START, payload(b"", flag=2), OK]),
    ("INTERNAL", [START, payload(gzip.compress(b""), flag=1), OK]),
    ("INTERNAL", [head(*OK_HEADERS, ("grpc-encoding", "identity")), payload(b"", flag=1), OK]),
    ("INTERNAL", [head(*OK_HEADERS, ("grpc-encoding", "br")), EMPTY, OK]),
    ("INTERNAL", [head(*OK_HEADERS, ("grpc-encoding", "gzip")), payload(b"no gzip", flag=1), OK]),
    ("RESOURCE_EXHAUSTED", [START, payload(b"", length=(4 << 20) + 1)]),
    ("RESOURCE_EXHAUSTED", [
        head(*OK_HEADERS, ("grpc-encoding", "gzip")), payload(gzip.compress(bytes((4 << 20) + 1)), flag=1), OK]),
    # Headers above our limit.
    ("RESOURCE_EXHAUSTED", [head(*OK_HEADERS, *[(f"x-{n}", "v" * 500) for n in range(31)]), EMPTY, OK]),
    # No gRPC.
    ("UNKNOWN", [head((":status", "200"), ("content-type", "text/html")), lambda s: data(s, b"<html>")]),
    ("UNKNOWN", [head((":status", "200")), EMPTY, OK]),
    ("UNKNOWN", [head((":status", "200"), ("content-type", "application/grpc-web")), EMPTY, OK]),
    # HTTP/2's rules are broken on the stream.
    ("INTERNAL", [START, EMPTY, head(("grpc-status", "0"))]),
    ("INTERNAL", [START, EMPTY, head((":status", "200"), ("grpc-status", "0"), end=True)]),
    ("INTERNAL", [head(CONTENT_TYPE), EMPTY, OK]),
    ("INTERNAL", [head(*OK_HEADERS, ("content-length", "3")), EMPTY, OK]),
    ("INTERNAL", [head(*OK_HEADERS, ("connection", "close")), EMPTY, OK]),
])
def test_answers_and_what_the_call_comes_to(code, parts):
    result = answered(*parts)
    assert result.code == code, result


@pytest.mark.parametrize("http, code", {
    "400": "INTERNAL", "401": "UNAUTHENTICATED", "403": "PERMISSION_DENIED", "404": "UNIMPLEMENTED",
    "405": "UNKNOWN", "429": "UNAVAILABLE", "431": "INTERNAL", "500": "UNKNOWN", "502": "UNAVAILABLE",
    "503": "UNAVAILABLE", "504": "UNAVAILABLE"}.items())
@pytest.mark.parametrize("has_body", [False, True], ids=["headers only", "with a body"])
def test_http_statuses_without_a_status_of_grpc(http, code, has_body):
    fields = [(":status", http), ("content-type", "text/plain")]
    parts = [head(*fields), lambda stream: data(stream, b"sorry")] if has_body else [head(*fields, end=True)]
    result = answered(*parts)
    assert result.code == code, result


@pytest.mark.parametrize("number, code", {
    NO_ERROR: "INTERNAL", PROTOCOL_ERROR: "INTERNAL", INTERNAL_ERROR: "INTERNAL", FLOW_CONTROL_ERROR: "INTERNAL",
    SETTINGS_TIMEOUT: "INTERNAL", FRAME_SIZE_ERROR: "INTERNAL", REFUSED_STREAM: "UNAVAILABLE", CANCEL: "CANCELLED",
    COMPRESSION_ERROR: "INTERNAL", CONNECT_ERROR: "INTERNAL", ENHANCE_YOUR_CALM: "RESOURCE_EXHAUSTED",
    12: "PERMISSION_DENIED", 0xFFFF: "INTERNAL"}.items())
def test_resets(number, code):
    result = answered(START, RESET(number))
    assert result.code == code, result


def test_the_message_of_a_status_survives_bad_escapes():
    result = answered(head(*OK_HEADERS, ("grpc-status", "9"), ("grpc-message", "50%25 %E2%98%BA %zz %"), end=True))
    assert "FAILED_PRECONDITION" in result.errors and "50% ☺ %zz %" in result.errors


def test_the_longest_message_passes():
    """A field that is unknown to the client, as long as the limit lets it be."""
    filler = (4 << 20) - 6
    whole = b"\xfa\x7f" + integer_varint(filler) + bytes(filler)

    def script(conversation: Conversation, _) -> None:
        stream = conversation.request()
        conversation.send(START(stream))
        rest = struct.pack(">BI", 0, len(whole)) + whole
        assert len(whole) == 4 << 20
        # The client's window is larger than one message only for the first part; it opens as it reads.
        for start in range(0, len(rest), DEFAULT_FRAME):
            conversation.send(data(stream, rest[start:start + DEFAULT_FRAME], end=False))
            if start and start % (1 << 19) == 0:
                conversation.until(lambda f: f.kind == WINDOW_UPDATE)
        conversation.send(OK(stream))

    with ScriptedServer(script) as server:
        assert call(server).exit == 0


# What the client sends.

def test_a_request_says_what_grpc_wants():
    got = {}

    def script(conversation: Conversation, _) -> None:
        stream = conversation.request()
        got.update(conversation.requests[stream])
        conversation.send(START(stream), EMPTY(stream), OK(stream))

    with ScriptedServer(script) as server:
        assert call(server, UNARY, "--timeout", "7", "-H", "x-mine:1").exit == 0
        assert list(got)[:4] == [":method", ":scheme", ":path", ":authority"]
        assert got[":method"] == "POST" and got[":scheme"] == "http" and got[":path"] == f"/{UNARY}"
        assert got[":authority"] == server.target
        assert got["te"] == "trailers" and got["content-type"].startswith("application/grpc")
        assert 6_000_000 < int(got["grpc-timeout"][:-1]) <= 7_000_000 and got["grpc-timeout"][-1] == "u"
        assert "gzip" in got["grpc-accept-encoding"] and got["x-mine"] == "1"
        assert "grpc-encoding" not in got, "nothing is packed unless asked for"


def test_a_deadline_resets_the_stream():
    told = threading.Event()

    def script(conversation: Conversation, _) -> None:
        first = conversation.request()
        got = conversation.until(lambda f: f.kind == RST_STREAM)
        assert (got.stream, got.code) == (first, CANCEL)
        told.set()

    with ScriptedServer(script) as server:
        # The second call keeps the connection.
        finished = subprocess.run(
            [PROBE, "call", UNARY, "-t", server.target, "--timeout", "0.3", "--repeat", "2"], capture_output=True,
            text=True, timeout=2 * PATIENCE)
        assert "DEADLINE_EXCEEDED 2" in finished.stdout, finished
        assert told.wait(PATIENCE)


def state_of(process: subprocess.Popen) -> set[str]:
    """The states of its threads, as /proc names them, when they are all the same."""
    stats = Path(f"/proc/{process.pid}/task").glob("*/stat")
    states = {path.read_text().rsplit(")", 1)[1].split()[0] for path in stats}
    return states if len(states) == 1 else set()


def test_a_server_that_cancels_at_the_deadline_is_no_cancellation():
    """Both are there when the client wakes up: its own deadline, and the reset of a server that kept it too."""
    client = []

    def script(conversation: Conversation, _) -> None:
        stream = conversation.request()
        client[0].send_signal(signal.SIGSTOP)
        eventually(lambda: "T" in state_of(client[0]), "the client stands still")
        conversation.send(reset(stream, CANCEL))
        time.sleep(0.6)
        client[0].send_signal(signal.SIGCONT)

    with ScriptedServer(script) as server:
        client.append(subprocess.Popen(
            [PROBE, "call", UNARY, "-t", server.target, "--timeout", "0.5"], stderr=subprocess.PIPE, text=True))
        assert "DEADLINE_EXCEEDED" in client[0].communicate(timeout=2 * PATIENCE)[1]


# Calls that no server touched are sent again; others are not.

def test_a_refused_call_is_sent_once_more():
    def script(conversation: Conversation, _) -> None:
        conversation.send(reset(conversation.request(), REFUSED_STREAM))
        stream = conversation.request()
        conversation.send(START(stream), EMPTY(stream), OK(stream))

    with ScriptedServer(script) as server:
        assert call(server).exit == 0


def test_a_call_that_is_refused_again_is_over():
    def script(conversation: Conversation, _) -> None:
        while True:
            conversation.send(reset(conversation.request(), REFUSED_STREAM))

    with ScriptedServer(script) as server:
        assert call(server).code == "UNAVAILABLE"
        assert len(server.conversations[0].requests) == 2


def test_a_server_that_resets_every_call_keeps_its_connection():
    """Each reset answers a call of the client's own: that is not a flood, however many there are."""
    def script(conversation: Conversation, _) -> None:
        while True:
            conversation.send(reset(conversation.request(), ENHANCE_YOUR_CALM))

    with ScriptedServer(script) as server:
        finished = subprocess.run(
            [PROBE, "call", UNARY, "-t", server.target, "--repeat", "2000", "--concurrency", "20"],
            capture_output=True, text=True, timeout=2 * PATIENCE)
        assert "RESOURCE_EXHAUSTED 2000" in finished.stdout, finished
        assert len(server.conversations) == 1


def test_resets_of_calls_that_are_over_are_a_flood():
    told = []

    def script(conversation: Conversation, _) -> None:
        conversation.send(reset(conversation.request()))
        conversation.request()
        conversation.send(reset(1) * 2000)
        told.append(conversation.until(lambda f: f.kind == GOAWAY))

    with ScriptedServer(script) as server:
        subprocess.run([PROBE, "call", UNARY, "-t", server.target, "--repeat", "2"], timeout=2 * PATIENCE)
        eventually(lambda: told, "the server is told")
        assert told[0].payload[8:] == b"too_many_resets"


def test_a_call_above_the_last_of_a_goaway_goes_to_a_new_connection():
    def script(conversation: Conversation, earlier: int) -> None:
        stream = conversation.request()
        if earlier == 0:
            conversation.send(goaway(0))
        else:
            conversation.send(START(stream), EMPTY(stream), OK(stream))

    with ScriptedServer(script) as server:
        assert call(server).exit == 0
        assert len(server.conversations) == 2


def test_a_lost_connection_is_no_refusal():
    def script(conversation: Conversation, _) -> None:
        conversation.request()
        conversation.socket.shutdown(socket.SHUT_RDWR)

    with ScriptedServer(script) as server:
        assert call(server).code == "UNAVAILABLE"
        assert len(server.conversations) == 1


# Settings of the server.

def test_the_servers_window_is_obeyed_until_it_opens():
    def script(conversation: Conversation, _) -> None:
        stream = conversation.until(lambda f: f.kind == HEADERS).stream
        conversation.alive()
        assert not [f for f in conversation.seen if f.kind == DATA and f.payload]
        conversation.send(settings((INITIAL_WINDOW_SIZE, 3)))
        assert len(conversation.until(lambda f: f.kind == DATA).payload) == 3
        conversation.send(window_update(stream, 100))
        conversation.until(lambda f: f.ends_stream)
        conversation.send(START(stream), EMPTY(stream), OK(stream))

    with ScriptedServer(script, (INITIAL_WINDOW_SIZE, 0)) as server:
        assert call(server).exit == 0


def test_a_server_that_takes_no_streams_yet_is_waited_for():
    def script(conversation: Conversation, _) -> None:
        conversation.alive()
        assert not conversation.requests
        conversation.send(settings((MAX_CONCURRENT_STREAMS, 1)))
        stream = conversation.request()
        conversation.send(START(stream), EMPTY(stream), OK(stream))

    with ScriptedServer(script, (MAX_CONCURRENT_STREAMS, 0)) as server:
        assert call(server).exit == 0


# Servers that break the connection's rules, or attack.

@pytest.mark.parametrize("bad", [
    ping(b"short"), data(0, b"x"), settings((MAX_FRAME_SIZE, 1)), window_update(0, 0), headers(2, block(*OK_HEADERS)),
    frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + GET), headers(1, b"\x40"), data(1, b"no headers"),
    b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    ids=["short PING", "DATA of the connection", "bad SETTINGS", "no increment", "a stream of its own", "push",
         "no HPACK", "DATA before HEADERS", "HTTP/1.1"])
def test_a_server_that_breaks_the_connection_is_left_and_named(bad):
    def script(conversation: Conversation, _) -> None:
        conversation.request()
        conversation.send(bad)
        assert conversation.until(lambda f: f.kind == GOAWAY).code != NO_ERROR

    with ScriptedServer(script) as server:
        result = call(server)
        assert result.code == "UNAVAILABLE", result
        assert f"the connection to {server.target} was lost: protocol error" in result.errors


def test_a_lost_connection_is_told_with_its_cause():
    def script(conversation: Conversation, _) -> None:
        conversation.request()
        conversation.socket.shutdown(socket.SHUT_RDWR)

    with ScriptedServer(script) as server:
        assert f"the connection to {server.target} was lost: closed by the peer" in call(server).errors


HINTS = headers(1, block((":status", "103")), end=False)
NO_END = continuation(1, b"", last=False)
BOMB = literal("x", "v" * 3000, first=0x40) + b"\xbe" * 99
FLOODS = {
    "too_many_pings": (b"", ping()),
    "too_many_settings": (b"", settings((INITIAL_WINDOW_SIZE, 70_000))),
    "too_many_unknown_frames": (b"", frame(0xEE, 0, 0, bytes(9))),
    "too_many_window_updates": (b"", window_update(0, 1)),
    "too_many_tiny_data_frames": (headers(1, OK_BLOCK, end=False), data(1, end=False)),
    "too_many_priority_frames": (b"", priority(1)),
    "too_many_violations": (b"", goaway(99)),
    "too_many_informational_headers": (b"", HINTS),
    "too_many_continuations": (headers(1, OK_BLOCK, end=False, flags=0), NO_END),
    "header_block_too_large": (headers(1, OK_BLOCK + BOMB, end=False), b""),
}


@pytest.mark.parametrize("reason", FLOODS)
def test_a_server_that_floods_its_client_is_left(reason):
    """A client keeps the limits of a server: its process does other things besides."""
    first, part = FLOODS[reason]
    told = []

    def script(conversation: Conversation, _) -> None:
        conversation.request()
        conversation.try_send(first + part * 2000)
        told.append(conversation.until(lambda f: f.kind == GOAWAY))

    with ScriptedServer(script) as server:
        result = call(server)
        assert result.code == "UNAVAILABLE", result
        assert reason in result.errors
        eventually(lambda: told, "the server is told")
        assert told[0].code == ENHANCE_YOUR_CALM and told[0].payload[8:].decode() == reason
