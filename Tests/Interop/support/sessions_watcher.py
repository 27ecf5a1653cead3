"""A watch of all visits of a time range, as an official client sees it."""

import random
import threading
import time

import grpc

from survivors import documented
from visit import in_seconds, reason

#: A day around now: what the visits of a test are planned for.
RANGE = (-43_200, 43_200)


def asked(start: float = RANGE[0], end: float = RANGE[1], token: str = ""):
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.WatchSessionsRequest(start_time=in_seconds(start), resume_token=token)
    request.end_time.FromNanoseconds(request.start_time.ToNanoseconds() + int((end - start) * 1e9))
    return request


def opened(clinic, request, role: str, timeout: float = 120):
    return clinic.telehealth.WatchSessions(request, metadata=clinic.credentials(role), timeout=timeout)


class SessionsWatcher:
    """What one viewer sees: visits by id, and every message since the snapshot, in a thread of its own.

    It goes on after the last token wherever its stream breaks, by the rule that docs/clients.md gives for every watch, and
    begins anew only when it is told that its token is too old.
    """

    def __init__(self, target: str, identity, request, token: str = ""):
        self.target, self.identity, self.request, self.token = target, identity, request, token
        self.visits: dict = {}
        self.log: list = []
        self.snapshots = self.breaks = 0
        self.error: grpc.RpcError | None = None
        self.is_closed = False
        self.call = None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # -- what a test does ----------------------------------------------------------------------

    def wait(self, what: str, condition, timeout: float = 30.0):
        with self.changed:
            assert self.changed.wait_for(lambda: self.error or condition(self), timeout), \
                f"not {what} in {timeout} s; {self.breaks} breaks; {self.visits}"
            if self.error:
                raise self.error
            return condition(self)

    def wait_for(self, session_id: str, condition=lambda visit: True, timeout: float = 30.0):
        """The visit, once it is as the condition says."""
        return self.wait(f"{session_id} as wanted", lambda self: (v := self.visits.get(session_id)) and condition(v) and v, timeout)

    def wait_until_gone(self, session_id: str) -> None:
        self.wait(f"{session_id} gone", lambda self: session_id not in self.visits)

    def cut(self) -> None:
        """Ends the stream here, as a network does: whatever was under way is lost."""
        with self.changed:
            call = self.call
        if call:
            call.cancel()

    def close(self) -> None:
        self.is_closed = True
        self.cut()
        self.thread.join(20)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        from telehealth.v1 import telehealth_service_pb2_grpc as services

        is_broken = documented()["is_broken"]
        options = [("grpc.max_reconnect_backoff_ms", 500), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self.target, options=options) as channel:
            stub = services.TelehealthServiceStub(channel)
            while not self.is_closed:
                try:
                    self._read(stub)
                    return
                except grpc.RpcError as error:
                    if reason(error) == "RESUME_EXPIRED" and self.token:
                        self.token = ""
                        continue
                    if self.is_closed or not is_broken(error):
                        with self.changed:
                            self.error = None if self.is_closed else error
                            self.changed.notify_all()
                        return
                with self.changed:
                    self.breaks += 1
                    self.changed.notify_all()
                time.sleep(random.uniform(0.01, 0.1))

    def _read(self, stub) -> None:
        request = type(self.request)()
        request.CopyFrom(self.request)
        request.resume_token = self.token
        call = stub.WatchSessions(request, metadata=self.identity, timeout=600)
        with self.changed:
            self.call = call
        parts = []
        for message in call:
            assert len(message.resume_token.encode()) <= 64
            with self.changed:
                kind = message.WhichOneof("message")
                if kind == "snapshot_part":
                    parts += message.snapshot_part.sessions
                    assert bool(message.resume_token) == message.snapshot_part.complete
                    if message.snapshot_part.complete:
                        self.visits = {visit.session_id: visit for visit in parts}
                        self.snapshots += 1
                elif kind == "changed":
                    self.visits[message.changed.session_id] = message.changed
                elif kind == "gone":
                    self.visits.pop(message.gone.session_id, None)
                self.log.append(message)
                # A token is noted with what it stands behind, and never apart from it.
                if message.resume_token:
                    self.token = message.resume_token
                self.changed.notify_all()
