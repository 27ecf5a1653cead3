"""Keeps every byte that goes through it, both ways: what one program really told another."""

import socket
import threading


class Wiretap:
    """A pipe of TCP to `target` ("host:port") on a port of its own. Who connects signs for the address that it dialled.

    With `piece`, bytes go on in writes of that many: whoever reads must not care where a read ends.
    """

    def __init__(self, target: str, piece: int | None = None):
        self.piece = piece
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self.lock = threading.Lock()
        self.sent, self.answered = bytearray(), bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            for side in (near, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, kept in ((near, far, self.sent), (far, near, self.answered)):
                threading.Thread(target=self._carry, args=(source, sink, kept), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65536):
                with self.lock:
                    kept += data
                step = self.piece or len(data)
                for start in range(0, len(data), step):
                    sink.sendall(data[start:start + step])
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()

    def close(self) -> None:
        self.listener.close()
