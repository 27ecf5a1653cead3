"""Starts the service as tools/run does: a Chime simulator, telehealthd beside it, and tokens for people."""

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("TELEHEALTH_BIN_DIR", ROOT / ".build/release"))


def generate_stubs(into: Path) -> None:
    """Makes Python stubs from proto/ and puts them on the path: what any other language's user would do."""
    import grpc_tools
    from grpc_tools import protoc

    into.mkdir(parents=True, exist_ok=True)
    # The rules of fields as well: stubs import what their files import.
    folders = {"telehealth": ROOT / "proto", "buf": ROOT / "proto/vendor"}
    protos = sorted(
        str(file.relative_to(root)) for name, root in folders.items() for file in (root / name).rglob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    status = protoc.main(
        ["protoc", f"-I{ROOT / 'proto'}", f"-I{ROOT / 'proto/vendor'}", f"-I{well_known}", f"--python_out={into}",
         f"--grpc_python_out={into}", *protos]
    )
    assert status == 0, "protoc could not compile proto/"
    if str(into) not in sys.path:
        sys.path.insert(0, str(into))


def first_json_line(process: subprocess.Popen, what: str, timeout: float = 60.0) -> dict:
    """Reads standard output until the line of JSON that says the program is ready."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            line = process.stdout.readline()
            if not line:
                break
            try:
                return json.loads(line)
            except ValueError:
                continue
        if process.poll() is not None:
            break
    raise RuntimeError(f"{what} did not get ready (exit code {process.poll()})")


class Simulator:
    """chime-simulator on an ephemeral loopback port, with credentials of its own."""

    def __init__(self, *flags: str, log: Path, access_key: str = "", secret_key: str = ""):
        self.access_key = access_key or "AKIA" + secrets.token_hex(8).upper()
        self.secret_key = secret_key or secrets.token_hex(20)
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            [BIN / "chime-simulator", "--port", "0", "--bucket", "recordings", *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, "CHIME_SIMULATOR_ACCESS_KEY_ID": self.access_key,
                 "CHIME_SIMULATOR_SECRET_ACCESS_KEY": self.secret_key},
        )
        self.address = first_json_line(self.process, "chime-simulator")["address"]

    def environment(self) -> dict:
        return {
            "AWS_ENDPOINT_URL": f"http://{self.address}",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_S3_RECORDINGS_BUCKET": "recordings",
        }

    def admin(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{self.address}/_simulator{path}", data=data, method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def stop(self) -> None:
        stop(self.process)
        self.log.close()


class Service:
    """telehealthd with a data directory; may be killed and started again on the same port and data."""

    def __init__(self, data: Path, simulator: Simulator, flags: list[str] | None = None, env: dict | None = None):
        self.data = data
        self.simulator = simulator
        self.flags = list(flags or [])
        self.env = dict(env or {})
        self.address: str | None = None
        self.process: subprocess.Popen | None = None
        self.tokens: dict[tuple, tuple[float, str]] = {}
        data.mkdir(parents=True, exist_ok=True)

    def start(self) -> "Service":
        listen = self.address or "127.0.0.1:0"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment |= self.simulator.environment()
        environment |= {"TELEHEALTH_DATA_DIR": str(self.data), "TELEHEALTH_LISTEN": listen}
        environment |= self.env
        self.log = open(self.data / "telehealthd.log", "ab")
        self.process = subprocess.Popen(
            [BIN / "telehealthd", *self.flags], stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment
        )
        ready = first_json_line(self.process, f"telehealthd (log: {self.data / 'telehealthd.log'})")
        self.ready = ready
        self.address = ready["address"]
        return self

    def kill(self) -> None:
        """As a power cut would: no chance to say goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self) -> int:
        code = stop(self.process)
        self.log.close()
        return code

    def token(self, role: str, person: str = "", **claims: str) -> str:
        """A token signed with the development key of this data directory."""
        key = (role, person, tuple(sorted(claims.items())))
        made, token = self.tokens.get(key, (float("-inf"), ""))
        if time.monotonic() - made > 1800:
            command = [BIN / "telehealth-probe", "token", "--role", role, "--data-dir", self.data]
            if person:
                command += [f"--{role}-id" if role in ("client", "clinician") else "--subject", person]
            for name, value in claims.items():
                command += [f"--{name.replace('_', '-')}", value]
            token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            self.tokens[key] = (time.monotonic(), token)
        return token


def stop(process: subprocess.Popen, grace: float = 20.0) -> int:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{process.args[0]} did not end within {grace} s of SIGTERM")
    process.stdout.close()
    return process.returncode
