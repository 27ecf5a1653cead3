"""What every HTTP/2 server must take: each kind of frame in order, and the forms a request may have."""

import pytest

from http2_peer import *


def test_3_4_the_server_preface_is_settings(connect):
    peer = connect(handshake=False)
    peer.send(PREFACE + settings())
    assert peer.next().kind == SETTINGS


# RFC 9113 section 5.1: frames that must not disturb streams in other states.

def test_5_1_priority_on_an_idle_stream_is_taken(peer):
    peer.send(priority(3), headers(1, GET))
    peer.answered()


def test_5_1_window_update_on_a_half_closed_stream_is_taken(peer):
    peer.send(headers(1, GET), window_update(1, 100))
    peer.answered()


def test_5_1_priority_on_a_half_closed_stream_is_taken(peer):
    peer.send(headers(1, GET), priority(1))
    peer.answered()


def test_5_1_reset_on_a_half_closed_stream_is_taken(peer):
    peer.send(headers(1, GET), reset(1))
    peer.alive()


def test_5_1_priority_on_a_closed_stream_is_taken(peer):
    peer.send(headers(1, GET))
    peer.answered()
    peer.send(priority(1))
    peer.alive()


# RFC 9113 section 6: each kind of frame.

def test_6_1_data(peer):
    peer.send(headers(1, POST, end=False), data(1, b"test"))
    peer.response()


def test_6_1_several_data_frames(peer):
    peer.send(headers(1, POST, end=False), data(1, b"te", end=False), data(1, b"st"))
    peer.response()


def test_6_1_padded_data(peer):
    peer.send(headers(1, POST, end=False), data(1, b"\x06test" + bytes(6), flags=PADDED))
    peer.response()


def test_6_2_headers(peer):
    peer.send(headers(1, GET))
    peer.answered()


def test_6_2_padded_headers(peer):
    peer.send(headers(1, b"\x06" + GET + bytes(6), flags=END_HEADERS | PADDED))
    peer.answered()


def test_6_2_headers_with_priority(peer):
    peer.send(headers(1, priority_fields(0) + GET, flags=END_HEADERS | PRIORITY_FLAG))
    peer.answered()


@pytest.mark.parametrize("fields", [
    dict(weight=1), dict(weight=256), dict(depends_on=3), dict(depends_on=3, exclusive=True)],
    ids=["weight 1", "weight 256", "dependency", "exclusive"])
def test_6_3_priority(peer, fields):
    peer.send(headers(1, GET), priority(1, **fields))
    peer.answered()
    peer.alive()


def test_6_3_priority_on_an_idle_stream_does_not_close_lower_ones(peer):
    peer.send(priority(5), headers(1, GET))
    peer.answered(1)
    peer.send(headers(3, GET))
    peer.answered(3)


def test_6_4_reset(peer):
    peer.send(headers(1, POST, end=False), reset(1))
    peer.alive()


def test_6_5_settings_are_acknowledged(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 100)))
    peer.until(lambda f: f.kind == SETTINGS and f.flags & ACK)


def test_6_7_ping_is_answered_with_its_payload(peer):
    peer.send(ping(b"h2-ping!"))
    assert peer.until(lambda f: f.kind == PING).payload == b"h2-ping!"


def test_6_8_goaway_is_taken(peer):
    peer.send(headers(1, GET), goaway())
    peer.answered()


def test_6_9_window_update_of_the_connection(peer):
    peer.send(window_update(0, 1), headers(1, GET))
    peer.answered()


def test_6_9_window_update_of_a_stream(peer):
    peer.send(headers(1, POST, end=False), window_update(1, 1), data(1))
    peer.response()


def test_6_10_continuation(peer):
    peer.send(headers(1, GET[:9], flags=0), continuation(1, GET[9:]))
    peer.answered()


def test_6_10_several_continuations(peer):
    peer.send(headers(1, GET[:9], flags=0), continuation(1, GET[9:20], last=False), continuation(1, GET[20:]))
    peer.answered()


# RFC 9113 section 8: requests.

def test_8_get(peer):
    peer.send(headers(1, GET))
    head, body, _ = peer.response()
    assert head[":status"] == "200"
    assert body


def test_8_head(peer):
    peer.send(headers(1, block(*request("HEAD"))))
    peer.response()


def test_8_post(peer):
    peer.send(headers(1, POST, end=False), data(1, b"test"))
    peer.response()


def test_8_1_post_with_trailers(peer):
    peer.send(headers(1, POST + literal("trailer", "x-test"), end=False), data(1, b"test", end=False),
              headers(1, block(("x-test", "ok"))))
    peer.response()


# RFC 7541 section 6: each form of a field. Index 1 is :authority, 2 is :method GET.

REST = block((":scheme", "http"), (":path", "/"))
INDEXED_GET = b"\x82"
NAME_IN_TABLE = {"incremental": b"\x41", "without indexing": b"\x01", "never indexed": b"\x11"}
NEW_NAME = {"incremental": 0x40, "without indexing": 0, "never indexed": 0x10}


def test_hpack_6_1_indexed_field(peer):
    peer.send(headers(1, INDEXED_GET + REST + block((":authority", "localhost"))))
    peer.answered()


@pytest.mark.parametrize("value", [text(b"localhost"), None], ids=["plain", "huffman"])
@pytest.mark.parametrize("form", NAME_IN_TABLE)
def test_hpack_6_2_name_in_the_table(peer, form, value):
    peer.send(headers(1, INDEXED_GET + REST + NAME_IN_TABLE[form] + (value or huffman("localhost"))))
    peer.answered()


@pytest.mark.parametrize("coding", ["plain", "huffman"])
@pytest.mark.parametrize("form", NEW_NAME)
def test_hpack_6_2_new_name(peer, form, coding):
    coded = text if coding == "plain" else lambda part: huffman(part.decode())
    peer.send(headers(1, GET + bytes([NEW_NAME[form]]) + coded(b"x-test") + coded(b"ok")))
    peer.answered()


def test_hpack_6_3_table_size_update(peer):
    peer.send(headers(1, integer(128, 5, 0x20) + GET))
    peer.answered()


def test_hpack_4_2_several_table_size_updates(peer):
    peer.send(headers(1, integer(128, 5, 0x20) + integer(4096, 5, 0x20) + GET))
    peer.answered()


def huffman(value: str) -> bytes:
    from hpack.huffman import HuffmanEncoder
    from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

    coded = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode(value.encode())
    return integer(len(coded), 7, 0x80) + coded
