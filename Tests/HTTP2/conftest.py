import os

import pytest

from http2_peer import Peer, Server

#: The cases that HTTP/2 checkers agree on. They come twice: all frames of a case at once, and each frame once the server
#: has answered the frames before it, as on a slow line. What a server makes of them must not depend on that.
CHECKERS = {"test_exchange", "test_fields", "test_violations_of_frames", "test_violations_of_messages",
            "test_violations_of_streams"}
#: How often each of them is tried.
REPETITIONS = int(os.environ.get("HTTP2_REPETITIONS", "1"))


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__ not in CHECKERS or "pace" not in metafunc.fixturenames:
        return
    metafunc.parametrize("pace", ["at once", "one by one"])
    if REPETITIONS > 1:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(REPETITIONS))


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
def pace():
    return "at once"


@pytest.fixture
def peer(address, pace):
    with Peer(address) as peer:
        peer.is_patient = pace == "one by one"
        yield peer


@pytest.fixture
def connect(address, pace):
    """Makes connections with settings of the test's choice."""
    peers = []

    def make(*entries, **options):
        peers.append(Peer(address, *entries, **options))
        peers[-1].is_patient = pace == "one by one"
        return peers[-1]

    yield make
    for peer in peers:
        peer.socket.close()
