"""A server that answers one client with the frames of a test's choice, legal or not, and notes what it was sent."""

import socket
import threading
from collections.abc import Callable

from http2_peer import *

CONTENT_TYPE = ("content-type", "application/grpc")
OK_HEADERS = [(":status", "200"), CONTENT_TYPE]


class Conversation(Peer):
    """One connection seen from the server's end: a Peer that was called instead of calling."""

    def __init__(self, accepted: socket.socket, *entries: tuple[int, int]):
        self.socket = accepted
        self.socket.settimeout(PATIENCE)
        self.decoder = hpack.Decoder()
        self.buffer = b""
        self.seen: list[Frame] = []
        self.pushed_back: list[Frame] = []
        self.requests: dict[int, dict[str, str]] = {}
        while len(self.buffer) < len(PREFACE):
            self.buffer += self.socket.recv(1 << 16) or self.hung_up()
        assert self.buffer.startswith(PREFACE)
        self.buffer = self.buffer[len(PREFACE):]
        self.send(settings(*entries))

    def hung_up(self):
        raise Closed

    def next(self) -> Frame:
        got = super().next()
        if got.kind == HEADERS:
            self.requests[got.stream] = dict(self.decoder.decode(got.payload))
        elif got.kind == SETTINGS and not got.flags & ACK:
            self.send(settings(flags=ACK))
        elif got.kind == PING and not got.flags & ACK:
            self.send(ping(got.payload, flags=ACK))
        return got

    def request(self) -> int:
        """The stream of the next request that came whole."""
        return self.until(lambda f: f.ends_stream).stream


class ScriptedServer:
    """`script` is given each connection, one after another, and the number of those before it.

    It ends by returning, which leaves the connection open until the client hangs up.
    """

    def __init__(self, script: Callable[[Conversation, int], None], *entries: tuple[int, int]):
        self.script = script
        self.entries = entries
        self.conversations: list[Conversation] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        threading.Thread(target=self.run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for conversation in self.conversations:
            conversation.socket.close()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.address[1]}"

    def run(self) -> None:
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(accepted, len(self.conversations)), daemon=True).start()

    def serve(self, accepted: socket.socket, earlier: int) -> None:
        try:
            conversation = Conversation(accepted, *self.entries)
            self.conversations.append(conversation)
            self.script(conversation, earlier)
            while True:
                conversation.next()
        except (Closed, OSError):
            pass
