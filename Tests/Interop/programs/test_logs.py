"""The daemon's log: a line of JSON for each call, and none lost when it is told to stop."""

import json
import os
import select
import threading
import time

import grpc
import pytest

from service import Service
from visit import Clinic


def read_to_end(reader: int, until_exit) -> list[dict]:
    """All lines until nobody writes any more."""
    data = b""
    while True:
        select.select([reader], [], [], 0.1)
        try:
            more = os.read(reader, 1 << 20)
        except BlockingIOError:
            continue
        if not more and until_exit() is not None:
            return [json.loads(line) for line in data.splitlines()]
        data += more


@pytest.mark.parametrize("blocking", [True, False], ids=["a pipe", "a pipe that never blocks its writer"])
def test_no_line_is_lost_when_it_stops_while_nobody_reads(tmp_path, simulator, blocking):
    """The log's reader stalls while thousands of calls are answered, and comes back only after SIGTERM."""
    from telehealth.v1 import telehealth_service_pb2 as m

    log = tmp_path / "data" / "telehealthd.log"
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"})
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    service.start()
    os.set_blocking(service.log.fileno(), blocking)
    answered = [0] * 8
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.credentials("admin")

        def ask(number: int) -> None:
            try:
                while True:
                    clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(), "admin", timeout=10)
                    answered[number] += 1
            except grpc.RpcError as error:
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error

        askers = [threading.Thread(target=ask, args=(number,)) for number in range(len(answered))]
        for asker in askers:
            asker.start()
        # More than a pipe holds, so that lines wait in the daemon.
        deadline = time.monotonic() + 60
        while sum(answered) < 3000 and time.monotonic() < deadline:
            time.sleep(0.05)
        service.process.terminate()
        for asker in askers:
            asker.join()
    service.log.close()
    lines = read_to_end(reader, service.process.poll)
    assert service.process.wait() == 0
    service.process.stdout.close()
    os.close(reader)
    messages = [line["message"] for line in lines]
    calls = [line for line in lines if line["message"] == "call" and line["method"].endswith("/ListSessions")]
    assert sum(answered) >= 3000
    assert len([line for line in calls if line["code"] == "OK"]) >= sum(answered)
    assert messages[0] != "call" and "stopping" in messages and messages[-1] == "stopped"
    assert not [line for line in lines if "dropped" in line["message"]]


def test_the_limits_in_force_are_in_the_log(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator)
    service.start()
    service.stop()
    lines = map(json.loads, (tmp_path / "data" / "telehealthd.log").read_text().splitlines())
    limits = next(line for line in lines if line["message"] == "limits")
    assert limits["maxRequestBytes"] == str(4 << 20)
    assert limits["transport.http2.concurrentStreamsMax"] == "128"
    assert limits["transport.http2.peerResets"] == "500 at once, 50/s"
    assert limits["transport.handshakeTimeout"] == "20.0 seconds"
    assert limits["transport.keepalive.timeout"] == "20.0 seconds"
    assert limits["transport.ageMax"] == "none"
