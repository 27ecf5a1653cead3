"""Watches that go on through troubles: our own client, and an official one that does what docs/clients.md tells it to."""

import json
import os
import re
import subprocess
import threading

import grpc

from service import BIN, ROOT


def documented() -> dict:
    """The names that the Python examples of docs/clients.md define."""
    text = (ROOT / "docs/clients.md").read_text()
    [code] = [block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "def watch(" in block]
    from telehealth.v1 import telehealth_service_pb2 as m

    names = {"grpc": grpc, "m": m}
    exec(code, names)
    return names


class Survivor:
    """What a watch has shown so far: the number of the snapshot, then those of the events."""

    def __init__(self, name: str):
        self.name = name
        self.sequences: list[int] = []
        self.breaks = 0
        self.ended: str | None = None
        self.changed = threading.Condition()

    def note(self, sequence: int) -> None:
        with self.changed:
            self.sequences.append(sequence)
            self.changed.notify_all()

    def note_break(self) -> None:
        with self.changed:
            self.breaks += 1
            self.changed.notify_all()

    def end(self, how: str) -> None:
        with self.changed:
            self.ended = how
            self.changed.notify_all()

    def wait(self, what: str, condition, timeout: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout), \
                f"{self.name}: not {what} in {timeout} s; {self.breaks} breaks, ended {self.ended}, saw {self.sequences}"

    def wait_for(self, sequence: int, timeout: float = 60.0) -> None:
        """Every number from the snapshot's to this one has come, once and in order."""
        self.wait(f"event {sequence}", lambda: self.ended or self.sequences[-1:] >= [sequence], timeout)
        first = self.sequences[0]
        assert self.sequences == list(range(first, first + len(self.sequences))), f"{self.name} saw {self.sequences}"
        assert self.sequences[-1] >= sequence, f"{self.name} ended ({self.ended}) behind {self.sequences[-1]}"

    def wait_for_breaks(self, count: int, timeout: float = 60.0) -> None:
        self.wait(f"{count} breaks", lambda: self.breaks >= count, timeout)


class ProbeWatch(Survivor):
    """`telehealth-probe watch`, which is TelehealthClient's watch."""

    def __init__(self, name: str, target: str, session_id: str, token: str, *flags: str):
        super().__init__(f"probe through {name}")
        self.process = subprocess.Popen(
            [BIN / "telehealth-probe", "watch", session_id, "--json", "--target", target, *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TELEHEALTH_TOKEN": token})
        self.complaints: list[str] = []
        self.threads = [threading.Thread(target=read) for read in (self._read, self._complaints)]
        for thread in self.threads:
            thread.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.note(int(json.loads(line)["sequence"]))
        self.threads[1].join()
        self.end(f"{self.process.wait()}, {self.complaints[-1:]}")

    def _complaints(self) -> None:
        for line in self.process.stderr:
            self.complaints.append(line.strip())
            if "trying again" in line:
                self.note_break()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()


class GrpcioWatch(Survivor):
    """grpcio with the code that docs/clients.md shows."""

    def __init__(self, name: str, target: str, session_id: str, identity, changes: dict[str, int] | None = None):
        super().__init__(f"grpcio through {name}")
        readme = documented()
        options = dict(readme["OPTIONS"]) | (changes or {})
        is_broken = readme["is_broken"]

        def noting(error) -> bool:
            self.note_break()
            return is_broken(error)

        readme["is_broken"] = noting
        self.channel = grpc.insecure_channel(target, options=list(options.items()))
        self.thread = threading.Thread(target=self._read, args=(readme["watch"], session_id, identity))
        self.thread.start()

    def _read(self, watch, session_id: str, identity) -> None:
        from telehealth.v1 import telehealth_service_pb2_grpc as services

        try:
            for message in watch(services.TelehealthServiceStub(self.channel), session_id, identity):
                self.note(getattr(message, message.WhichOneof("message")).sequence)
            self.end("0, []")
        except (grpc.RpcError, ValueError) as error:
            # ValueError: the channel was closed.
            self.end(repr(error))

    def close(self) -> None:
        self.channel.close()
        self.thread.join()
