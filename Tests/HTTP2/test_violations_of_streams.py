"""What a server must refuse, section by section of RFC 9113, and with which code: connections and streams (3 to 5)."""

import pytest

from http2_peer import *


# 3.4: the preface.

def test_3_4_a_wrong_preface_ends_the_connection(connect):
    peer = connect(handshake=False)
    peer.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
    peer.closed()


# 4.1: the frame header.

def test_4_1_an_unknown_type_is_ignored(peer):
    peer.send(frame(0xFF, 0, 0, b"test"))
    peer.alive()


def test_4_1_an_undefined_flag_is_ignored(peer):
    peer.send(ping(b"undefine", flags=0x2))
    assert peer.until(lambda f: f.kind == PING).payload == b"undefine"


def test_4_1_the_reserved_bit_is_ignored(peer):
    peer.send(ping(b"reserved", stream=0x80000000))
    assert peer.until(lambda f: f.kind == PING).payload == b"reserved"


# 4.2: the frame's size.

def test_4_2_data_of_the_default_maximum_is_taken(peer):
    peer.send(headers(1, POST, end=False), data(1, bytes(DEFAULT_FRAME)))
    peer.response()


def test_4_2_data_above_the_maximum_is_an_error(peer):
    peer.send(headers(1, POST, end=False), data(1, bytes(DEFAULT_FRAME + 1)))
    peer.stream_error(1, FRAME_SIZE_ERROR)


def test_4_2_headers_above_the_maximum_are_an_error(peer):
    peer.send(headers(1, GET + block(*[("x-long", "x" * 4000)] * 5)))
    peer.connection_error(FRAME_SIZE_ERROR)


# 4.3: field blocks.

def test_4_3_a_block_that_is_no_hpack_is_a_compression_error(peer):
    peer.send(headers(1, b"\x40"))
    peer.connection_error(COMPRESSION_ERROR)


def test_4_3_no_priority_frame_inside_a_block(peer):
    peer.send(headers(1, GET, flags=0), priority(1), continuation(1, b""))
    peer.connection_error(PROTOCOL_ERROR)


def test_4_3_no_headers_of_another_stream_inside_a_block(peer):
    peer.send(headers(1, GET, flags=0), headers(3, GET))
    peer.connection_error(PROTOCOL_ERROR)


# 5.1: stream states.

@pytest.mark.parametrize("illegal", [data(1, b"test"), reset(1), window_update(1, 100)],
                         ids=["DATA", "RST_STREAM", "WINDOW_UPDATE"])
def test_5_1_idle(peer, illegal):
    peer.send(illegal)
    peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


def test_5_1_idle_continuation(peer):
    peer.send(continuation(1, GET))
    peer.connection_error(PROTOCOL_ERROR)


@pytest.mark.parametrize("illegal", [data(1, b"test"), headers(1, GET)], ids=["DATA", "HEADERS"])
def test_5_1_half_closed_remote(peer, illegal):
    # The response is kept open by a closed window.
    peer.send(settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET), illegal)
    peer.stream_error(1, STREAM_CLOSED)


def test_5_1_half_closed_remote_continuation(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET), continuation(1, GET))
    peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@pytest.mark.parametrize("illegal", [data(1, b"test"), headers(1, GET)], ids=["DATA", "HEADERS"])
def test_5_1_closed_by_a_reset_of_the_peer(peer, illegal):
    peer.send(headers(1, POST, end=False), reset(1), illegal)
    peer.stream_error(1, STREAM_CLOSED)


@pytest.mark.parametrize("late", [data(1, b"test"), headers(1, block(("x-test", "ok")))], ids=["DATA", "HEADERS"])
def test_5_1_what_was_on_its_way_to_a_stream_that_we_reset_is_ignored(peer, late):
    peer.send(headers(1, POST, end=False), window_update(1, MAX_WINDOW))
    assert peer.until(lambda f: f.kind == RST_STREAM).stream == 1
    peer.send(late)
    peer.alive()
    assert not [f for f in peer.seen if f.kind == RST_STREAM][1:], "told once"


def test_5_1_closed_by_a_reset_continuation(peer):
    peer.send(headers(1, POST, end=False), reset(1), continuation(1, GET))
    peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@pytest.mark.parametrize("illegal", [data(1, b"test"), headers(1, GET)], ids=["DATA", "HEADERS"])
def test_5_1_closed_in_order(peer, illegal):
    peer.send(headers(1, GET))
    peer.answered()
    peer.send(illegal)
    peer.stream_error(1, STREAM_CLOSED)


def test_5_1_closed_in_order_continuation(peer):
    peer.send(headers(1, GET))
    peer.answered()
    peer.send(continuation(1, GET))
    peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


def test_5_1_1_a_client_has_no_even_streams(peer):
    peer.send(headers(2, GET))
    peer.connection_error(PROTOCOL_ERROR)


def test_5_1_1_stream_numbers_only_grow(peer):
    peer.send(headers(5, GET))
    peer.answered(5)
    peer.send(headers(3, GET))
    peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


def test_5_1_2_more_streams_than_advertised_are_refused(connect):
    peer = connect((INITIAL_WINDOW_SIZE, 0))
    allowed = peer.server_settings[MAX_CONCURRENT_STREAMS]
    for index in range(allowed + 1):
        peer.send(headers(1 + 2 * index, GET))
    peer.stream_error(1 + 2 * allowed, PROTOCOL_ERROR, REFUSED_STREAM)


# 5.3 (RFC 7540 section 5.3.1): a stream cannot depend on itself. Priorities are deprecated; that is an error all the same.

@pytest.mark.parametrize("depends", [priority(1, 1), priority(1, 1, exclusive=True), priority(1, 1, weight=256)],
                         ids=["plain", "exclusive", "weight 256"])
@pytest.mark.parametrize("before", [[], [headers(1, POST, end=False)], [settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET)],
                                    [headers(1, GET)]],
                         ids=["idle", "open", "half-closed", "closed"])
def test_5_3_1_a_priority_frame_that_depends_on_itself(peer, before, depends):
    peer.send(*before, depends)
    peer.stream_error(1, PROTOCOL_ERROR)


def test_5_3_1_a_priority_frame_that_comes_in_pieces_is_read_whole(peer):
    peer.send(headers(1, POST, end=False))
    for byte in priority(1, 1):
        peer.send(bytes([byte]))
    peer.stream_error(1, PROTOCOL_ERROR)
    for byte in priority(3, 1):
        peer.send(bytes([byte]))
    peer.echo(3)


def test_5_3_1_headers_that_depend_on_their_own_stream(peer):
    peer.send(headers(1, priority_fields(1) + GET, flags=END_HEADERS | PRIORITY_FLAG), headers(3, GET))
    got = peer.until(lambda f: f.kind in (HEADERS, RST_STREAM, GOAWAY))
    assert got.kind == HEADERS or got.code == PROTOCOL_ERROR


# 5.4.1: connection errors.

def test_5_4_1_a_connection_error_closes_the_connection(peer):
    peer.send(ping(b"123456"))
    peer.connection_error(FRAME_SIZE_ERROR)


def test_5_4_1_goaway_names_the_last_stream(peer):
    peer.send(headers(1, GET))
    peer.answered()
    peer.send(ping(b"123456"))
    got = peer.connection_error(FRAME_SIZE_ERROR)
    assert struct.unpack(">I", got.payload[:4])[0] == 1


# 5.5: extensions.

def test_5_5_extension_frames_are_ignored(peer):
    peer.send(frame(0x16, 0, 0, bytes(8)), headers(1, GET))
    peer.answered()


def test_5_5_no_extension_frame_inside_a_block(peer):
    peer.send(headers(1, GET, flags=0), frame(0x16, 0, 0, bytes(8)), continuation(1, b""))
    peer.connection_error(PROTOCOL_ERROR)
