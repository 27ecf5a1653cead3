"""Attacks on the monitoring endpoint by what does not end: heads, bodies, connections, patience.

Every test asserts the same four things: the offender is cut off, a counter tells, the daemon's memory stays bounded,
and a prober is answered meanwhile.
"""

import itertools

import pytest

from http1_scene import *

HEAD = b"GET /livez HTTP/1.1\r\nHost: clinic.example\r\n"

#: What is sent first, what is repeated, and the reason.
FLOODS = {
    "a method": (b"", b"A" * 1000, "request_line_too_long"),
    "a target": (b"GET /", b"a" * 1000, "request_line_too_long"),
    "empty lines": (b"", b"\r\n" * 500, "empty_lines"),
    "a name": (HEAD, b"a" * 1000, "fields_too_large"),
    "a value": (HEAD + b"X: ", b"a" * 1000, "fields_too_large"),
    "a value of blanks": (HEAD + b"X:", b" " * 1000, "fields_too_large"),
    "small fields": (HEAD, b"a:\r\n" * 250, "too_many_fields"),
    "large fields": (HEAD, b"a: " + b"b" * 995 + b"\r\n", "fields_too_large"),
    "hosts": (b"GET /livez HTTP/1.1\r\n", b"Host: clinic.example\r\n" * 50, "too_many_fields"),
    # Answered with the head; then nobody reads on for long.
    "a body": (HEAD + b"Content-Length: 4000000\r\n\r\n", b"x" * 1000, "unread_bytes"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 200, "unread_bytes"),
    "chunk extensions": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1", b";a=b" * 250, "unread_bytes"),
    "a chunk's size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1000, "unread_bytes"),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 200, "unread_bytes"),
    "requests": (b"", LIVEZ * 25, "unread_bytes"),
    "zeros": (b"", bytes(1000), "nul_byte"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood(scene, name):
    beginning, part, reason = FLOODS[name]
    before = scene.ended().get(reason, 0)
    with Client(scene.address) as client:
        client.send(beginning)
        # 64 MiB, if nobody hangs up.
        for _ in range(1 << 16):
            if not client.send(part):
                break
        else:
            pytest.fail("the daemon takes everything")
    scene.counted(reason, before + 1)


def test_a_flood_from_many_connections(scene):
    before = scene.ended().get("fields_too_large", 0)
    clients = [Client(scene.address) for _ in range(100)]
    try:
        for client in clients:
            client.send(HEAD)
        uncut = list(clients)

        def send_on():
            uncut[:] = [client for client in uncut if client.send(b"a" * 1000)]
            return not uncut

        eventually(send_on, "all are cut off")
    finally:
        for client in clients:
            client.socket.close()
    scene.counted("fields_too_large", before + 100)


def test_more_connections_than_there_are_places(scene):
    """Who waits longest with half a request gives way."""
    before = scene.ended().get("connections_max", 0)
    clients = []
    try:
        for _ in range(400):
            clients.append(Client(scene.address))
            clients[-1].send(HEAD)
        eventually(lambda: sum(client.is_over() for client in clients) >= 400 - 128, "the oldest have given way")
    finally:
        for client in clients:
            client.socket.close()
    scene.counted("connections_max", before + 400 - 128)


def test_patience(scene):
    """Silence, half a line, half a head, and bytes that drip: none of them holds its place for long."""
    before = scene.ended()
    silent = [Client(scene.address) for _ in range(10)]
    slow = [Client(scene.address) for _ in range(30)]
    for client, sent in zip(slow, itertools.cycle([b"G", b"\r\n\r", HEAD])):
        client.send(sent)
    dripping = slow[::3]
    try:
        def drip_until_over():
            for client in dripping:
                client.send(b"E")
            return all(client.is_over() for client in silent + slow)

        eventually(drip_until_over, "all are cut off")
    finally:
        for client in silent + slow:
            client.socket.close()
    scene.counted("idle", before.get("idle", 0) + 10)
    scene.counted("head_too_slow", before.get("head_too_slow", 0) + 30)


def test_answers_that_nobody_reads(scene):
    """They fit the kernel's buffers; the daemon does not wait for a client to read or to close."""
    clients = [Client(scene.address) for _ in range(100)]
    try:
        for client in clients:
            client.send(METRICS)
        held = [client for client in clients]
        eventually(lambda: exchange(scene.address, LIVEZ).endswith(b"alive\n"), "others are answered")
        for client in held:
            assert client.answer().startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        for client in clients:
            client.socket.close()


def test_connections_that_are_reset(scene):
    """In any state: before a byte, within a head, with the answer on its way."""
    for sent in [b"", b"GET", HEAD, LIVEZ, METRICS] * 100:
        client = Client(scene.address)
        client.send(sent)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.socket.close()
    assert exchange(scene.address, LIVEZ).endswith(b"alive\n")


def test_heads_that_are_cut_off(scene):
    before = scene.ended().get("request_cut_off", 0)
    for sent in [b"G", b"GET / HTTP/1.1\r\n", HEAD]:
        with Client(scene.address) as client:
            client.send(sent)
            client.socket.shutdown(socket.SHUT_WR)
            assert client.answer() == b""
    scene.counted("request_cut_off", before + 3)


def test_a_client_that_sends_no_more_is_answered(scene):
    with Client(scene.address) as client:
        client.send(LIVEZ)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer().endswith(b"alive\n")
