"""Attacks by frames, each mounted against a server of its own with its default limits.

Every test asserts the same four things: the offender is cut off, a counter tells, the server's memory stays bounded,
and calls on another connection go on meanwhile. Attacks by patience are in test_slow_peers, those on TLS in
test_attacks_tls.
"""

import gzip
import itertools

import pytest

from attack_scene import *


def flood(scene: Server, peer: Peer, parts, reason: str, answered: bool, count: int = 20_000) -> None:
    """Sends one part after another until the server hangs up, and reads why.

    With `answered` each batch waits for its resets, so that no other limit is in the way.
    """
    parts = itertools.islice(parts, count)
    while batch := list(itertools.islice(parts, 50)):
        if not peer.try_send(*batch):
            break
        if answered and any(peer.until(lambda f: f.kind in (RST_STREAM, GOAWAY)).kind == GOAWAY for _ in batch):
            break
    got = next((f for f in peer.seen if f.kind == GOAWAY), None) or peer.until(lambda f: f.kind == GOAWAY)
    assert got.code == ENHANCE_YOUR_CALM
    assert got.payload[8:].decode() == reason
    peer.closed()
    scene.counted(ended(reason))


ODD = lambda: itertools.count(1, 2)

FLOODS = {
    # CVE-2023-44487 (Rapid Reset), CVE-2019-9514.
    "rapid reset": ("too_many_resets", lambda: (headers(n, ECHO, end=False) + reset(n) for n in ODD())),
    # CVE-2025-8671 (MadeYouReset): ways to make the server reset.
    "made you reset: window beyond the maximum": (
        "too_many_violations", lambda: (headers(n, ECHO, end=False) + window_update(n, MAX_WINDOW) for n in ODD())),
    "made you reset: more than content-length": (
        "too_many_violations",
        lambda: (headers(n, ECHO + literal("content-length", "1"), end=False) + data(n, bytes(9)) for n in ODD())),
    "made you reset: malformed requests": (
        "too_many_violations", lambda: (headers(n, ECHO + literal("connection", "close")) for n in ODD())),
    "made you reset: fields without a name": (
        "too_many_violations", lambda: (headers(n, ECHO + literal("", "x")) for n in ODD())),
    "made you reset: upper-case names": (
        "too_many_violations", lambda: (headers(n, ECHO + literal("X", "x")) for n in ODD())),
    "made you reset: blocks without a field": ("too_many_violations", lambda: (headers(n, b"") for n in ODD())),
    "made you reset: pseudo-headers in trailers": (
        "too_many_violations",
        lambda: (headers(n, ECHO, end=False) + headers(n, block((":path", "/"))) for n in ODD())),
    "made you reset: DATA of closed streams": (
        "too_many_violations", lambda: (headers(n, GET) + reset(n) + data(n, bytes(9)) for n in ODD())),
    # CVE-2019-9518 and 9511.
    "empty DATA": ("too_many_tiny_data_frames", lambda: itertools.chain(
        [headers(1, ECHO, end=False)], itertools.repeat(data(1, end=False)))),
    "one byte at a time": ("too_many_tiny_data_frames", lambda: itertools.chain(
        [headers(1, ECHO, end=False), data(1, b"\0\0\x10\0\0", end=False)], itertools.repeat(data(1, b"x", end=False)))),
    # CVE-2019-9512 and 9515. The gRPC rule for PING bites before the bucket does.
    "PING": ("too_many_pings", lambda: itertools.repeat(ping())),
    "SETTINGS": ("too_many_settings", lambda: itertools.repeat(settings((INITIAL_WINDOW_SIZE, 70_000)))),
    # CVE-2019-9513.
    "PRIORITY": ("too_many_priority_frames", lambda: (priority(n, n + 2) for n in itertools.cycle(range(1, 99, 2)))),
    "PRIORITY_UPDATE": (
        "too_many_priority_frames", lambda: itertools.repeat(frame(0x10, 0, 0, struct.pack(">I", 1) + b"u=0"))),
    "WINDOW_UPDATE": ("too_many_window_updates", lambda: itertools.repeat(window_update(0, 1))),
    "answers to PINGs that nobody sent": ("too_many_pings", lambda: itertools.repeat(ping(flags=ACK))),
    "GOAWAY": ("too_many_violations", lambda: itertools.chain(
        [headers(1, ECHO, end=False)], itertools.repeat(goaway()))),
    "unknown frames": ("too_many_unknown_frames", lambda: itertools.repeat(frame(0xEE, 0, 0, bytes(100)))),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood(scene, name):
    reason, parts = FLOODS[name]
    with Peer(scene.address) as peer:
        flood(scene, peer, parts(), reason, answered=name.startswith("made you reset"))


def test_more_settings_in_one_write_than_may_be_acknowledged(scene):
    with Peer(scene.address) as peer:
        peer.try_send(settings() * 5000)
        got = peer.connection_error(ENHANCE_YOUR_CALM)
        assert got.payload[8:] == b"too_many_settings"
    scene.counted(ended("too_many_settings"))


@pytest.mark.parametrize("part", [literal("x-filler", "x" * 1000), b""], ids=["full", "empty"])
def test_continuation_flood(scene, part):
    """CVE-2024-28182: a block that never ends."""
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO, flags=0))
        peer.try_send(continuation(1, part, last=False) * 9)
        got = peer.connection_error(ENHANCE_YOUR_CALM)
        assert got.payload[8:] == b"too_many_continuations"
    scene.counted(ended("too_many_continuations"))


def test_frames_behind_the_end_are_not_looked_at(scene):
    """CVE-2026-27135: a frame that is broken behind one that ended the session."""
    for bad in [headers(1, b"\x40"), data(0, b"x"), settings((ENABLE_PUSH, 2)), frame(PING, 0, 0, b"short"), b"\xff" * 64]:
        with Peer(scene.address) as peer:
            peer.try_send(headers(1, ECHO, flags=0), continuation(1, b"", last=False) * 20, bad * 10)
            peer.connection_error(ENHANCE_YOUR_CALM)
            peer.try_send(bad)
    scene.counted(ended("too_many_continuations"), 5)


def bomb(references: int) -> bytes:
    """One long field enters the table, then it is referred to with a byte each (CVE-2016-6581, CVE-2026-49975)."""
    return literal("x-bomb", "v" * 3000, first=0x40) + b"\xbe" * references


def test_header_bomb(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + bomb(8000)))
        got = peer.connection_error(ENHANCE_YOUR_CALM)
        assert got.payload[8:] == b"header_block_too_large"
    scene.counted(ended("header_block_too_large"))


def test_header_blocks_a_little_over_the_limit_are_refused_one_by_one(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + bomb(8)))
        assert peer.response(1)[2]["grpc-status"] == "8"
        # The references would grow old with the table; the next block brings its own entry.
        peer.send(headers(3, ECHO + bomb(8)))
        assert peer.response(3)[2]["grpc-status"] == "8"
        peer.echo(5)
    scene.counted(refused("header_block_too_large"), 2)


def test_a_message_announced_as_4_gib_is_refused_by_its_prefix(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO, end=False), data(1, b"\0\xff\xff\xff\xff" + bytes(100), end=False))
        assert peer.response(1)[2]["grpc-status"] == "8"
        peer.echo(3)
    scene.counted(refused("request_too_large"))


def test_compression_bomb(scene):
    """4 MiB is the limit of a message; 64 MiB of zeros come in 64 KiB."""
    packed = gzip.compress(bytes(64 * MIB), 6)
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + literal("grpc-encoding", "gzip"), end=False),
                  body(1, struct.pack(">BI", 1, len(packed)) + packed))
        assert peer.response(1)[2]["grpc-status"] == "8"
        peer.echo(3)
    scene.counted(refused("unpacked_request_too_large"))


def test_methods_that_do_not_exist_leave_no_trace(scene):
    """Names from the wire become no labels of metrics: 100,000 of 60 bytes would be several MiB each."""
    with Peer(scene.address) as peer:
        for index in range(3000):
            path = f"/{'x' * 60}/{index}"
            peer.send(headers(1 + 2 * index, block(*request("POST", path, ("content-type", "application/grpc")))))
            assert peer.response(1 + 2 * index)[2]["grpc-status"] == "12"
    scene.counted('grpc_server_handled_total{method="_OTHER",code="UNIMPLEMENTED"}', 3000)
    assert not [name for name in scene.counters() if "xxx" in name]


# Attacks by connections.

def test_connections_of_one_address_are_bounded(scene):
    """1,024 are allowed, and the bystander's is one of them: the oldest of those that say nothing give way."""
    assert cut_of(scene, 1100, 1100 - 1023) == 1100 - 1023
    scene.counted('http2_connections_evicted_total{limit="connections_per_address_max"}', 77)


def test_connections_are_bounded_in_all():
    with attacked("connections-max=20") as scene:
        assert cut_of(scene, 40, 40 - 19) == 40 - 19
        scene.counted('http2_connections_evicted_total{limit="connections_max"}', 21)


def test_who_gives_way_learns_that_none_of_its_calls_was_begun():
    """They may be on their way: a client that is told so makes them elsewhere without asking anybody."""
    with attacked("connections-max=2") as scene, Peer(scene.address, handshake=False) as silent:
        with Peer(scene.address) as newcomer:
            newcomer.echo(1)
            goaway = silent.until(lambda f: f.kind == GOAWAY)
            assert int.from_bytes(goaway.payload[:4], "big") == 0 and goaway.code == NO_ERROR
            silent.closed()


def test_accepting_pauses_when_descriptors_run_out():
    """The connections wait in the kernel's queue, and those that have one go on."""
    with attacked(descriptors=48) as scene:
        sockets = [socket.create_connection(scene.address, timeout=PATIENCE) for _ in range(100)]
        greeted = sum(1 for one in sockets[:20] if not is_cut(one))
        assert greeted == 20
        for one in sockets:
            one.close()
        scene.counted("http2_accept_pauses_total")


def cut_of(scene: Server, count: int, wanted: int) -> int:
    """Makes so many connections at once, waits until so many are over, and says how many are."""
    sockets = []

    def over() -> int:
        return count - sum(1 for one in sockets if not is_over(one))

    try:
        for _ in range(count):
            try:
                sockets.append(socket.create_connection(scene.address, timeout=PATIENCE))
            except ConnectionError:
                pass
        eventually(lambda: over() >= wanted, f"{wanted} of {count} are over")
        return over()
    finally:
        for one in sockets:
            one.close()


def is_over(one: socket.socket) -> bool:
    """After what a plain server greets with."""
    one.setblocking(False)
    try:
        while one.recv(4096):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def is_cut(one: socket.socket) -> bool:
    """A plain server greets at once, so every connection has something to read: SETTINGS, or its end."""
    try:
        return not one.recv(9)
    except ConnectionError:
        return True
