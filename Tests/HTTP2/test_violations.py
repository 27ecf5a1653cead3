"""What a server must refuse, section by section of RFC 9113, and with which code."""

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


# 5.3 (RFC 7540 section 5.3.1): a stream cannot depend on itself. Priorities are deprecated, so ignoring is as good.

@pytest.mark.parametrize("own", [headers(1, priority_fields(1) + GET, flags=END_HEADERS | PRIORITY_FLAG), priority(1, 1)],
                         ids=["HEADERS", "PRIORITY"])
def test_5_3_1_self_dependency(peer, own):
    peer.send(own, headers(3, GET))
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
