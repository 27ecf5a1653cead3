"""Between the service and its Chime simulator: every HTTP call, in one order, and those that shall not come through."""

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: What a proxy has to make itself; everything else goes on as it came, since signatures are over it.
OWN = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def send(address: str, call: dict) -> tuple[int, list[tuple[str, str]], bytes]:
    """Makes a noted call, as it was made: its signature is of then."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        method, target = call["request"].split(" ", 1)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in call["headers"]:
            connection.putheader(name, value)
        body = call["body"].encode()
        if body or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


class CallLog:
    """A proxy before `target` ("host:port") that takes one call after the other, so that their order is theirs.

    `calls` holds what was asked for: request line without the version, headers, body, and what came of it: "answered"
    with its status, "refused" (the simulator was not asked), or "unanswered" (it did as asked, and nobody heard of it).
    """

    def __init__(self, target: str):
        self.target = target
        self.calls: list[dict] = []
        #: Regular expressions over request line and body.
        self.refused: list[str] = []
        self.unanswered: list[str] = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_call(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = [[k, v] for k, v in self.headers.items() if k.lower() not in OWN]
                outer.take(self, {"request": f"{self.command} {self.path}", "headers": headers, "body": body.decode()})

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_call

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler: BaseHTTPRequestHandler, call: dict) -> None:
        with self.lock:
            text = call["request"] + " " + call["body"]
            if any(re.search(each, text) for each in self.refused):
                call["became"] = "refused"
                answer = json.dumps({"message": "not now"}).encode()
                status, headers = 503, [("x-amzn-errortype", "ServiceUnavailableException")]
            else:
                status, headers, answer = send(self.target, call)
                call["became"] = "unanswered" if any(re.search(each, text) for each in self.unanswered) else "answered"
                call["status"] = status
            self.calls.append(call)
        if call["became"] == "unanswered":
            handler.close_connection = True
            return
        handler.send_response_only(status)
        for name, value in headers:
            # Of a HEAD it is the object's.
            if name.lower() not in OWN or handler.command == "HEAD" and name.lower() == "content-length":
                handler.send_header(name, value)
        if handler.command != "HEAD" and status != 204:
            handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer)

    def changes(self, *became: str) -> list[str]:
        """The calls that ask for a change, each as one text."""
        with self.lock:
            return [
                call["request"] + " " + call["body"] for call in self.calls
                if call["became"] in became and not re.match("(GET|HEAD) |[A-Z]+ /_simulator/", call["request"])
            ]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
