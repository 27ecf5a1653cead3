"""Many calls that are refused, and how they are counted."""

import threading
import time
import urllib.request

import grpc

from service import Service
from visit import Clinic, reason


def metric(service: Service, name: str) -> float:
    """The value of a sample, its labels included in the name; 0 while there is none."""
    with urllib.request.urlopen(f"http://{service.ready['monitoring']}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
    return 0


class Flood:
    """Somebody who makes the same call again and again, many at a time, and counts what came back."""

    def __init__(self, address: str, call, width: int = 50):
        self.words: dict[str, int] = {}
        self.times: list[tuple[str, float]] = []
        self.stopped = threading.Event()
        self.channel = grpc.insecure_channel(address)
        self.call = call
        self.width = width
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.stopped.is_set():
            began = time.monotonic()
            for future in [self.call(self.channel) for _ in range(self.width)]:
                error = future.exception()
                word = reason(error) if error else "OK"
                self.words[word] = self.words.get(word, 0) + 1
            self.times.append((word, time.monotonic() - began))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.channel.close()

    def wait_for(self, word: str, count: int) -> None:
        deadline = time.monotonic() + 60
        while self.words.get(word, 0) < count:
            assert time.monotonic() < deadline and self.thread.is_alive(), self.words
            time.sleep(0.01)


def bad_token(channel):
    from telehealth.v1 import telehealth_service_pb2 as m
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    return services.TelehealthServiceStub(channel).ListSessions.future(
        m.ListSessionsRequest(), metadata=[("authorization", "Bearer wrong")], timeout=30)


def denied(clinic: Clinic) -> list:
    """Every refusal in the audit log."""
    from telehealth.v1 import audit_service_pb2 as m
    from telehealth.v1 import audit_service_pb2_grpc as services

    log, found, token = services.AuditServiceStub(clinic.channel), [], ""
    while True:
        page = clinic.call(log.ListAuditEvents, m.ListAuditEventsRequest(page_size=200, page_token=token), "admin")
        found += [row for row in page.events if row.reason]
        token = page.next_page_token
        if not token:
            return found


def listed(stub, token: str) -> None:
    from telehealth.v1 import telehealth_service_pb2 as m

    stub.ListSessions(m.ListSessionsRequest(), metadata=[("authorization", "Bearer " + token)], timeout=10)
