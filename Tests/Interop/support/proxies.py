"""Debian's nginx and HAProxy on loopback, each with the configuration that docs/proxies gives to strangers."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from service import ROOT, stop

SHIPPED = ROOT / "docs/proxies"


def program(name: str) -> str:
    """Installed, or unpacked by tools/install-packages."""
    found = shutil.which(name, path=f"/usr/sbin:/usr/local/sbin:{ROOT / '.build/servers/usr/sbin'}")
    assert found, f"{name} is missing: tools/install-packages test"
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Proxy:
    """One proxy as a process of its own, in front of `backend` ("host:port").

    - near: certificate chain and key (PEM files) with which it speaks TLS to callers; without, plain HTTP/2.
    - far: authority (PEM file) of the service's certificate, which says "localhost"; without, plain HTTP/2 to it.
    - changes: lines of the shipped file in other words, each of which must stand there.
    """

    name = ""

    def __init__(self, folder: Path, backend: str, near: tuple[Path, Path] | None = None, far: Path | None = None,
                 changes: dict[str, str] | None = None):
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self.backend, self.near, self.far, self.changes = backend, near, far, dict(changes or {})
        self.process: subprocess.Popen | None = None
        self.address = ""

    def start(self) -> "Proxy":
        # A free port can be taken by somebody else before the proxy has it.
        for _ in range(5):
            self.address = self.address or f"127.0.0.1:{free_port()}"
            with open(self.folder / "log", "ab") as log:
                self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if self._listens():
                return self
            self.address = ""
        raise AssertionError(f"{self.name} does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _listens(self) -> bool:
        host, port = self.address.split(":")
        for _ in range(500):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.02)
        stop(self.process)
        return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def command(self) -> list[str]:
        raise NotImplementedError

    def shipped(self, file: str, changes: dict[str, str]) -> str:
        text = (SHIPPED / file).read_text()
        for shown, real in {**changes, **self.changes}.items():
            assert shown in text, f"{file} does not say {shown!r}"
            text = text.replace(shown, real)
        return text


class Nginx(Proxy):
    name = "nginx"

    def command(self) -> list[str]:
        changes = {"server 127.0.0.1:50051;": f"server {self.backend};"}
        if self.near:
            chain, key = self.near
            changes |= {"listen 443 ssl http2;": f"listen {self.address} ssl http2;",
                        "/etc/nginx/telehealth.pem": str(chain), "/etc/nginx/telehealth.key": str(key)}
        else:
            changes |= {"listen 443 ssl http2;": f"listen {self.address} http2;", "ssl_certificate": "#ssl_certificate"}
        if self.far:
            changes |= {"grpc://telehealth": "grpcs://telehealth", "#grpc_ssl": "grpc_ssl",
                        "grpc_ssl_name telehealth.example;": "grpc_ssl_name localhost;",
                        "/etc/nginx/telehealth-authority.pem": str(self.far)}
        (self.folder / "telehealth.conf").write_text(self.shipped("nginx.conf", changes))
        # What Debian's own /etc/nginx/nginx.conf is to files of conf.d.
        kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        kept = " ".join(f"{kind}_temp_path {self.folder / kind};" for kind in kinds)
        (self.folder / "nginx.conf").write_text(
            f"pid {self.folder / 'pid'};\nevents {{}}\n"
            f"http {{ access_log off; {kept}\ninclude {self.folder / 'telehealth.conf'}; }}\n")
        return [program("nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                "-g", "daemon off; master_process off; error_log stderr warn;"]


#: Ports of those that reset a stream behind its trailers when its client has not ended it (HAProxy 2.6).
RESETTING: set[str] = set()


class HAProxy(Proxy):
    name = "haproxy"

    def command(self) -> list[str]:
        RESETTING.add(self.address.rsplit(":", 1)[-1])
        changes = {}
        if self.near:
            (self.folder / "near.pem").write_text("".join(part.read_text() for part in self.near))
            changes |= {"bind :443": f"bind {self.address}", "/etc/haproxy/telehealth.pem": str(self.folder / "near.pem")}
        else:
            changes |= {"bind :443 ssl crt /etc/haproxy/telehealth.pem alpn h2": f"bind {self.address} proto h2"}
        if self.far:
            changes |= {"\n    server one": "\n    #server one", "#server one 127.0.0.1:50051 ssl": "server one 127.0.0.1:50051 ssl",
                        "telehealth-authority.pem sni str(telehealth.example)": "telehealth-authority.pem sni str(localhost)",
                        "-sni telehealth.example": "-sni localhost", "verifyhost telehealth.example": "verifyhost localhost",
                        "/etc/haproxy/telehealth-authority.pem": str(self.far)}
        changes |= {"127.0.0.1:50051": self.backend}
        (self.folder / "haproxy.cfg").write_text(self.shipped("haproxy.cfg", changes))
        return [program("haproxy"), "-db", "-f", str(self.folder / "haproxy.cfg")]


PROXIES = [Nginx, HAProxy]
