"""What every attack on the monitoring endpoint is watched with: a daemon of its own, a prober whose probes must go on,
a bound on the daemon's memory.

Requests are bytes of the test's choice: a library that only makes legal ones is of no use here.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TELEHEALTH_BIN_DIR", ROOT / ".build/release"))
#: Long enough for a busy machine; a correct daemon never makes a test wait for it.
PATIENCE = 30.0
MIB = 1 << 20
#: What an attack may cost, allocator slack included; unbounded, those here would take hundreds of MiB.
COST_MAX = 24 * MIB

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: clinic.example\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: clinic.example\r\n\r\n"


class Client:
    """One connection."""

    def __init__(self, address: tuple[str, int]):
        self.socket = socket.create_connection(address, timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Sends to a daemon that may hang up meanwhile. False once it has."""
        try:
            self.socket.sendall(data)
            return True
        except ConnectionError:
            return False

    def answer(self) -> bytes:
        """All that comes until the daemon closes."""
        parts = []
        try:
            while part := self.socket.recv(1 << 16):
                parts.append(part)
        except ConnectionError:
            pass
        return b"".join(parts)

    def is_over(self) -> bool:
        """The daemon has closed; what it said before is read away."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(1 << 16):
                pass
            return True
        except BlockingIOError:
            return False
        except ConnectionError:
            return True


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    with Client(address) as client:
        client.send(request)
        return client.answer()


class Daemon:
    """telehealthd on ephemeral ports of this machine."""

    def __init__(self, data: Path):
        self.log = open(data / "log", "ab")
        # Settings of this machine's environment would make it another daemon.
        self.process = subprocess.Popen(
            [BIN / "telehealthd", "--data-dir", data / "data", "--listen", "127.0.0.1:0", "--monitoring-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env={"PATH": os.environ["PATH"]})
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                host, port = json.loads(line)["monitoring"].rsplit(":", 1)
                self.address = (host, int(port))
                return
        raise AssertionError(f"telehealthd did not start: see {data / 'log'}")

    def ended(self) -> dict[str, int]:
        """Connections that were cut off, by reason."""
        text = exchange(self.address, METRICS).decode()
        assert text.startswith("HTTP/1.1 200 OK\r\n")
        found = re.findall(r'^monitoring_connections_ended_total{reason="(\w+)"} (\d+)$', text, re.MULTILINE)
        return {reason: int(count) for reason, count in found}

    def counted(self, reason: str, at_least: int = 1) -> None:
        eventually(lambda: self.ended().get(reason, 0) >= at_least, f"{reason} reaches {at_least}: {self.ended()}")

    def memory(self, line: str) -> int:
        """`VmRSS` is what the process holds, `VmHWM` the most that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{line}:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def stop(self) -> None:
        running = self.process.poll() is None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log.close()
        assert running and code == 0, f"the daemon ended with {code}"


class Prober:
    """Asks /livez all the time, each time on a new connection."""

    def __init__(self, address: tuple[str, int]):
        self.address = address
        self.answers = 0
        self.failure = None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopped.wait(0.005):
                answer = exchange(self.address, LIVEZ)
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nalive\n"), answer
                self.answers += 1
        except BaseException as error:
            self.failure = error

    def check(self):
        before = self.answers
        eventually(lambda: self.failure or self.answers >= before + 3, "the prober is answered")
        assert self.failure is None, self.failure


@contextlib.contextmanager
def attacked(data: Path):
    """A daemon with a prober, whose answers, and whose memory, are checked after the attack."""
    daemon = Daemon(data)
    try:
        daemon.ended()
        prober = Prober(daemon.address)
        try:
            prober.check()
            before = daemon.memory("VmRSS")
            yield daemon
            prober.check()
            more = daemon.memory("VmHWM") - before
            assert more < COST_MAX, f"{more / MIB:.1f} MiB more"
        finally:
            prober.stopped.set()
            prober.thread.join()
    finally:
        daemon.stop()


def eventually(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.02)
