"""Watches through everything that breaks them, directly and behind proxies: nothing is missed, nothing comes twice.

Ten watches of one visit go on through all of it: our own client and an official one that follows docs/clients.md, each
through a relay, through nginx and HAProxy as docs/proxies has them with a relay behind them, and through both with
time-outs so short that they cut every quiet stream.
"""

import signal
import time

import grpc
import pytest

from clinic_issuer import IssuedService
from proxies import HAProxy, Nginx
from relay import Relay
from started_visit import started_visit
from survivors import GrpcioWatch, ProbeWatch
from visit import Clinic

#: Below the heartbeats' second.
SHORT = {Nginx: {"grpc_read_timeout 45s;": "grpc_read_timeout 500ms;"},
         HAProxy: {"timeout server 45s": "timeout server 500ms"}}


class Scene:
    def __init__(self, folder, simulator):
        self.service = IssuedService(folder / "data", simulator, env={
            "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "1s", "TELEHEALTH_PRESENCE_LOST_AFTER": "10m",
            "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_ALLOW_UNLIMITED_CALLS": "true", "TELEHEALTH_SHUTDOWN_GRACE": "1s"}).start()
        self.relay, self.behind = Relay(self.service.address), Relay(self.service.address)
        self.proxies = []
        for kind in (Nginx, HAProxy):
            self.proxies.append(kind(folder, self.behind.address).start())
            self.proxies.append(kind(folder / "short", self.service.address, changes=SHORT[kind]).start())
        self.channel = grpc.insecure_channel(self.service.address, options=[("grpc.max_reconnect_backoff_ms", 1000)])
        self.clinic = Clinic(self.service, self.channel)
        self.clinic.register_documents()
        self.session_id = started_visit(self.clinic)
        self.watches = []
        paths = {"a relay": self.relay.address}
        for proxy in self.proxies:
            paths[str(proxy.folder.relative_to(folder))] = proxy.address
        token = self.service.token("clinician", self.clinic.clinician_id)
        for name, target in paths.items():
            # Connections that fell silent are noticed by the keepalive: here after its shortest time.
            self.watches.append(ProbeWatch(name, target, self.session_id, token, "--keepalive", "10"))
            self.watches.append(GrpcioWatch(name, target, self.session_id, self.clinic.credentials("clinician"), {
                "grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 5_000}))
        self.shares = False

    def tell_all(self) -> None:
        """Something happens in the visit, and every watch shows it, behind all that happened before."""
        from telehealth.v1 import telehealth_service_pb2 as m

        verb = "StopScreenShare" if self.shares else "StartScreenShare"
        request = getattr(m, verb + "Request")(session_id=self.session_id)
        self.clinic.call(getattr(self.clinic.telehealth, verb), request, "clinician")
        self.shares = not self.shares
        last = self.clinic.session(self.session_id).last_event_sequence
        for watch in self.watches:
            watch.wait_for(last)

    def breaks(self) -> list[int]:
        return [watch.breaks for watch in self.watches]

    def wait_for_new_breaks(self, before: list[int], more: int = 1) -> None:
        for watch, count in zip(self.watches, before):
            watch.wait_for_breaks(count + more)

    def wait_until_ready(self) -> None:
        """The official client's channel connects again in its own time."""
        grpc.channel_ready_future(self.channel).result(timeout=30)

    def close(self) -> None:
        for watch in self.watches:
            watch.close()
        self.channel.close()
        for proxy in self.proxies:
            proxy.stop()
        self.relay.close()
        self.behind.close()
        assert self.service.stop() == 0


@pytest.fixture(scope="module")
def scene(tmp_path_factory, simulator):
    scene = Scene(tmp_path_factory.mktemp("survival"), simulator)
    yield scene
    scene.close()


def test_all_see_the_visit(scene):
    scene.tell_all()


def test_time_outs_that_cut_every_quiet_stream(scene):
    cut = [watch for watch in scene.watches if "short" in watch.name]
    assert len(cut) == 4
    for watch in cut:
        watch.wait_for_breaks(watch.breaks + 3)
    scene.tell_all()


def test_a_service_that_is_killed_and_comes_back(scene):
    before = scene.breaks()
    scene.service.kill()
    scene.wait_for_new_breaks(before)
    scene.service.start()
    scene.wait_until_ready()
    scene.tell_all()


def test_a_service_that_is_replaced_in_good_order(scene):
    before = scene.breaks()
    assert scene.service.stop() == 0
    scene.service.start()
    scene.wait_for_new_breaks(before)
    scene.wait_until_ready()
    scene.tell_all()


def test_a_service_that_stands_still_for_a_while(scene):
    """Its kernel acknowledges what comes, and no program reads it: only the missing heartbeats tell."""
    before = scene.breaks()
    scene.service.process.send_signal(signal.SIGSTOP)
    try:
        scene.wait_for_new_breaks(before, more=2)
    finally:
        scene.service.process.send_signal(signal.SIGCONT)
    scene.wait_until_ready()
    scene.tell_all()


def test_an_outage_of_a_minute(scene):
    """The service is gone; where a relay is on the way, nothing at all is heard, and old connections never again."""
    before = scene.breaks()
    began = time.monotonic()
    for relay in (scene.relay, scene.behind):
        relay.silence()
    scene.service.kill()
    scene.wait_for_new_breaks(before)
    time.sleep(max(0.0, began + 60 - time.monotonic()))
    scene.service.start()
    for relay in (scene.relay, scene.behind):
        relay.pass_on()
    scene.wait_until_ready()
    scene.tell_all()


def test_the_end_of_the_visit_ends_them_all(scene):
    from telehealth.v1 import telehealth_service_pb2 as m

    ended = scene.clinic.call(
        scene.clinic.telehealth.EndSession, m.EndSessionRequest(session_id=scene.session_id), "clinician")
    # What the service notes behind the end is for nobody's watch.
    last = ended.session.last_event_sequence
    for watch in scene.watches:
        watch.wait_for(last)
        watch.wait("ended", lambda: watch.ended)
        assert watch.ended.startswith("0, "), watch.ended
