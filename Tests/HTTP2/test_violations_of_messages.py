"""What a server must refuse, section by section of RFC 9113, and with which code: messages (7 and 8), and field blocks (RFC 7541)."""

import pytest

from http2_peer import *


# 7: error codes.

def test_7_an_unknown_code_of_goaway(peer):
    peer.send(goaway(code=0xFF))
    try:
        peer.alive()
    except Closed:
        pass


def test_7_an_unknown_code_of_reset(peer):
    peer.send(headers(1, POST, end=False), reset(1, 0xFF))
    peer.alive()


# 8: HTTP messages. A malformed request is a stream error PROTOCOL_ERROR (section 8.1.1).

def malformed(peer, *fields: tuple[str, str]) -> None:
    peer.send(headers(1, block(*fields)))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_1_trailers_end_the_stream(peer):
    peer.send(headers(1, POST, end=False), headers(1, block(("x-test", "ok")), end=False))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_2_1_upper_case_names(peer):
    malformed(peer, *request(), ("X-TEST", "ok"))


@pytest.mark.parametrize("fields", [
    [*request(), (":test", "ok")], [*request(), (":status", "200")],
    [(":method", "GET"), (":scheme", "http"), ("x-test", "ok"), (":path", "/")]],
    ids=["unknown", "of a response", "behind a regular field"])
def test_8_3_pseudo_headers(peer, fields):
    malformed(peer, *fields)


def test_8_3_no_pseudo_headers_in_trailers(peer):
    peer.send(headers(1, POST, end=False), headers(1, block((":method", "200"))))
    peer.stream_error(1, PROTOCOL_ERROR)


@pytest.mark.parametrize("field", [("connection", "keep-alive"), ("te", "trailers, deflate")], ids=lambda f: f[0])
def test_8_2_2_connection_specific_fields(peer, field):
    malformed(peer, *request(), field)


@pytest.mark.parametrize("missing", [":method", ":scheme", ":path"])
def test_8_3_1_missing_pseudo_header(peer, missing):
    malformed(peer, *[field for field in request() if field[0] != missing])


@pytest.mark.parametrize("twice", [":method", ":scheme", ":path"])
def test_8_3_1_pseudo_header_given_twice(peer, twice):
    again = [field for field in request() if field[0] == twice]
    malformed(peer, *request(), *again)


def test_8_3_1_empty_path(peer):
    malformed(peer, *request(path=""))


def test_8_1_1_content_length_other_than_the_data(peer):
    peer.send(headers(1, POST + literal("content-length", "1"), end=False), data(1, b"test"))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_1_1_content_length_other_than_all_data_frames(peer):
    peer.send(headers(1, POST + literal("content-length", "1"), end=False), data(1, b"te", end=False), data(1, b"st"))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_4_a_client_does_not_push(peer):
    peer.send(frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + GET))
    peer.connection_error(PROTOCOL_ERROR)


# RFC 7541. Every error of the decoder is a connection error COMPRESSION_ERROR (RFC 9113 section 4.3).

INDEX_70 = integer(70, 7, 0x80)


@pytest.mark.parametrize("bad", [
    INDEX_70, integer(70, 6, 0x40) + text(b"empty"), integer(128, 5, 0x20),
    literal("x", "")[:-1] + b"\x82\x1f\xff", literal("x", "")[:-1] + b"\x81\x18",
    literal("x", "")[:-1] + b"\x84\xff\xff\xff\xff", b"\x80", integer(4097, 5, 0x20)],
    ids=["2.3.3 index beyond the tables", "2.3.3 name beyond the tables", "4.2 size update behind fields",
         "5.2 padding longer than 7 bits", "5.2 padding of zeros", "5.2 the EOS symbol", "6.1 index 0",
         "6.3 table larger than allowed"])
def test_hpack_errors(peer, bad):
    first = bad == integer(4097, 5, 0x20)
    peer.send(headers(1, bad + GET if first else GET + bad))
    peer.connection_error(COMPRESSION_ERROR)
