"""A receiver of webhooks that keeps each message as it came, byte for byte."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebhookLog:
    """`messages` holds the service's own headers, the body, and the status that it was answered."""

    secret = b"a secret of the receiver's own, long enough"

    def __init__(self):
        self.messages: list[dict] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name: value for name, value in self.headers.items() if name.startswith("Telehealth-")}
                status = outer.status
                outer.messages.append({"headers": headers, "body": body, "status": status})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self) -> list[dict]:
        return [each for each in list(self.messages) if each["status"] < 300]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
