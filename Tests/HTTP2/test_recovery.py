"""What our client does when an answer breaks off, in every way that a network, a proxy or a server can break it.

A watch resumes after the last event, a change is sent again under its request id; what the service itself says is
believed. The client of a watch is the probe, that of a change the example program.
"""

import json
import re
import threading

import pytest

from expected_answers import EMPTY, OK, PROBE, START, head, payload, status
from scripted_server import *

EXAMPLE = BIN / "telehealth-client-example"
DETACHED = ("content-type", "text/html")


# Messages, by hand: a varint field, and a field of bytes.

def number(field: int, value: int) -> bytes:
    return integer_varint(field << 3) + integer_varint(value)


def chunk(field: int, value: bytes) -> bytes:
    return integer_varint(field << 3 | 2) + integer_varint(len(value)) + value


def fields(encoded: bytes) -> dict[int, int | bytes]:
    """Of a message of such fields."""
    found, rest = {}, encoded

    def varint() -> int:
        nonlocal rest
        value = shift = 0
        while True:
            byte, rest = rest[0], rest[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while rest:
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            value, rest = rest[:value], rest[value:]
        found[tag >> 3] = value
    return found


def snapshot(sequence: int):
    return payload(chunk(1, number(2, sequence)))


def event(sequence: int):
    return payload(chunk(2, number(1, sequence)))


class Asked:
    """A server's script that notes each request and answers the first with `parts`, later ones with `last`."""

    def __init__(self, parts, last):
        self.parts, self.last = parts, last
        self.requests: list[dict] = []
        self.times: list[float] = []
        self.lock = threading.Lock()

    def __call__(self, conversation: Conversation, _) -> None:
        while True:
            stream = conversation.request()
            body = b"".join(f.payload for f in conversation.seen if f.kind == DATA and f.stream == stream)
            with self.lock:
                self.requests.append(fields(body[5:]))
                self.times.append(time.monotonic())
                parts = self.parts if len(self.requests) == 1 else self.last
            for part in parts:
                if callable(part):
                    conversation.send(part(stream))
                else:
                    conversation.socket.shutdown(socket.SHUT_RDWR)


HANG_UP = object()


def watch(server: ScriptedServer, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [PROBE, "watch", "x", "--json", "-t", server.target, *flags], capture_output=True, text=True,
        timeout=3 * PATIENCE, env={**os.environ, "TELEHEALTH_TOKEN": "token"})


def seen(finished: subprocess.CompletedProcess) -> list[int]:
    return [int(json.loads(line)["sequence"]) for line in finished.stdout.splitlines()]


BREAKS = {
    "the stream ends without trailers": [payload(b"", end=True)],
    "trailers without a status": [head(("x-other", "1"), end=True)],
    "the connection is closed": [HANG_UP],
    "the server goes away": [lambda stream: goaway(stream, INTERNAL_ERROR), HANG_UP],
    "a frame breaks HTTP/2's rules on the stream": [lambda stream: window_update(stream, 0)],
    "a frame breaks HTTP/2's rules on the connection": [lambda stream: ping(b"short")],
    **{f"a reset with {code}": [lambda stream, code=code: reset(stream, code)] for code in (
        NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
        CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, 12, 13, 0xFFFF)},
}
#: Before anything of gRPC came.
REFUSALS = {
    **{f"HTTP {code}": [head((":status", code), DETACHED), lambda stream: data(stream, b"<html>")]
       for code in ("429", "502", "503", "504")},
    **{f"HTTP {code} without a body": [head((":status", code), end=True)] for code in ("429", "502", "503", "504")},
    "HTTP 200 that ends at once": [head(*OK_HEADERS, end=True)],
    "HTTP 200 and a page": [head((":status", "200"), DETACHED), lambda stream: data(stream, b"<html>")],
    "UNAVAILABLE of the service": [head(*OK_HEADERS, ("grpc-status", "14"), end=True)],
}
LAST_WORDS = {
    **{f"grpc-status {code}": ([status(code)], name) for code, name in {
        "1": "CANCELLED", "2": "UNKNOWN", "5": "NOT_FOUND", "7": "PERMISSION_DENIED", "8": "RESOURCE_EXHAUSTED",
        "13": "INTERNAL"}.items()},
    "a reset that asks for calm": ([lambda stream: reset(stream, ENHANCE_YOUR_CALM)], "RESOURCE_EXHAUSTED"),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_watch_that_breaks_is_resumed_behind_its_last_event(broken):
    asked = Asked([START, snapshot(4), event(5), *broken], [START, event(5), event(6), OK])
    with ScriptedServer(asked) as server:
        finished = watch(server)
    assert finished.returncode == 0, finished
    assert seen(finished) == [4, 5, 6]
    assert [request.get(2) for request in asked.requests] == [None, 5]
    assert finished.stderr.count("trying again in") == 1, "a person at a terminal is told"


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
def test_a_watch_that_is_kept_from_the_service_asks_again(refused):
    asked = Asked(refused, [START, snapshot(4), OK])
    with ScriptedServer(asked) as server:
        finished = watch(server)
    assert finished.returncode == 0, finished
    assert seen(finished) == [4] and len(asked.requests) == 2


@pytest.mark.parametrize("last, code", LAST_WORDS.values(), ids=LAST_WORDS)
def test_what_the_service_says_ends_a_watch(last, code):
    asked = Asked([START, snapshot(4), event(5), *last], [START, OK])
    with ScriptedServer(asked) as server:
        finished = watch(server)
    assert finished.returncode == 3 and code in finished.stderr, finished
    assert seen(finished) == [4, 5] and len(asked.requests) == 1


@pytest.mark.parametrize("http, code", {
    "400": "INTERNAL", "401": "UNAUTHENTICATED", "403": "PERMISSION_DENIED", "404": "UNIMPLEMENTED", "405": "UNKNOWN",
    "413": "UNKNOWN", "431": "INTERNAL", "500": "UNKNOWN", "501": "UNKNOWN"}.items())
def test_other_http_statuses_end_a_watch(http, code):
    asked = Asked([head((":status", http), DETACHED, end=True)], [START, OK])
    with ScriptedServer(asked) as server:
        finished = watch(server)
    assert finished.returncode == 3 and code in finished.stderr, finished
    assert len(asked.requests) == 1


@pytest.mark.parametrize("broken", [*BREAKS.values(), *REFUSALS.values()], ids=[*BREAKS, *REFUSALS])
def test_a_change_whose_answer_breaks_is_sent_again_under_its_request_id(broken, tmp_path):
    (tmp_path / "token").write_text("token")
    began = [] if broken in REFUSALS.values() else [START]
    asked = Asked([*began, *broken], [START, EMPTY, status("5")])
    with ScriptedServer(asked) as server:
        finished = subprocess.run([EXAMPLE, server.target, "appointment", tmp_path / "token"], capture_output=True,
                                  text=True, timeout=2 * PATIENCE)
    assert "NOT_FOUND" in finished.stdout, finished
    assert len(asked.requests) == 2
    [identity] = {request[1] for request in asked.requests}
    assert re.fullmatch(rb"[0-9a-f-]{36}", identity)


@pytest.mark.parametrize("last, code", LAST_WORDS.values(), ids=LAST_WORDS)
def test_a_change_that_the_service_refused_is_not_sent_again(last, code, tmp_path):
    (tmp_path / "token").write_text("token")
    asked = Asked([START, *last], [START, EMPTY, OK])
    with ScriptedServer(asked) as server:
        finished = subprocess.run([EXAMPLE, server.target, "appointment", tmp_path / "token"], capture_output=True,
                                  text=True, timeout=2 * PATIENCE)
    assert code in finished.stdout, finished
    assert len(asked.requests) == 1


def test_a_watch_that_hears_nothing_for_two_and_a_half_heartbeats_is_resumed():
    """The connection lives and answers PINGs: only the service behind it is gone."""
    interval = chunk(4, number(1, 1))
    asked = Asked([START, payload(chunk(1, number(2, 4)) + interval)], [START, event(5), OK])
    with ScriptedServer(asked) as server:
        finished = watch(server)
        assert len(server.conversations) == 1
    assert finished.returncode == 0 and seen(finished) == [4, 5], finished
    assert "nothing was heard" in finished.stderr
    assert [request.get(2) for request in asked.requests] == [None, 4]
    assert asked.times[1] - asked.times[0] >= 2.5


def test_a_watch_asks_ever_more_slowly_and_gives_up_when_its_patience_is_over():
    refusal = [head((":status", "503"), end=True)]
    asked = Asked(refusal, refusal)
    with ScriptedServer(asked) as server:
        finished = watch(server, "--patience", "3")
    assert finished.returncode == 2 and "UNAVAILABLE" in finished.stderr, finished
    assert asked.times[-1] - asked.times[0] <= 3 + 1
    # 0.1 s, doubled each time and spread by half: six more at the most, and a call would have given up at the sixth.
    assert 3 <= len(asked.requests) <= 7


def test_what_is_asked_of_a_watch_can_be_heard_of():
    """The client will call Heartbeat, so the service need not take the open stream for its presence."""
    asked = Asked([START, snapshot(4), OK], [])
    with ScriptedServer(asked) as server:
        assert watch(server).returncode == 0
    assert asked.requests[0][3] == 1
