"""How a server stops: what each kind of call is told, in which order, and who is waited for.

NOT_SERVING to those who watch its health; GOAWAY; UNAVAILABLE to calls that end with the server; other calls run on, and
get UNAVAILABLE when the grace is over.
"""

import pytest

from held_calls import HOLD, PUBLISH, WATCH, Stopping, acknowledge, ask, call, watch
from http2_peer import *

LAST_STREAM = 2**31 - 1
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


HEALTH = call("/grpc.health.v1.Health/Watch")


def ended(peer: Peer, stream: int) -> dict[str, str]:
    """The fields of the frame that ends the stream."""
    while True:
        got = peer.until(lambda f: f.kind in (HEADERS, RST_STREAM))
        assert got.kind == HEADERS, f"RST_STREAM {got.code} of {got.stream}"
        fields = dict(peer.decoder.decode(got.payload))
        if got.stream == stream and got.ends_stream:
            return fields


def test_who_watches_the_health_hears_of_the_stop_before_goaway():
    with Stopping() as scene, scene.connect() as peer:
        ask(peer, 1, HEALTH, struct.pack(">BI", 0, 0))
        assert peer.until(lambda f: f.kind == DATA).payload[5:] == SERVING
        scene.stop(60_000)
        got = peer.until(lambda f: f.kind in (DATA, GOAWAY))
        assert got.kind == DATA and got.payload[5:] == NOT_SERVING
        got = peer.until(lambda f: f.kind in (HEADERS, PING, GOAWAY))
        assert got.kind == GOAWAY and struct.unpack(">I", got.payload[:4])[0] == LAST_STREAM
        assert ended(peer, 1)["grpc-status"] == "14"
        acknowledge(peer)
        got = peer.until(lambda f: f.kind == GOAWAY)
        assert got.code == NO_ERROR and struct.unpack(">I", got.payload[:4])[0] == 1
        peer.closed()
        assert scene.stopped_after_ms() < 5000, "the grace is not waited for"


def test_an_open_watch_ends_with_a_status_behind_goaway():
    with Stopping() as scene, scene.connect() as peer:
        watch(peer)
        scene.stop(60_000)
        assert peer.until(lambda f: f.kind in (HEADERS, GOAWAY)).kind == GOAWAY
        trailers = ended(peer, 1)
        assert trailers["grpc-status"] == "14" and "stopping" in trailers["grpc-message"]
        acknowledge(peer)
        peer.closed()
        assert scene.stopped_after_ms() < 5000


def test_between_the_goaways_a_watch_ends_at_once_and_a_call_is_served():
    with Stopping() as scene, scene.connect() as peer:
        ask(peer, 1, HOLD)
        peer.alive()
        scene.stop(60_000)
        peer.until(lambda f: f.kind == GOAWAY)
        for stream, head in ((3, WATCH), (5, HEALTH)):
            ask(peer, stream, head, struct.pack(">BI", 0, 0))
            assert ended(peer, stream)["grpc-status"] == "14"
        peer.echo(7)
        acknowledge(peer)
        got = peer.until(lambda f: f.kind == GOAWAY)
        assert struct.unpack(">I", got.payload[:4])[0] == 7
        # What came before ends in peace, and then the server does.
        with pytest.raises(OSError):
            scene.connect()
        peer.send(reset(1))
        peer.closed()
        assert scene.stopped_after_ms() < 5000


def test_a_running_call_is_answered_within_the_grace():
    with Stopping() as scene, scene.connect() as held, scene.connect() as other:
        ask(held, 1, HOLD, message(b"kept"))
        held.alive()
        scene.stop(60_000)
        other.until(lambda f: f.kind == GOAWAY)
        ask(other, 1, PUBLISH)
        for peer in (held, other):
            assert ended(peer, 1)["grpc-status"] == "0"
        assert [f.payload for f in held.seen if f.kind == DATA] == [message(b"kept")]
        for peer in (held, other):
            peer.send(ping(b"\2" + bytes(7), flags=ACK))
            peer.closed()
        assert scene.stopped_after_ms() < 5000


@pytest.mark.parametrize("grace_ms", [0, 300])
def test_what_runs_at_the_end_of_the_grace_gets_a_status(grace_ms):
    with Stopping() as scene, scene.connect() as peer:
        ask(peer, 1, HOLD)
        # A request that is still coming.
        peer.send(headers(3, ECHO, end=False), data(3, b"\0\0", end=False))
        peer.alive()
        scene.stop(grace_ms)
        for stream in (1, 3):
            assert ended(peer, stream)["grpc-status"] == "14"
        peer.closed()
        assert grace_ms <= scene.stopped_after_ms() < grace_ms + 3000


def test_a_peer_that_takes_nothing_at_the_end_of_the_grace_is_cut():
    with Stopping() as scene, scene.connect((INITIAL_WINDOW_SIZE, 0)) as peer:
        ask(peer, 1, ECHO, message(b"answered, and never read"))
        # Its fields go into the table that those of the third stream may point to.
        peer.decoder.decode(peer.until(lambda f: f.kind == HEADERS and f.stream == 1).payload)
        ask(peer, 3, HOLD)
        peer.alive()
        scene.stop(300)
        assert ended(peer, 3)["grpc-status"] == "14"
        assert scene.stopped_after_ms() < 3000


def test_a_watch_whose_reader_is_stuck_holds_no_stop_up():
    """Its status waits behind bytes that the peer's window keeps back."""
    with Stopping() as scene, scene.connect((INITIAL_WINDOW_SIZE, 0)) as peer, scene.connect() as other:
        watch(peer)
        ask(other, 1, PUBLISH)
        other.response(1)
        scene.stop(60_000)
        assert scene.stopped_after_ms() < 5000


def test_a_thousand_watches_on_a_thousand_connections_of_which_ten_are_silent(descriptors):
    with Stopping("--limit=connections-per-address-max=2000") as scene:
        peers = [scene.connect() for _ in range(1000)]
        for peer in peers:
            watch(peer)
        silent, awake = peers[:10], peers[10:]
        scene.stop(60_000)
        for peer in awake:
            assert ended(peer, 1)["grpc-status"] == "14"
            acknowledge(peer)
        took = scene.stopped_after_ms()
        for peer in silent:
            # They had been told as well.
            assert ended(peer, 1)["grpc-status"] == "14"
        for peer in peers:
            peer.socket.close()
        print(f"1,000 watches, 10 silent: stopped after {took} ms")
        assert took < 5000


@pytest.fixture
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
