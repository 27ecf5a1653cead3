"""Who is still there: the PINGs that a server sends for the sake of its open calls, and those that it takes from clients."""

import time

import pytest

from attack_scene import ended
from held_calls import watch
from http2_peer import *


def is_question(got: Frame) -> bool:
    return got.kind == PING and not got.flags & ACK


@pytest.fixture
def server():
    """Its watches want silent peers noticed within 3 s."""
    server = Server("--watch-peer-lost-after=3", "--limit=permit-keepalive-time=0.5")
    yield server
    server.stop()


def test_a_peer_with_an_open_watch_that_falls_silent_is_given_up_in_time(server):
    with Peer(server.address) as peer, Peer(server.address) as other:
        watch(peer)
        begun = time.monotonic()
        peer.until(is_question)
        peer.closed()
        assert time.monotonic() - begun < 3
        # Nobody's watch is on this one: it was asked nothing, and lives.
        other.alive()
        assert not [f for f in other.seen if is_question(f)]
    server.counted(ended("keepalive_timed_out"))


def test_a_peer_that_answers_is_asked_again_and_stays(server):
    with Peer(server.address) as peer:
        watch(peer)
        for _ in range(4):
            peer.send(ping(peer.until(is_question).payload, flags=ACK))
        peer.alive()


def test_any_word_of_the_peer_counts_as_an_answer(server):
    with Peer(server.address) as peer:
        watch(peer)
        for stream in range(3, 9, 2):
            peer.until(is_question)
            peer.echo(stream)


def test_who_has_no_watch_any_more_is_not_asked(server):
    with Peer(server.address) as peer, Peer(server.address) as other:
        for one in (peer, other):
            watch(one)
        peer.send(reset(1))
        for _ in range(3):
            other.send(ping(other.until(is_question).payload, flags=ACK))
        peer.alive()
        assert not [f for f in peer.seen if is_question(f)]


def test_pings_at_the_permitted_interval_are_taken_while_a_call_is_open(server):
    with Peer(server.address) as peer:
        watch(peer)
        for _ in range(6):
            time.sleep(0.5)
            peer.send(ping())
        peer.alive()


@pytest.mark.parametrize("has_call", [True, False], ids=["too often", "without a call"])
def test_other_pings_are_not(server, has_call):
    with Peer(server.address) as peer:
        if has_call:
            watch(peer)
        for _ in range(6):
            if not has_call:
                time.sleep(0.5)
            peer.try_send(ping())
        got = peer.until(lambda f: f.kind == GOAWAY)
        assert got.code == ENHANCE_YOUR_CALM and got.payload[8:] == b"too_many_pings"
