"""Attacks on one connection, each mounted against a server of its own with its default limits.

Every test asserts the same three things: the offender is cut off (or held, where it only asks for patience), the
server's memory stays bounded, and a call on another connection goes on meanwhile.
"""

import contextlib
import gzip
import itertools
import resource
import select
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
def attacked(*flags: str, tls: ssl.SSLContext | None = None):
    """A server with a bystander, whose calls and whose memory are checked behind the attack."""
    server = Server(*flags)
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


def flood(peer: Peer, parts, reason: str, answered: bool, count: int = 20_000) -> None:
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
    "unknown frames": ("too_many_unknown_frames", lambda: itertools.repeat(frame(0xEE, 0, 0, bytes(100)))),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood(scene, name):
    reason, parts = FLOODS[name]
    with Peer(scene.address) as peer:
        flood(peer, parts(), reason, answered=name.startswith("made you reset"))


def test_continuation_flood(scene):
    """CVE-2024-28182: a block that never ends."""
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO, flags=0))
        for _ in range(1000):
            if not peer.try_send(continuation(1, literal("x-filler", "x" * 1000), last=False)):
                break
        peer.closed()


def bomb(references: int) -> bytes:
    """One long field enters the table, then it is referred to with a byte each (CVE-2016-6581, CVE-2026-49975)."""
    return literal("x-bomb", "v" * 3000, first=0x40) + b"\xbe" * references


def test_header_bomb(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + bomb(8000)))
        got = peer.connection_error(ENHANCE_YOUR_CALM)
        assert got.payload[8:] == b"header_block_too_large"


def test_header_blocks_a_little_over_the_limit_are_refused_one_by_one(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + bomb(8)))
        assert peer.response(1)[2]["grpc-status"] == "8"
        # The references would grow old with the table; the next block brings its own entry.
        peer.send(headers(3, ECHO + bomb(8)))
        assert peer.response(3)[2]["grpc-status"] == "8"
        peer.echo(5)


def test_headers_held_on_every_stream_with_closed_windows(scene):
    """The pinning half of CVE-2026-49975: as much metadata as is allowed, on as many streams, answered to nobody."""
    with Peer(scene.address, (INITIAL_WINDOW_SIZE, 0)) as peer:
        for index in range(peer.server_settings[MAX_CONCURRENT_STREAMS]):
            fields = literal("x-held", "v" * 3000, first=0x40) + b"\xbe" * 3
            peer.send(headers(1 + 2 * index, STREAM + fields, end=False),
                      data(1 + 2 * index, message(bytes(1000))))
        peer.alive()


def test_large_answers_to_a_peer_that_opens_no_window(scene):
    """Slow read: each stream asks for 100 messages of 60 KB and takes none of them, 750 MB in all."""
    with Peer(scene.address, (INITIAL_WINDOW_SIZE, 0)) as peer:
        for index in range(64):
            stream = 1 + 2 * index
            peer.send(headers(stream, STREAM, end=False), body(stream, message(bytes(60_000))))
        peer.alive()


@pytest.mark.parametrize("name, part", {"PING": ping(), "SETTINGS": settings(), "calls": None}.items())
def test_frames_to_answer_from_a_peer_that_reads_nothing(scene, name, part):
    """CVE-2019-9517 and the queue of acknowledgements: the answers pile up, so reading must stop or the line end."""
    with Peer(scene.address, (INITIAL_WINDOW_SIZE, MAX_WINDOW)) as peer:
        peer.socket.settimeout(2)
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


def test_a_message_announced_as_4_gib_is_refused_by_its_prefix(scene):
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO, end=False), data(1, b"\0\xff\xff\xff\xff" + bytes(100), end=False))
        assert peer.response(1)[2]["grpc-status"] == "8"
        peer.echo(3)


def test_compression_bomb(scene):
    """4 MiB is the limit of a message; 64 MiB of zeros come in 64 KiB."""
    packed = gzip.compress(bytes(64 * MIB), 6)
    with Peer(scene.address) as peer:
        peer.send(headers(1, ECHO + literal("grpc-encoding", "gzip"), end=False),
                  body(1, struct.pack(">BI", 1, len(packed)) + packed))
        assert peer.response(1)[2]["grpc-status"] == "8"
        peer.echo(3)


def test_methods_that_do_not_exist_leave_no_trace(scene):
    """Names from the wire become no labels of metrics: 100,000 of 60 bytes would be several MiB each."""
    with Peer(scene.address) as peer:
        for index in range(3000):
            path = f"/{'x' * 60}/{index}"
            peer.send(headers(1 + 2 * index, block(*request("POST", path, ("content-type", "application/grpc")))))
            assert peer.response(1 + 2 * index)[2]["grpc-status"] == "12"


def test_calls_without_end_are_held_within_the_stream_limit(scene):
    """Half a request on every stream of many connections."""
    peers = []
    try:
        for _ in range(20):
            peer = Peer(scene.address)
            peers.append(peer)
            for index in range(peer.server_settings[MAX_CONCURRENT_STREAMS]):
                peer.send(headers(1 + 2 * index, ECHO, end=False), data(1 + 2 * index, bytes(5), end=False))
            peer.alive()
    finally:
        for peer in peers:
            peer.socket.close()


# Attacks by connections.

def test_connections_of_one_address_are_bounded(scene):
    """1,024 are allowed, and the bystander's is one of them."""
    sockets = [socket.create_connection(scene.address, timeout=PATIENCE) for _ in range(1100)]
    try:
        # A plain server greets at once, so every connection has something to read: SETTINGS, or its end.
        assert sum(1 for one in sockets if is_cut(one)) == 1100 - 1023
    finally:
        for one in sockets:
            one.close()


def is_cut(one: socket.socket) -> bool:
    try:
        return not one.recv(9)
    except ConnectionError:
        return True


def cut_ones(sockets: list[socket.socket]) -> int:
    """How many of connections on which nobody has said a word are closed already."""
    poller = select.poll()
    for one in sockets:
        poller.register(one, select.POLLIN)
    return len(poller.poll(0))


def test_tls_handshakes_that_stall_are_bounded(tmp_path):
    """512 may be under way; the others are cut, and those who have a connection keep it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    tls = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    tls.set_alpn_protocols(["h2"])
    flags = ("--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    with attacked(*flags, tls=tls) as server:
        sockets = [socket.create_connection(server.address, timeout=PATIENCE) for _ in range(600)]
        try:
            eventually(lambda: cut_ones(sockets) >= 88, "those above the limit are cut")
            assert cut_ones(sockets) == 88
        finally:
            for one in sockets:
                one.close()


@pytest.fixture(autouse=True, scope="module")
def descriptors():
    """The connections above, here and in the servers that are started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
