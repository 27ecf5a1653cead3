"""What a server must refuse, section by section of RFC 9113, and with which code: each kind of frame (6)."""

import pytest

from http2_peer import *


# 6.1: DATA.

def test_6_1_data_on_stream_0(peer):
    peer.send(data(0, b"test"))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_1_data_on_a_stream_that_is_not_open(peer):
    peer.send(headers(1, GET))
    peer.answered()
    peer.send(data(1, b"test"))
    peer.stream_error(1, STREAM_CLOSED)


def test_6_1_data_with_too_much_padding(peer):
    peer.send(headers(1, POST, end=False), data(1, b"\x06test", flags=PADDED))
    peer.connection_error(PROTOCOL_ERROR)


# 6.2: HEADERS.

def test_6_2_a_block_is_not_interrupted_by_priority(peer):
    peer.send(headers(1, GET[:8], flags=0), priority(1))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_2_a_block_is_not_interrupted_by_another_stream(peer):
    peer.send(headers(1, GET[:8], flags=0), data(3, b"test"))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_2_headers_on_stream_0(peer):
    peer.send(headers(0, GET))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_2_headers_with_too_much_padding(peer):
    peer.send(headers(1, b"\xff" + GET, flags=END_HEADERS | PADDED))
    peer.connection_error(PROTOCOL_ERROR)


# 6.3: PRIORITY.

def test_6_3_priority_on_stream_0(peer):
    peer.send(priority(0))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_3_priority_that_is_not_5_bytes_long(peer):
    peer.send(headers(1, POST, end=False), frame(PRIORITY, 0, 1, b"\x80\x00\x00\x01"))
    peer.stream_error(1, FRAME_SIZE_ERROR)


# 6.4: RST_STREAM.

def test_6_4_reset_of_stream_0(peer):
    peer.send(reset(0))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_4_reset_of_an_idle_stream(peer):
    peer.send(reset(1))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_4_reset_that_is_not_4_bytes_long(peer):
    peer.send(headers(1, POST, end=False), frame(RST_STREAM, 0, 1, b"\x00\x00\x00"))
    peer.connection_error(FRAME_SIZE_ERROR)


# 6.5: SETTINGS.

def test_6_5_an_acknowledgement_with_a_payload(peer):
    peer.send(settings((1, 1), flags=ACK))
    peer.connection_error(FRAME_SIZE_ERROR)


def test_6_5_settings_on_a_stream(peer):
    peer.send(settings((MAX_CONCURRENT_STREAMS, 100), stream=1))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_5_settings_that_are_not_a_multiple_of_6_bytes(peer):
    peer.send(frame(SETTINGS, 0, 0, b"\x00\x03\x00"))
    peer.connection_error(FRAME_SIZE_ERROR)


@pytest.mark.parametrize("entry, code", [
    ((ENABLE_PUSH, 2), PROTOCOL_ERROR), ((INITIAL_WINDOW_SIZE, 2**31), FLOW_CONTROL_ERROR),
    ((MAX_FRAME_SIZE, 2**14 - 1), PROTOCOL_ERROR), ((MAX_FRAME_SIZE, 2**24), PROTOCOL_ERROR)],
    ids=["ENABLE_PUSH 2", "INITIAL_WINDOW_SIZE 2^31", "MAX_FRAME_SIZE too small", "MAX_FRAME_SIZE too large"])
def test_6_5_2_values_out_of_range(peer, entry, code):
    peer.send(settings(entry))
    peer.connection_error(code)


def test_6_5_2_an_unknown_setting_is_ignored(peer):
    peer.send(settings((0xFF, 1)))
    peer.alive()


def test_6_5_3_the_last_of_several_values_counts(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)), headers(1, GET))
    assert len(peer.until(lambda f: f.kind == DATA).payload) == 1


def test_6_5_3_settings_are_acknowledged(peer):
    peer.send(settings((MAX_CONCURRENT_STREAMS, 100)))
    assert peer.until(lambda f: f.kind == SETTINGS).flags & ACK


# 6.7: PING.

def test_6_7_ping_is_answered(peer):
    peer.send(ping(b"answered"))
    got = peer.until(lambda f: f.kind == PING)
    assert got.flags & ACK and got.payload == b"answered"


def test_6_7_an_acknowledgement_is_not_answered(peer):
    peer.send(ping(b"invalid!", flags=ACK), ping(b"answered"))
    assert peer.until(lambda f: f.kind == PING).payload == b"answered"


def test_6_7_ping_on_a_stream(peer):
    peer.send(ping(stream=1))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_7_ping_that_is_not_8_bytes_long(peer):
    peer.send(ping(bytes(6)))
    peer.connection_error(FRAME_SIZE_ERROR)


# 6.8: GOAWAY.

def test_6_8_goaway_on_a_stream(peer):
    peer.send(goaway(stream=1))
    peer.connection_error(PROTOCOL_ERROR)


# 6.9: flow control.

def test_6_9_increment_0_of_the_connection(peer):
    peer.send(window_update(0, 0))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_9_increment_0_of_a_stream(peer):
    peer.send(headers(1, POST, end=False), window_update(1, 0))
    peer.stream_error(1, PROTOCOL_ERROR)


def test_6_9_window_update_that_is_not_4_bytes_long(peer):
    peer.send(frame(WINDOW_UPDATE, 0, 0, b"\x00\x00\x01"))
    peer.connection_error(FRAME_SIZE_ERROR)


def test_6_9_1_no_more_data_than_the_window_allows(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 1)), headers(1, GET))
    assert len(peer.until(lambda f: f.kind == DATA).payload) == 1


def test_6_9_1_the_connection_window_is_at_most_2_to_31_less_1(peer):
    peer.send(window_update(0, MAX_WINDOW), window_update(0, MAX_WINDOW))
    peer.connection_error(FLOW_CONTROL_ERROR)


def test_6_9_1_a_stream_window_is_at_most_2_to_31_less_1(peer):
    peer.send(headers(1, POST, end=False), window_update(1, MAX_WINDOW), window_update(1, MAX_WINDOW))
    peer.stream_error(1, FLOW_CONTROL_ERROR)


def test_6_9_2_a_new_initial_window_applies_to_open_streams(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET))
    peer.until(lambda f: f.kind == HEADERS and f.stream == 1)
    peer.send(settings((INITIAL_WINDOW_SIZE, 1)))
    assert len(peer.until(lambda f: f.kind == DATA).payload) == 1


def test_6_9_2_a_window_may_be_negative(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 3)), headers(1, GET))
    assert len(peer.until(lambda f: f.kind == DATA).payload) == 3
    # 3 are used: 2 - 3 = -1, and two more make one.
    peer.send(settings((INITIAL_WINDOW_SIZE, 2)), window_update(1, 2))
    assert len(peer.until(lambda f: f.kind == DATA).payload) == 1


def test_6_9_2_an_initial_window_above_the_maximum(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 2**31)))
    peer.connection_error(FLOW_CONTROL_ERROR)


# 6.10: CONTINUATION.

def test_6_10_only_continuations_follow_an_open_block(peer):
    peer.send(headers(1, GET[:8], flags=0), continuation(1, GET[8:], last=False), data(1, b"test"))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_10_several_continuations_are_taken(peer):
    peer.send(headers(1, GET[:8], flags=0), continuation(1, GET[8:12], last=False), continuation(1, GET[12:]))
    peer.answered()


def test_6_10_continuation_on_stream_0(peer):
    peer.send(headers(1, GET[:8], flags=0), continuation(0, GET[8:]))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_10_continuation_after_a_whole_block(peer):
    peer.send(headers(1, POST, end=False), continuation(1, b""))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_10_continuation_after_a_last_continuation(peer):
    peer.send(headers(1, POST[:8], end=False, flags=0), continuation(1, POST[8:]), continuation(1, b""))
    peer.connection_error(PROTOCOL_ERROR)


def test_6_10_continuation_after_data(peer):
    peer.send(headers(1, POST, end=False), data(1, b"test", end=False), continuation(1, b""))
    peer.connection_error(PROTOCOL_ERROR)
