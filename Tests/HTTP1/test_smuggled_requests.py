"""Requests that a proxy in front might divide differently (RFC 9112 section 11.2).

Each is followed by a request that would be somebody else's. Every test asserts the same: one refusal and the end of
the connection, so that the hidden request is never answered; a counter names the rule; nothing of the request is
repeated. The fixture holds the daemon's memory and a prober's answers against the whole table.
"""

import pytest

from http1_scene import *

#: Its answer would be told from a refusal.
HIDDEN = b"GET /livez?marker HTTP/1.1\r\nHost: clinic.example\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked"

#: Lines after a valid Host, the status and the reason.
FIELDS = {
    "CL.TE": ([LENGTH, CHUNKED], 400, "content_length_and_transfer_encoding"),
    "TE.CL": ([CHUNKED, LENGTH], 400, "content_length_and_transfer_encoding"),
    "TE.0": ([CHUNKED, b"Content-Length: 0"], 400, "content_length_and_transfer_encoding"),
    "CL.CL": ([b"Content-Length: 0", LENGTH], 400, "several_content_lengths"),
    "CL.CL, equal": ([LENGTH, LENGTH], 400, "several_content_lengths"),
    "CL list": ([b"Content-Length: 0, 5"], 400, "malformed_content_length"),
    "CL negative": ([b"Content-Length: -5"], 400, "malformed_content_length"),
    "CL plus": ([b"Content-Length: +5"], 400, "malformed_content_length"),
    "CL hexadecimal": ([b"Content-Length: 0x10"], 400, "malformed_content_length"),
    "CL empty": ([b"Content-Length:"], 400, "malformed_content_length"),
    "CL beyond 64 bits": ([b"Content-Length: 18446744073709551616"], 400, "malformed_content_length"),
    "CL above the limit": ([b"Content-Length: 999999999"], 413, "body_too_large"),
    "TE.TE": ([CHUNKED, b"Transfer-Encoding: cow"], 400, "malformed_transfer_encoding"),
    "TE.TE, in another case": ([CHUNKED, b"Transfer-encoding: identity"], 400, "malformed_transfer_encoding"),
    "TE unknown": ([b"Transfer-Encoding: xchunked"], 400, "malformed_transfer_encoding"),
    "TE not last": ([b"Transfer-Encoding: chunked, identity"], 400, "malformed_transfer_encoding"),
    "TE twice": ([b"Transfer-Encoding: chunked, chunked"], 400, "malformed_transfer_encoding"),
    "TE in quotes": ([b'Transfer-Encoding: "chunked"'], 400, "malformed_transfer_encoding"),
    "TE gzip": ([b"Transfer-Encoding: gzip, chunked"], 501, "unsupported_transfer_coding"),
    "TE with a vertical tab": ([b"Transfer-Encoding: \x0bchunked"], 400, "malformed_field"),
    "TE before a blank": ([b"Transfer-Encoding : chunked"], 400, "whitespace_before_colon"),
    "TE before a tab": ([b"Transfer-Encoding\t: chunked"], 400, "whitespace_before_colon"),
    "TE folded": ([b"Transfer-Encoding:", b" chunked"], 400, "folded_field"),
    "TE after a folded field": ([b"X: y", b" Transfer-Encoding: chunked"], 400, "folded_field"),
    "TE hidden by CR": ([b"X: y\rTransfer-Encoding: chunked"], 400, "bare_carriage_return"),
    "TE hidden by LF": ([b"X: y\nTransfer-Encoding: chunked"], 400, "bare_line_feed"),
    "NUL in a value": ([b"Transfer-Encoding: chunked\0"], 400, "nul_byte"),
    "NUL in a name": ([b"Transfer\0-Encoding: chunked"], 400, "nul_byte"),
    "a line without a colon": ([b"X"], 400, "malformed_field"),
    "two hosts": ([b"Host: marker.example"], 400, "several_hosts"),
    "two equal hosts": ([b"host: clinic.example"], 400, "several_hosts"),
    "another expectation": ([b"Expect: marker"], 417, "unsupported_expectation"),
}

#: Whole heads.
HEADS = {
    "lines that LF ends": (b"GET /marker HTTP/1.1\nHost: x\n\n", 400, "bare_line_feed"),
    "lines that CR ends": (b"GET /marker HTTP/1.1\rHost: x\r\r", 400, "bare_carriage_return"),
    "no host": (b"GET /marker HTTP/1.1\r\n\r\n", 400, "missing_host"),
    "an empty host": (b"GET /marker HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed_host"),
    "a list of hosts": (b"GET /marker HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "malformed_host"),
    "a host with user": (b"GET /marker HTTP/1.1\r\nHost: marker@b\r\n\r\n", 400, "malformed_host"),
    "a target of another host": (b"GET http://a/marker HTTP/1.1\r\nHost: b\r\n\r\n", 400, "authority_mismatch"),
    "a target with user": (b"GET http://marker@b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400, "malformed_target"),
    "a fragment": (b"GET /livez#marker HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_target"),
    "a target beyond ASCII": (b"GET /marker\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_target"),
    "two blanks": (b"GET  /marker HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request_line"),
    "a blank at the end": (b"GET /marker HTTP/1.1 \r\nHost: x\r\n\r\n", 400, "malformed_request_line"),
    "HTTP/0.9": (b"GET /marker\r\n", 400, "malformed_request_line"),
    "a version with letters": (b"GET /marker HTTP/1.x\r\nHost: x\r\n\r\n", 400, "malformed_request_line"),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), 400, "nul_byte"),
    "a tunnel": (b"CONNECT marker:443 HTTP/1.1\r\nHost: marker:443\r\n\r\n", 501, "unsupported_connect"),
    "a coding in HTTP/1.0": (b"GET / HTTP/1.0\r\n" + CHUNKED + b"\r\n\r\n", 400, "transfer_encoding_in_http_1_0"),
    "empty lines": (b"\r\n\r\n", 400, "empty_lines"),
}

CASES = HEADS | {
    name: (b"GET /marker HTTP/1.1\r\nHost: clinic.example\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n",
           status, reason)
    for name, (lines, status, reason) in FIELDS.items()
}


def refused(answer: bytes, status: int) -> None:
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert answer.count(b"HTTP/1.1") == 1 and b"\r\nConnection: close\r\n" in answer
    assert b"marker" not in answer and b"alive" not in answer


@pytest.mark.parametrize("name", CASES)
def test_a_request_that_may_be_divided_differently(scene, name):
    request, status, reason = CASES[name]
    before = scene.ended().get(reason, 0)
    refused(exchange(scene.address, request + b"0\r\n\r\n" + HIDDEN), status)
    scene.counted(reason, before + 1)


@pytest.mark.parametrize("name", CASES)
def test_such_a_request_byte_by_byte(scene, name):
    request, status, reason = CASES[name]
    before = scene.ended().get(reason, 0)
    with Client(scene.address) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request + HIDDEN:
            if not client.send(bytes([byte])):
                break
        refused(client.answer(), status)
    scene.counted(reason, before + 1)


@pytest.mark.parametrize("method, status", [("GET", 200), ("HEAD", 200), ("POST", 405), ("DELETE", 405), ("GETX", 405)])
@pytest.mark.parametrize("body", [LENGTH + b"\r\n\r\n" + HIDDEN,
                                  CHUNKED + b"\r\n\r\n%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"],
                         ids=["length", "chunks"])
def test_a_body_is_never_a_request(scene, method, status, body):
    request = b"%s /livez HTTP/1.1\r\nHost: clinic.example\r\n" % method.encode() + body + HIDDEN
    answer = exchange(scene.address, request)
    assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.count(b"HTTP/1.1") == 1
    assert b"marker" not in answer


def test_what_follows_a_request_is_not_answered(scene):
    assert exchange(scene.address, LIVEZ + HIDDEN).count(b"alive") == 1
