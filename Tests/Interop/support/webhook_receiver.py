"""A receiver of webhooks that checks each signature."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = b"a secret of the receiver's own, long enough"


class Receiver:
    """Does what docs/webhooks.md tells a receiver to do: signature, freshness, repetitions, order."""

    def __init__(self):
        self.messages: list[dict] = []
        self.problems: list[str] = []
        self.status = 204
        self.attempts = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.take(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def take(self, headers, body: bytes) -> int:
        with self.lock:
            self.attempts += 1
            parts = dict(part.split("=", 1) for part in headers["Telehealth-Signature"].split(","))
            wanted = hmac.new(SECRET, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(wanted, parts["v1"]):
                self.problems.append("bad signature")
                return 401
            if abs(time.time() - int(parts["t"])) > 300:
                self.problems.append("stale")
                return 401
            if self.status != 204:
                return self.status
            message = json.loads(body)
            if message["delivery"] != headers["Telehealth-Delivery"]:
                self.problems.append("delivery")
            if not any(m["delivery"] == message["delivery"] for m in self.messages):
                self.messages.append(message)
            return 204

    def of(self, session: str) -> list[dict]:
        with self.lock:
            return [m for m in self.messages if m["session"] == session]

    def close(self):
        self.server.shutdown()
