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


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "post"])
def test_other_methods(peer, method):
    head = ask(peer, *GRPC, method=method)[0]
    assert head[":status"] == "405" and head["allow"] == "GET, HEAD, OPTIONS, POST"


# Nothing is looked up by authority: any form of it is taken, and none at all, as load balancers' checks and clients of unix
# sockets send.

AUTHORITIES = ["localhost", "clinic.example:443", "[::1]:50051", "", "/run/telehealth/rpc.sock",
               "%2Frun%2Ftelehealth%2Frpc.sock", "unix:/run/telehealth.sock", "@telehealth", "a b", "user@host", "h\u00f6st",
               "x" * 4000]


@pytest.mark.parametrize("authority", AUTHORITIES, ids=lambda text: text[:30] or "empty")
def test_any_authority_is_taken(peer, authority):
    fields = [(":authority", authority) if name == ":authority" else (name, value)
              for name, value in request("POST", UNARY, *GRPC)]
    peer.send(headers(1, block(*fields), end=False), body(1, message(b"x")))
    assert peer.response(1)[2]["grpc-status"] == "0"


@pytest.mark.parametrize("hosts", [[], ["localhost"], ["/run/rpc.sock"], [""], ["a", "b"]],
                         ids=["no host", "host", "path", "empty", "two"])
@pytest.mark.parametrize("has_authority", [True, False], ids=["with authority", "without"])
def test_any_host_is_taken_and_none(peer, hosts, has_authority):
    fields = [field for field in request("POST", UNARY, *GRPC) if has_authority or field[0] != ":authority"]
    peer.send(headers(1, block(*fields, *(("host", host) for host in hosts)), end=False), body(1, message(b"x")))
    assert peer.response(1)[2]["grpc-status"] == "0"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_check_of_a_load_balancer_is_answered_without_an_authority(peer, method):
    peer.send(headers(1, block((":method", method), (":scheme", "http"), (":path", "/"))))
    peer.answered()


@pytest.mark.parametrize("bad", [[(":authority", "a\0b")], [(":authority", "a\r\nb")], [(":authority", " a")],
                                 [(":authority", "a"), (":authority", "a")]],
                         ids=["NUL", "CR LF", "leading space", "twice"])
def test_an_authority_that_no_field_may_be_is_not(peer, bad):
    fields = [field for field in request("POST", UNARY, *GRPC) if field[0] != ":authority"]
    peer.send(headers(1, block(*fields[:3], *bad, *fields[3:]), end=False))
    peer.stream_error(1, PROTOCOL_ERROR)


@pytest.mark.parametrize("fields", [
    [(":method", "CONNECT"), (":authority", "a:1"), (":path", "/")], [(":method", "CONNECT"), (":scheme", "http"), (":authority", "a:1")],
    [(":method", "CONNECT")], [(":method", "GET"), (":scheme", "http"), (":path", "*")],
    [(":method", "GET"), (":scheme", "http"), (":path", "no/slash")], [(":method", "G T"), (":scheme", "http"), (":path", "/")],
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), ("content-length", "x")],
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), ("content-length", "99999999999999999999")],
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), ("content-length", "4")],
    [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":protocol", "websocket")]],
    ids=["CONNECT with path", "CONNECT with scheme", "CONNECT to nowhere", "GET *", "path without slash", "method of two words",
         "no number", "number too large", "no body", "extended CONNECT"])
def test_what_else_makes_a_request_malformed(peer, fields):
    peer.send(headers(1, block(*fields)))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_a_body_of_the_announced_length_is_taken(peer):
    sent = message(b"x" * 100)
    peer.send(headers(1, ECHO + literal("content-length", str(len(sent))), end=False), data(1, sent[:50], end=False),
              data(1, sent[50:]))
    assert peer.response(1)[1] == sent


def test_a_body_longer_than_announced_gives_its_window_back(peer):
    """What nobody read must not be missing from the window of the connection for ever."""
    for stream in range(1, 41, 2):
        peer.send(headers(stream, ECHO + literal("content-length", "5"), end=False), body(stream, bytes(500_000), end=False))
        assert peer.until(lambda f: f.kind == RST_STREAM and f.stream == stream).code == PROTOCOL_ERROR
    peer.echo(41)


def test_a_refused_request_is_one_block(peer):
    """Trailers-only: no client may find a body where there is none."""
    head, answer, trailers = ask(peer, *GRPC, path="/no/such")
    assert head is trailers and answer == b""
    assert head[":status"] == "200" and head["content-type"] == "application/grpc"
