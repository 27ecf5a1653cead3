"""Rules of RFC 9113 and RFC 7541 about fields and sizes beyond the usual checkers' cases.

The groups of cases that HTTP/2 checkers agree on are all in test_exchange (what must be taken: starting, streams in every
state, each kind of frame, exchanges, each form of a field) and the three test_violations_of_… (what must be refused: RFC 9113 sections
3.4, 4.1 to 4.3, 5.1, 5.1.1, 5.1.2, 5.3, 5.4.1, 5.5, 6.1 to 6.5, 6.7 to 6.10, 7, 8.1 to 8.4; RFC 7541 sections 2.3.3, 4.2,
5.2, 6.1, 6.3).
"""

import time

import pytest

from http2_peer import *


@pytest.mark.parametrize("name", ["keep-alive", "proxy-connection", "transfer-encoding", "upgrade"])
def test_8_2_2_fields_of_another_protocols_connections(peer, name):
    peer.send(headers(1, GET + literal(name, "x")))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_2_2_te_may_say_trailers(peer):
    peer.send(headers(1, GET + literal("te", "trailers")))
    peer.answered()


@pytest.mark.parametrize("value", [b"a\0b", b"a\rb", b"a\nb", b" a", b"a "],
                         ids=["NUL", "CR", "LF", "leading space", "trailing space"])
def test_8_2_1_characters_that_no_value_may_hold(peer, value):
    peer.send(headers(1, GET + literal("x-test", value)))
    peer.stream_error(1, PROTOCOL_ERROR)


@pytest.mark.parametrize("name", [b"x test", b"x\0", b"x:y", b"\x80x"], ids=["space", "NUL", "colon", "not ASCII"])
def test_8_2_1_characters_that_no_name_may_hold(peer, name):
    peer.send(headers(1, GET + literal(name, "ok")))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_8_2_1_values_beyond_ascii_do_not_disturb_a_call(peer):
    """gRPC allows less than HTTP: such a value must not fail the call."""
    peer.send(headers(1, ECHO + literal("x-name", "ü".encode()), end=False), data(1, message(b"x")))
    assert peer.response(1)[2]["grpc-status"] == "0"


def test_8_1_1_two_content_lengths(peer):
    lengths = literal("content-length", "4") + literal("content-length", "5")
    peer.send(headers(1, POST + lengths, end=False), data(1, b"test"))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_4_2_no_frame_of_ours_is_longer_than_the_peer_takes(peer):
    peer.send(window_update(0, 1 << 20), headers(1, ECHO, end=False), body(1, message(bytes(50_000))))
    peer.response(1)
    assert max(len(f.payload) for f in peer.seen) <= DEFAULT_FRAME


def test_6_5_2_a_larger_frame_size_is_no_duty(connect):
    peer = connect((MAX_FRAME_SIZE, 1 << 20))
    peer.echo(1, bytes(50_000))


def test_hpack_4_2_a_table_of_no_bytes_is_kept_to(connect):
    """The peer's decoder refuses anything that would need a table."""
    peer = connect((HEADER_TABLE_SIZE, 0))
    peer.decoder.header_table_size = 0
    peer.decoder.max_allowed_table_size = 0
    for stream in (1, 3, 5):
        peer.echo(stream)


def test_hpack_4_4_a_field_larger_than_the_table_empties_it(peer):
    """RFC 7541 section 4.4: that is not an error; an index into the emptied table is one."""
    small = literal("x-small", "s", first=0x40)
    large = literal("x-large", "l" * 4100, first=0x40)
    peer.send(headers(1, GET + small + b"\xbe"))
    peer.answered(1)
    peer.send(headers(3, GET + large))
    peer.answered(3)
    peer.send(headers(5, GET + b"\xbe"))
    peer.connection_error(COMPRESSION_ERROR)


def test_hpack_5_1_an_integer_without_end(peer):
    peer.send(headers(1, GET + b"\xff" + b"\xff" * 20))
    peer.connection_error(COMPRESSION_ERROR)


def test_hpack_a_field_cut_at_the_end_of_its_block(peer):
    peer.send(headers(1, GET + literal("x-test", "whole")[:-2]))
    peer.connection_error(COMPRESSION_ERROR)


def test_6_9_data_on_many_streams_shares_the_window_of_the_connection(peer):
    """65,535 bytes in all until the peer opens more, however many streams ask."""
    for stream in (1, 3, 5, 7):
        peer.send(headers(stream, ECHO, end=False), body(stream, message(bytes(30_000))))
    got = 0
    while got < 65_535:
        got += len(peer.until(lambda f: f.kind == DATA).payload)
    assert got == 65_535
    peer.alive()
    assert sum(len(f.payload) for f in peer.seen if f.kind == DATA) == 65_535


@pytest.mark.parametrize("piece", [1, 7])
def test_6_2_header_blocks_of_many_connections_that_arrive_in_pieces_stay_apart(connect, piece):
    """Half a HEADERS frame of one connection, then half of another's: no field may change sides."""
    peers = [connect() for _ in range(6)]
    asked = [headers(1, GET) if index % 2 else headers(1, ECHO, end=False) for index in range(len(peers))]
    while any(asked):
        for index, peer in enumerate(peers):
            peer.send(asked[index][:piece])
            asked[index] = asked[index][piece:]
        # Long enough for the server to have read each piece by itself.
        time.sleep(0.002)
    for index, peer in enumerate(peers):
        if index % 2:
            peer.answered()
        else:
            peer.send(data(1, message(b"mine %d" % index)))
            _, answer, trailers = peer.response()
            assert trailers["grpc-status"] == "0" and answer == message(b"mine %d" % index)
