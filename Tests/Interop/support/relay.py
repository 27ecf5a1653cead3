"""A TCP relay of our own that can misbehave as networks do: go silent while it acknowledges, cut, refuse, and pass again."""

import selectors
import socket
import threading


class Relay:
    """Carries TCP to `target` ("host:port") from a port of its own.

    Silent, it takes every byte that comes and passes none on, to earlier and later connections: each side sees a peer
    whose kernel acknowledges and whose program says nothing. What came while it was silent is lost, so a connection
    that lived through silence is never passed on again.
    """

    def __init__(self, target: str):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock = threading.Lock()
        self.is_silent = self.refuses = self.is_closed = False
        self.accepted = 0
        self.pairs: dict[socket.socket, socket.socket | None] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        # Wakes the selector, so that a connection is closed by the thread that reads it.
        self.waker, self.wakes = socket.socketpair()
        self.selector.register(self.wakes, selectors.EVENT_READ)
        self.doomed: list[socket.socket] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # -- what a test does ----------------------------------------------------------------------

    def silence(self) -> None:
        """From now on nothing is passed on, and nobody is told."""
        with self.lock:
            self.is_silent = True
            self.pairs = {side: None for side in self.pairs}

    def cut(self, refuse: bool = False) -> None:
        """Resets every connection; with `refuse`, later ones too, until `pass_on`."""
        with self.lock:
            self.refuses = refuse
            self.doomed = list(self.pairs)
        self.waker.send(b".")

    def pass_on(self) -> None:
        """New connections work again."""
        with self.lock:
            self.is_silent = self.refuses = False

    def close(self) -> None:
        with self.lock:
            self.is_closed = True
        self.waker.send(b".")
        self.thread.join()
        # By the one who uses it: the thread may end before it is woken.
        self.waker.close()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self.is_closed:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj is self.wakes:
                    self.wakes.recv(4096)
                    with self.lock:
                        doomed, self.doomed = self.doomed, []
                    for side in doomed:
                        self._drop(side)
                else:
                    self._carry(key.fileobj)
        for side in list(self.pairs):
            self._drop(side)
        self.listener.close()
        self.wakes.close()
        self.selector.close()

    def _accept(self) -> None:
        near, _ = self.listener.accept()
        with self.lock:
            self.accepted += 1
            is_silent, refuses = self.is_silent, self.refuses
        if refuses:
            return self._reset(near)
        if is_silent:
            sides = {near: None}
        else:
            try:
                far = socket.create_connection(self.target, timeout=5)
            except OSError:
                return self._reset(near)
            sides = {near: far, far: near}
        with self.lock:
            self.pairs |= sides
        for side in sides:
            # Writing may block: the relay of a test carries little, and its peers read.
            side.settimeout(None)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(side, selectors.EVENT_READ)

    def _carry(self, side: socket.socket) -> None:
        with self.lock:
            if side not in self.pairs:
                return
            other = self.pairs[side]
        try:
            data = side.recv(65536)
            if data and other:
                other.sendall(data)
        except OSError:
            data = b""
        if data:
            return
        if other:
            self._drop(other)
        self._drop(side)

    def _drop(self, side: socket.socket) -> None:
        with self.lock:
            if side not in self.pairs:
                return
            del self.pairs[side]
        self.selector.unregister(side)
        self._reset(side)

    @staticmethod
    def _reset(side: socket.socket) -> None:
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        side.close()
