"""Identity providers of the clinic's own, for services that take no development tokens."""

import collections
import contextlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from service import Service
from token_issuer import ISSUER, Key, key_set, own_id


class IssuedService(Service):
    """telehealthd that believes this issuer alone: who calls through a proxy is not on this machine."""

    def __init__(self, data: Path, simulator, env: dict | None = None, **more):
        self.key = Key("ES256")
        data.mkdir(parents=True)
        keys = data.with_name(data.name + ".jwks")
        keys.write_bytes(key_set(self.key))
        super().__init__(data, simulator, env={
            "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(keys), **(env or {})}, **more)

    def token(self, role: str, person: str = "", **claims: str) -> str:
        now = int(time.time())
        return self.key.token(
            sub=person or role, telehealth_role=role, iat=now, exp=now + 3000, **own_id(role, person), **claims)


class LoopbackIssuer:
    """An identity provider on loopback that describes itself (OpenID Connect Discovery 1.0); every answer can be bent."""

    def __init__(self, path: str = "", host: str = "127.0.0.1", tls: ssl.SSLContext | None = None):
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with issuer.lock:
                    issuer.asked[self.path] += 1
                    answer = issuer.answers.get(self.path, (404, {}, b""))
                status, fields, body = answer() if callable(answer) else answer
                self.send_response(status)
                chunks = [body] if isinstance(body, bytes) else body
                if isinstance(body, bytes):
                    fields = {"Content-Length": str(len(body))} | fields
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    for chunk in chunks:
                        self.wfile.write(chunk)

            def log_message(self, *_):
                pass

        self.lock, self.asked, self.answers = threading.Lock(), collections.Counter(), {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.base = f"http{'s' if tls else ''}://{host}:{self.server.server_port}"
        self.name = self.base + path
        self.document_path = path.removesuffix("/") + "/.well-known/openid-configuration"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "LoopbackIssuer":
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def put(self, path: str, body: bytes, status: int = 200, **fields: str) -> None:
        with self.lock:
            self.answers[path] = (status, {name.replace("_", "-"): value for name, value in fields.items()}, body)

    def put_keys(self, *keys: Key, path: str = "/keys", **fields: str) -> None:
        self.put(path, key_set(*keys), **fields)

    def put_document(self, keys: str = "/keys", members: dict | None = None, **fields: str) -> None:
        """`keys` is a path of this server or a whole address; members of None are left out."""
        document = {
            "issuer": self.name, "jwks_uri": self.base + keys if keys.startswith("/") else keys,
            "authorization_endpoint": self.base + "/authorize", "token_endpoint": self.base + "/token",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"], **(members or {})}
        document = {name: value for name, value in document.items() if value is not None}
        self.put(self.document_path, json.dumps(document).encode(), **fields)

    def documents(self) -> int:
        return self.asked[self.document_path]
