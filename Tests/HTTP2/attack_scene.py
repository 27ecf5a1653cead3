"""What every attack is watched with: a server of its own, a bystander whose calls must go on, a bound on its memory."""

import contextlib
import itertools
import resource
import threading

import pytest

from http2_peer import *

MIB = 1 << 20
#: What one hostile connection may cost, allocator slack included; the attacks would take hundreds of MiB.
COST_MAX = 24 * MIB


class Bystander:
    """Another connection that calls all the time."""

    def __init__(self, address, tls=None):
        self.address = address
        self.tls = tls
        self.calls = 0
        self.failure = None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with Peer(self.address, tls=self.tls) as peer:
                for stream in itertools.count(1, 2):
                    if self.stopped.is_set():
                        return
                    peer.echo(stream)
                    self.calls += 1
                    self.stopped.wait(0.005)
        except BaseException as error:
            self.failure = error

    def check(self):
        before = self.calls
        eventually(lambda: self.failure or self.calls >= before + 3, "the bystander's calls go on")
        assert self.failure is None


@contextlib.contextmanager
def attacked(*limits: str, flags: tuple[str, ...] = (), tls: ssl.SSLContext | None = None,
             descriptors: int | None = None):
    """A server with a bystander, whose calls and whose memory are checked behind the attack.

    `limits` are name=value, as rpc-bench takes them.
    """
    server = Server(*(f"--limit={limit}" for limit in limits), *flags, tls=tls, descriptors=descriptors)
    try:
        with Peer(server.address, tls=tls) as warm:
            warm.echo(1, bytes(60_000))
        bystander = Bystander(server.address, tls)
        try:
            bystander.check()
            before = server.memory_bytes()
            yield server
            bystander.check()
            more = server.peak_bytes() - before
            assert more < COST_MAX, f"{more / MIB:.1f} MiB more"
            with Peer(server.address, tls=tls) as newcomer:
                newcomer.echo(1)
        finally:
            bystander.stopped.set()
            bystander.thread.join()
    finally:
        server.stop()


@pytest.fixture
def scene():
    with attacked() as server:
        yield server


@pytest.fixture(autouse=True, scope="module")
def descriptors():
    """Enough for the connections of an attack, here and in the servers that are started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def ended(reason: str) -> str:
    return f'http2_connections_ended_total{{reason="{reason}"}}'


def refused(limit: str) -> str:
    return f'grpc_server_calls_refused_total{{limit="{limit}"}}'
