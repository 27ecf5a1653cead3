import os

import pytest

from http2_peer import Peer, Server


@pytest.fixture(scope="session")
def address():
    """The server under test. HTTP2_TARGET=host:port chooses another one, for comparison."""
    if target := os.environ.get("HTTP2_TARGET"):
        host, port = target.rsplit(":", 1)
        yield (host, int(port))
        return
    server = Server()
    yield server.address
    server.stop()


@pytest.fixture
def peer(address):
    with Peer(address) as peer:
        yield peer


@pytest.fixture
def connect(address):
    """Makes connections with settings of the test's choice."""
    peers = []

    def make(*entries, **options):
        peers.append(Peer(address, *entries, **options))
        return peers[-1]

    yield make
    for peer in peers:
        peer.socket.close()
