"""What the server makes of each request a client can send, well-formed or not: the status.

The rules are those of gRPC's PROTOCOL-HTTP2 and statuscodes; the cases follow the groups of the Connect project's
conformance suite.
"""

import gzip

import pytest

from http2_peer import *

GRPC = [("te", "trailers"), ("content-type", "application/grpc")]
UNARY, STREAM_OF_100 = "/bench.Echo/Unary", "/bench.Echo/ServerStream"
LIMIT = 4 << 20
#: The longest payload whose EchoRequest keeps the limit: a tag and a length of four bytes are around it.
LONGEST = LIMIT - 5


def ask(peer, *fields: tuple[str, str], path: str = UNARY, sent: bytes = message(b"x"), ended: bool = True,
        method: str = "POST"):
    """The parts of the response: headers, body, trailers."""
    peer.send(headers(1, block(*request(method, path, *fields)), end=not sent and ended))
    if sent:
        peer.send(body(1, sent, end=ended))
    return peer.response(1)


def status_of(peer, *fields: tuple[str, str], **how) -> str:
    return ask(peer, *(fields or GRPC), **how)[2]["grpc-status"]


@pytest.mark.parametrize("fields", [
    GRPC, [("content-type", "application/grpc+proto")], [("content-type", "application/grpc;charset=utf-8")],
    [("content-type", "Application/GRPC")], [*GRPC, ("grpc-encoding", "identity")],
    [*GRPC, ("grpc-timeout", "99999999H")],
    [*GRPC, ("grpc-accept-encoding", "br, deflate,gzip")], [*GRPC, ("x-bin", "no base64!"), ("grpc-future", "1")],
    [*GRPC, ("x-many", "1"), ("x-many", "2"), ("x-empty", "")]],
    ids=["plain", "subformat", "parameter", "other case", "identity", "31 years", "encodings", "odd metadata",
         "repeated"])
def test_good_requests(peer, fields):
    head, answer, trailers = ask(peer, *fields)
    assert head[":status"] == "200" and head["content-type"].startswith("application/grpc")
    assert answer == message(b"x") and trailers["grpc-status"] == "0"


@pytest.mark.parametrize("path", [UNARY, STREAM_OF_100])
@pytest.mark.parametrize("sent", [b"", message(b"x") * 2, message(b"x") * 3], ids=["none", "two", "three"])
def test_methods_that_take_one_request_take_exactly_one(peer, path, sent):
    assert status_of(peer, path=path, sent=sent) == "12"


@pytest.mark.parametrize("sent, code", [
    (message(b"hello")[:-1], "13"), (b"\0\0", "13"), (message(b"x") + b"\0", "13"), (b"\2" + bytes(4), "13"),
    (struct.pack(">BI", 0, 3) + b"\x0a\xff\x01", "13"), (struct.pack(">BI", 1, 20) + gzip.compress(b""), "13")],
    ids=["cut", "half a prefix", "more than a message", "flag 2", "no message", "packed with nothing agreed"])
def test_bytes_that_are_no_message(peer, sent, code):
    assert status_of(peer, sent=sent) == code


def test_a_packed_message_is_no_identity(peer):
    packed = gzip.compress(message(b"x")[5:])
    sent = struct.pack(">BI", 1, len(packed)) + packed
    assert status_of(peer, *GRPC, ("grpc-encoding", "identity"), sent=sent) == "13"


def test_a_packed_message(peer):
    packed = gzip.compress(message(b"x")[5:])
    sent = struct.pack(">BI", 1, len(packed)) + packed
    assert ask(peer, *GRPC, ("grpc-encoding", "gzip"), sent=sent)[1] == message(b"x")


def test_an_unknown_packing_is_answered_with_the_known(peer):
    trailers = ask(peer, *GRPC, ("grpc-encoding", "snappy"))[2]
    assert trailers["grpc-status"] == "12" and trailers["grpc-accept-encoding"] == "identity,gzip"


@pytest.mark.parametrize("timeout", ["", "1", "S", "123456789S", "-1S", "1.5S", "1s", "1 S", "1S1"])
def test_a_malformed_deadline(peer, timeout):
    assert status_of(peer, *GRPC, ("grpc-timeout", timeout)) == "13"


@pytest.mark.parametrize("timeout", ["0S", "0n", "1n", "1u"])
def test_a_deadline_that_has_passed(peer, timeout):
    assert status_of(peer, *GRPC, ("grpc-timeout", timeout), ended=False) == "4"


def test_the_longest_message_passes(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, MAX_WINDOW)), window_update(0, MAX_WINDOW - 65_535))
    sent = message(bytes(LONGEST))
    assert len(sent) == 5 + LIMIT
    # Within its window at first: the server opens it as bytes come.
    peer.send(headers(1, ECHO, end=False))
    window = peer.server_settings[INITIAL_WINDOW_SIZE]
    for start in range(0, len(sent), DEFAULT_FRAME):
        part = sent[start:start + DEFAULT_FRAME]
        while window < len(part):
            got = peer.until(lambda f: f.kind == WINDOW_UPDATE and f.stream == 1)
            window += struct.unpack(">I", got.payload)[0]
        peer.send(data(1, part, end=start + DEFAULT_FRAME >= len(sent)))
        window -= len(part)
    _, answer, trailers = peer.response(1)
    assert trailers["grpc-status"] == "0" and answer == sent


def test_one_byte_more_does_not(peer):
    assert status_of(peer, sent=struct.pack(">BI", 0, LIMIT + 1), ended=False) == "8"
    # The client is told to stop, in peace.
    assert peer.until(lambda f: f.kind == RST_STREAM and f.stream == 1).code == NO_ERROR
    peer.echo(3)


@pytest.mark.parametrize("path", ["/bench.Echo/unary", "/bench.Echo/", "/bench.Echo", "/bench.Echo/Unary/",
                                  "/bench.Echo/Unary?x=1", "/", "//"])
def test_methods_that_do_not_exist(peer, path):
    assert status_of(peer, path=path) == "12"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/grpc-web", "application/grpcx"])
def test_other_content_types(peer, content_type):
    fields = [("content-type", content_type)] if content_type is not None else [("te", "trailers")]
    assert ask(peer, *fields)[0][":status"] == "415"


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "DELETE", "post"])
def test_other_methods(peer, method):
    assert ask(peer, *GRPC, method=method)[0][":status"] == "405"


def test_a_refused_request_is_one_block(peer):
    """Trailers-only: no client may find a body where there is none."""
    head, answer, trailers = ask(peer, *GRPC, path="/no/such")
    assert head is trailers and answer == b""
    assert head[":status"] == "200" and head["content-type"] == "application/grpc"
