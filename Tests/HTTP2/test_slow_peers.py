"""Attacks by patience: peers that send or take next to nothing, and by that hold streams, buffers and connections.

The times that end them are cut to a second here; rows, assertions and bystander are those of test_attacks.
"""

import itertools
import select

import pytest

from attack_scene import *

HALF = data(1, b"\0\0\0\0\x09abc", end=False)


def hung_up(peer: Peer) -> None:
    """The server closes within the test's patience, whatever it says before."""
    peer.socket.settimeout(PATIENCE)
    peer.closed()


def test_a_connection_that_says_nothing():
    with attacked("handshake-timeout=1") as scene:
        with Peer(scene.address, handshake=False) as peer:
            hung_up(peer)
        with Peer(scene.address, handshake=False) as peer:
            # A preface without its SETTINGS is none.
            peer.send(PREFACE)
            hung_up(peer)
        scene.counted(ended("handshake_timed_out"), 2)


def test_a_header_block_that_does_not_end():
    with attacked("header-timeout=1") as scene:
        with Peer(scene.address) as peer:
            peer.send(headers(1, ECHO[:10], flags=0))
            hung_up(peer)
        scene.counted(ended("headers_timed_out"))


@pytest.mark.parametrize("sent", [b"", HALF], ids=["nothing", "half a message"])
def test_a_body_that_does_not_end(sent):
    with attacked("request-timeout=1") as scene:
        with Peer(scene.address) as peer:
            peer.send(headers(1, ECHO, end=False), sent)
            assert peer.response(1)[2]["grpc-status"] == "8"
            # The call is over, the connection is not.
            peer.echo(3)
        scene.counted(refused("request_too_slow"))


def test_a_body_that_drips():
    with attacked("request-timeout=1") as scene:
        with Peer(scene.address) as peer:
            peer.send(headers(1, ECHO, end=False), data(1, b"\0\0\0\x10\0", end=False))
            peer.socket.settimeout(0.05)
            for _ in itertools.count():
                peer.send(data(1, b"x" * 6, end=False))
                try:
                    peer.until(lambda f: f.kind == HEADERS and f.stream == 1)
                    break
                except TimeoutError:
                    continue
        scene.counted(refused("request_too_slow"))


def test_half_a_request_on_every_stream_of_many_connections():
    with attacked("request-timeout=1") as scene:
        peers, calls = [], 0
        try:
            for _ in range(20):
                peer = Peer(scene.address)
                peers.append(peer)
                for index in range(peer.server_settings[MAX_CONCURRENT_STREAMS]):
                    calls += 1
                    peer.send(headers(1 + 2 * index, ECHO, end=False), data(1 + 2 * index, bytes(5), end=False))
            scene.counted(refused("request_too_slow"), calls)
        finally:
            for peer in peers:
                peer.socket.close()


def fill(peer: Peer, streams: int, announced: int = 4 << 20) -> None:
    """Sends all but the last byte of a message on each stream, as far as windows and the server let it."""
    windows = {0: 65_535}
    left = {}

    def note(got: Frame) -> None:
        if got.kind == WINDOW_UPDATE:
            windows[got.stream] = windows.get(got.stream, 0) + struct.unpack(">I", got.payload)[0]
        elif got.kind == HEADERS:
            assert dict(peer.decoder.decode(got.payload))["grpc-status"] == "8"
            left[got.stream] = 0

    for got in peer.seen:
        note(got)
    for stream in range(1, 2 * streams, 2):
        windows[stream] = peer.server_settings[INITIAL_WINDOW_SIZE] - 5
        windows[0] -= 5
        left[stream] = announced - 1
        peer.send(headers(stream, ECHO, end=False), data(stream, struct.pack(">BI", 0, announced), end=False))
    while any(left.values()):
        is_stuck = True
        for stream in left:
            count = min(left[stream], windows[stream], windows[0], 8 * DEFAULT_FRAME)
            if count > 0:
                peer.send(body(stream, bytes(count), end=False))
                left[stream] -= count
                windows[stream] -= count
                windows[0] -= count
                is_stuck = False
        while any(left.values()) and (is_stuck or select.select([peer.socket], [], [], 0)[0]):
            note(peer.next())
            is_stuck = False


def test_messages_that_lack_their_last_byte_on_every_stream():
    """128 streams would hold 512 MiB."""
    with attacked("held-request-bytes-per-connection-max=8000000") as scene:
        with Peer(scene.address) as peer:
            fill(peer, peer.server_settings[MAX_CONCURRENT_STREAMS])
            scene.counted(refused("too_many_request_bytes"), 120)
            peer.echo(1001)


def test_messages_that_lack_their_last_byte_on_many_connections():
    """Who holds most is refused first; the bystander's calls, which are counted too, go on."""
    with attacked("held-request-bytes-per-connection-max=8000000", "held-request-bytes-max=9000000") as scene:
        peers = [Peer(scene.address) for _ in range(10)]
        try:
            for peer in peers:
                fill(peer, 2, 2 << 20)
            scene.counted(refused("too_many_request_bytes"), 16)
            peers[-1].echo(1001, bytes(60_000))
        finally:
            for peer in peers:
                peer.socket.close()


def test_headers_held_on_every_stream_with_closed_windows():
    """The pinning half of CVE-2026-49975: as much metadata as is allowed, on as many streams, answered to nobody."""
    with attacked("window-stall-timeout=1") as scene:
        with Peer(scene.address, (INITIAL_WINDOW_SIZE, 0)) as peer:
            for index in range(peer.server_settings[MAX_CONCURRENT_STREAMS]):
                fields = literal("x-held", "v" * 3000, first=0x40) + b"\xbe" * 3
                peer.send(headers(1 + 2 * index, STREAM + fields, end=False),
                          data(1 + 2 * index, message(bytes(1000))))
            hung_up(peer)
        scene.counted(ended("write_stalled"))


def test_large_answers_to_a_peer_that_opens_no_window():
    """Slow read: each stream asks for 100 messages of 60 KB and takes none of them, 750 MB in all."""
    with attacked("window-stall-timeout=1") as scene:
        with Peer(scene.address, (INITIAL_WINDOW_SIZE, 0)) as peer:
            for index in range(64):
                stream = 1 + 2 * index
                peer.send(headers(stream, STREAM, end=False), body(stream, message(bytes(60_000))))
            hung_up(peer)
        scene.counted(ended("write_stalled"))


def test_large_answers_to_many_peers_that_open_no_window():
    """Each connection may queue 64 MiB; all of them may not, and who queues little is answered meanwhile."""
    with attacked("queued-bytes-in-all-max=6000000") as scene:
        peers = [Peer(scene.address, (INITIAL_WINDOW_SIZE, 0)) for _ in range(8)]
        try:
            for peer in peers:
                for stream in range(1, 41, 2):
                    peer.send(headers(stream, ECHO, end=False), body(stream, message(bytes(300_000))))
            # 48 MB of answers: all but the limit's and each connection's share are refused.
            scene.counted(refused("too_many_response_bytes"), 80)
        finally:
            for peer in peers:
                peer.socket.close()


#: What ends a connection whose answers pile up: time, or a limit that strikes before.
IMPATIENT = ["write_stalled", "outbound_queue_full", "too_many_pings", "too_many_settings", "too_many_violations"]


@pytest.mark.parametrize("name, part", {"PING": ping(), "SETTINGS": settings(), "calls": None}.items())
def test_frames_to_answer_from_a_peer_that_reads_nothing(name, part):
    """CVE-2019-9517 and the queue of acknowledgements: the answers pile up, so reading stops and the line ends."""
    with attacked("write-stall-timeout=1") as scene:
        with Peer(scene.address, (INITIAL_WINDOW_SIZE, MAX_WINDOW)) as peer:
            try:
                if part:
                    while peer.try_send(part * 500):
                        pass
                else:
                    peer.send(window_update(0, MAX_WINDOW - 65535))
                    for index in range(50_000):
                        number = 1 + 2 * index
                        call = headers(number, STREAM, end=False) + data(number, message(bytes(10_000)))
                        if not peer.try_send(call):
                            break
            except TimeoutError:
                pass  # the server has stopped reading, which is right too
            # Still connected, still reading nothing.
            eventually(lambda: any(scene.counters().get(ended(reason)) for reason in IMPATIENT),
                       f"the end is counted: {scene.counters()}")


def test_a_connection_without_calls():
    with attacked("idle-max=1") as scene:
        with Peer(scene.address) as peer:
            got = peer.until(lambda f: f.kind == GOAWAY and f.payload[8:] == b"max_idle")
            assert got.code == NO_ERROR
            hung_up(peer)
