"""Servers with calls that stay open, stopped while a peer looks on."""

import re

from http2_peer import *


def call(path: str) -> bytes:
    return block(*request("POST", path, ("te", "trailers"), ("content-type", "application/grpc")))


WATCH, HOLD, PUBLISH, STOP = (call(f"/bench.Echo/{name}") for name in ("Watch", "Hold", "Publish", "Stop"))


class Stopping:
    """A server that is told to stop, and how long that took."""

    def __init__(self, *flags: str):
        self.server = Server(*flags)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.process.kill()
        self.server.process.wait()
        self.server.process.stdout.close()

    def connect(self, *entries, **options) -> Peer:
        return Peer(self.server.address, *entries, **options)

    def stop(self, grace_ms: int) -> None:
        with self.connect() as peer:
            peer.send(headers(1, STOP, end=False), data(1, message(str(grace_ms).encode())))
            peer.response(1)

    def stopped_after_ms(self) -> int:
        line = self.server.process.stdout.readline()
        assert self.server.process.wait(PATIENCE) == 0
        return int(re.match(r"stopped after (\d+) ms", line)[1])


def ask(peer: Peer, stream: int, head: bytes, sent: bytes = message(b"")) -> None:
    peer.send(headers(stream, head, end=False), data(stream, sent))


def watch(peer: Peer, stream: int = 1) -> None:
    ask(peer, stream, WATCH)
    peer.decoder.decode(peer.until(lambda f: f.kind == HEADERS and f.stream == stream).payload)


def acknowledge(peer: Peer) -> None:
    """Answers the PING between the two GOAWAYs."""
    asked = lambda f: f.kind == PING and not f.flags & ACK
    got = next((f for f in peer.seen if asked(f)), None) or peer.until(asked)
    peer.send(ping(got.payload, flags=ACK))
