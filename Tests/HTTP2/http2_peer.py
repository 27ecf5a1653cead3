"""A hand-driven HTTP/2 peer over a socket: it sends any frame, legal or not, and reads what comes back.

Frames are written byte by byte here, because a library that only makes legal ones is of no use. Only the response
headers are decoded by a library (hpack).
"""

import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import hpack

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TELEHEALTH_BIN_DIR", ROOT / ".build/release"))

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 0x1, 0x1, 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = range(1, 6)

MAX_WINDOW = 2**31 - 1
DEFAULT_FRAME = 2**14
#: Long enough for a busy machine; a correct server never makes a test wait for it.
PATIENCE = float(os.environ.get("HTTP2_PATIENCE", "10"))


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*entries: tuple[int, int], flags: int = 0, stream: int = 0) -> bytes:
    return frame(SETTINGS, flags, stream, b"".join(struct.pack(">HI", *entry) for entry in entries))


def headers(stream: int, block: bytes, *, end: bool = True, flags: int = END_HEADERS) -> bytes:
    return frame(HEADERS, flags | (END_STREAM if end else 0), stream, block)


def data(stream: int, payload: bytes = b"", *, end: bool = True, flags: int = 0) -> bytes:
    return frame(DATA, flags | (END_STREAM if end else 0), stream, payload)


def body(stream: int, payload: bytes, *, end: bool = True) -> bytes:
    """As many DATA frames as it takes."""
    parts = [payload[start:start + DEFAULT_FRAME] for start in range(0, len(payload), DEFAULT_FRAME)] or [b""]
    return b"".join(data(stream, part, end=end and index == len(parts) - 1) for index, part in enumerate(parts))


def continuation(stream: int, block: bytes, *, last: bool = True) -> bytes:
    return frame(CONTINUATION, END_HEADERS if last else 0, stream, block)


def reset(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def priority(stream: int, depends_on: int = 0, weight: int = 16, exclusive: bool = False) -> bytes:
    return frame(PRIORITY, 0, stream, priority_fields(depends_on, weight, exclusive))


def priority_fields(depends_on: int, weight: int = 16, exclusive: bool = False) -> bytes:
    return struct.pack(">IB", depends_on | (0x80000000 if exclusive else 0), weight - 1)


def ping(payload: bytes = b"12345678", flags: int = 0, stream: int = 0) -> bytes:
    return frame(PING, flags, stream, payload)


def goaway(last: int = 0, code: int = NO_ERROR, stream: int = 0) -> bytes:
    return frame(GOAWAY, 0, stream, struct.pack(">II", last, code))


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    """RFC 7541 section 5.1."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def text(value: bytes) -> bytes:
    return integer(len(value), 7) + value


def literal(name: str | bytes, value: str | bytes, first: int = 0) -> bytes:
    """A literal field with a new name; `first` chooses without indexing (0), never (0x10) or incremental (0x40)."""
    encode = lambda part: part.encode() if isinstance(part, str) else part
    return bytes([first]) + text(encode(name)) + text(encode(value))


def block(*fields: tuple[str, str]) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


def request(method: str = "GET", path: str = "/", *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), *more]


GET = block(*request())
POST = block(*request("POST"))
ECHO = block(*request("POST", "/bench.Echo/Unary", ("te", "trailers"), ("content-type", "application/grpc")))
COUNTERS = block(*request("POST", "/bench.Echo/Counters", ("te", "trailers"), ("content-type", "application/grpc")))
STREAM = block(*request("POST", "/bench.Echo/ServerStream", ("te", "trailers"), ("content-type", "application/grpc")))


def message(payload: bytes, compressed: bool = False) -> bytes:
    """An EchoRequest of `payload` behind its gRPC prefix."""
    body = b"" if not payload else b"\x0a" + integer_varint(len(payload)) + payload
    return struct.pack(">BI", compressed, len(body)) + body


def integer_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def ends_stream(self) -> bool:
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    @property
    def code(self) -> int:
        return struct.unpack(">I", self.payload[:4] if self.kind == RST_STREAM else self.payload[4:8])[0]


class Closed(Exception):
    """The server closed the connection."""


class Peer:
    """One connection. After `handshake` both sides' SETTINGS are acknowledged."""

    #: Whether each part of a `send` waits until the server is done with the parts before it.
    is_patient = False

    def __init__(self, address: tuple[str, int], *entries: tuple[int, int], handshake: bool = True,
                 tls: ssl.SSLContext | None = None):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.decoder = hpack.Decoder()
        self.pushed_back: list[Frame] = []
        self.buffer = b""
        self.seen: list[Frame] = []
        self.server_settings: dict[int, int] = {}
        if handshake:
            self.send(PREFACE + settings(*entries))
            acknowledged = False
            while not (acknowledged and self.server_settings):
                got = self.next()
                if got.kind == SETTINGS and got.flags & ACK:
                    acknowledged = True
                elif got.kind == SETTINGS:
                    self.server_settings = {
                        key: value for key, value in struct.iter_unpack(">HI", got.payload)} or {0: 0}
                    self.send(settings(flags=ACK))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # Sending

    def send(self, *parts: bytes) -> None:
        if not self.is_patient or len(parts) == 1:
            return self.socket.sendall(b"".join(parts))
        for index, part in enumerate(parts):
            # A server that has hung up meanwhile said why: that is what tests read next.
            if not self.try_send(part) or index == len(parts) - 1:
                return
            self.wait_for_server(part)

    def wait_for_server(self, part: bytes) -> None:
        """Returns when the server has seen and answered the part; what it said is read afterwards as if it came then."""
        if part[3] in (HEADERS, CONTINUATION) and not part[4] & END_HEADERS:
            return  # Nothing may come between the frames of a block.
        token = os.urandom(8)
        self.try_send(ping(token))
        said = []
        try:
            while not ((got := self.next()).kind == PING and got.payload == token):
                said.append(got)
        except Closed:
            pass
        self.pushed_back = said

    def try_send(self, *parts: bytes) -> bool:
        """Sends to a server that may hang up meanwhile. False once it has."""
        try:
            self.send(*parts)
            return True
        except OSError:
            return False

    # Reading

    def next(self) -> Frame:
        if self.pushed_back:
            return self.pushed_back.pop(0)
        while True:
            if len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + length:
                    got = Frame(self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big") & MAX_WINDOW,
                                self.buffer[9:9 + length])
                    self.buffer = self.buffer[9 + length:]
                    self.seen.append(got)
                    return got
            try:
                more = self.socket.recv(1 << 16)
            except (ConnectionError, BrokenPipeError):
                raise Closed from None
            if not more:
                raise Closed
            self.buffer += more

    def until(self, wanted) -> Frame:
        while not wanted(got := self.next()):
            pass
        return got

    # Expectations

    def alive(self) -> None:
        """The connection still answers."""
        token = os.urandom(8)
        self.send(ping(token))
        got = self.until(lambda f: f.kind in (PING, GOAWAY) and (f.kind == GOAWAY or f.payload == token))
        assert got.kind == PING, f"GOAWAY {got.code} {got.payload[8:]!r} instead of an answer to PING"
        assert got.flags & ACK

    def response(self, stream: int = 1) -> tuple[dict[str, str], bytes, dict[str, str]]:
        """Reads a whole response: headers, body, trailers (the headers again when there is only one block)."""
        blocks, body = [], b""
        while True:
            got = self.until(lambda f: f.stream == stream or f.kind in (HEADERS, GOAWAY))
            assert got.kind not in (RST_STREAM, GOAWAY), f"refused with {got.code} {got.payload!r}"
            if got.kind == HEADERS:
                fields = dict(self.decoder.decode(got.payload))
                if got.stream == stream:
                    blocks.append(fields)
            elif got.kind == DATA:
                body += got.payload
            if got.stream == stream and got.ends_stream:
                return blocks[0], body, blocks[-1]

    def answered(self, stream: int = 1, status: str = "200") -> None:
        assert self.response(stream)[0][":status"] == status

    def connection_error(self, *codes: int) -> Frame:
        """RFC 9113 section 5.4.1: GOAWAY with the code, then the end of the connection."""
        got = self.until(lambda f: f.kind == GOAWAY and f.code != NO_ERROR)
        assert got.code in codes, f"GOAWAY with {got.code} {got.payload[8:]!r}, not one of {codes}"
        self.closed()
        return got

    def closed(self) -> None:
        try:
            while True:
                self.next()
        except Closed:
            pass

    def stream_error(self, stream: int, *codes: int) -> None:
        """RFC 9113 section 5.4.2: RST_STREAM with the code; the connection lives. Section 5.4 lets an endpoint treat
        it as a connection error instead."""
        got = self.until(lambda f: (f.kind == RST_STREAM and f.stream == stream)
                         or (f.kind == GOAWAY and f.code != NO_ERROR))
        assert got.code in codes, f"{got.kind} with {got.code}, not one of {codes}"
        if got.kind == RST_STREAM:
            self.alive()
        else:
            self.closed()

    def echo(self, stream: int, payload: bytes = b"hello") -> None:
        """A unary call that must succeed."""
        self.send(headers(stream, ECHO, end=False), body(stream, message(payload)))
        _, answer, trailers = self.response(stream)
        assert trailers["grpc-status"] == "0"
        assert answer == message(payload)


class Server:
    """`rpc-bench server` on an ephemeral port."""

    def __init__(self, *flags: str, descriptors: int | None = None, tls: ssl.SSLContext | None = None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        self.tls = tls
        self.process = subprocess.Popen(
            [BIN / "rpc-bench", "server", "--port", "0", *flags], stdout=subprocess.PIPE, stderr=sys.stderr, text=True,
            preexec_fn=limit)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"rpc-bench did not start: {line!r}"
        host, port = line.split()[-1].rsplit(":", 1)
        self.address = (host, int(port))

    def counters(self) -> dict[str, int]:
        """What the server counted, by name and labels as a metrics page writes them."""
        with Peer(self.address, tls=self.tls) as peer:
            peer.send(headers(1, COUNTERS, end=False), data(1, message(b"")))
            answer = peer.response(1)[1][5:]
        start = 1
        while answer[start] & 128:
            start += 1
        lines = answer[start + 1:].decode().splitlines()
        return {name: int(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def counted(self, name: str, at_least: int = 1) -> None:
        eventually(lambda: self.counters().get(name, 0) >= at_least, f"{name} reaches {at_least}: {self.counters()}")

    def memory_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server has no memory, it must have died")

    def peak_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server has no memory, it must have died")

    def stop(self) -> None:
        running = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        assert running, f"the server died by itself with {self.process.returncode}"


def eventually(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.01)
