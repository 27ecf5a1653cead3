"""Watches of many visits through what breaks and strains them: nothing is missed, and nothing is told twice."""

import base64
import random
import shutil
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import grpc
import pytest

from clinic_issuer import IssuedService
from proxies import Nginx
from relay import Relay
from sessions_watcher import SessionsWatcher, asked, opened
from visit import Clinic, in_seconds, reason

ENVIRONMENT = {
    "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "1s", "TELEHEALTH_RATE_LIMITS": "none",
    "TELEHEALTH_ALLOW_UNLIMITED_CALLS": "true", "TELEHEALTH_SHUTDOWN_GRACE": "1s"}


class Scene:
    """One service whose visits several watches see; it may be killed and started again."""

    def __init__(self, folder, simulator, **env):
        self.service = IssuedService(folder / "data", simulator, env=ENVIRONMENT | env).start()
        self.channel = grpc.insecure_channel(self.service.address, options=[("grpc.max_reconnect_backoff_ms", 500)])
        self.clinic = Clinic(self.service, self.channel)
        self.clinic.register_documents()
        self.watchers: list[SessionsWatcher] = []
        self.bookings: dict[str, tuple[str, int]] = {}

    def watch(self, role: str = "clinician", target: str = "", **of) -> SessionsWatcher:
        request = asked(**of)
        self.watchers.append(SessionsWatcher(target or self.service.address, self.clinic.credentials(role), request))
        return self.watchers[-1]

    def book(self, starts_in: float = 60) -> str:
        appointment = self.clinic.book(starts_in)
        session_id = self.clinic.create_session(appointment).session_id
        self.bookings[session_id] = (appointment, 1)
        return session_id

    def move(self, session_id: str, starts_in: float, clinician: str = "") -> None:
        from telehealth.v1 import appointment_service_pb2 as m

        appointment, version = self.bookings[session_id]
        self.bookings[session_id] = (appointment, version + 1)
        self.clinic.call(self.clinic.appointments.PutAppointment, m.PutAppointmentRequest(
            appointment_id=appointment, client_id=self.clinic.client_id, time_zone="UTC", source_version=version + 1,
            clinician_id=clinician or self.clinic.clinician_id, scheduled_start_time=in_seconds(starts_in),
            scheduled_end_time=in_seconds(starts_in + 1800)), "scheduler")

    def wait_until_ready(self) -> None:
        grpc.channel_ready_future(self.channel).result(timeout=30)

    def close(self) -> None:
        for watcher in self.watchers:
            watcher.close()
        self.channel.close()
        if self.service.process.poll() is None:
            assert self.service.stop() == 0


@pytest.fixture
def scene(tmp_path, simulator):
    scene = Scene(tmp_path, simulator)
    yield scene
    scene.close()


def shown(visits: dict) -> dict:
    return {session_id: visit.SerializeToString(deterministic=True) for session_id, visit in visits.items()}


def settle(watchers: list[SessionsWatcher], truth) -> None:
    """Waits until all of them show what a fresh snapshot shows."""
    for watcher in watchers:
        watcher.wait("as the others", lambda self: shown(self.visits) == shown(truth.visits))


# -- what breaks -----------------------------------------------------------------------------------


def test_a_network_that_cuts(scene):
    relay = Relay(scene.service.address)
    watcher = scene.watch(target=relay.address)
    stays, goes = scene.book(), scene.book()
    watcher.wait_for(stays)
    watcher.wait_for(goes)
    for round in range(5):
        relay.cut(refuse=True)
        came = scene.book()
        scene.move(stays, 600 + round)
        scene.move(goes, 100_000 if round % 2 == 0 else 60)
        relay.pass_on()
        moved = scene.clinic.session(stays).scheduled_start_time
        watcher.wait_for(came)
        watcher.wait_for(stays, lambda visit: visit.scheduled_start_time == moved)
        watcher.wait("moved", lambda self: (goes in self.visits) == (round % 2 == 1))
        assert watcher.snapshots == 1 and watcher.breaks > round
    watcher.close()
    relay.close()


def test_a_proxy_with_time_outs_below_the_heartbeats(scene, tmp_path):
    proxy = Nginx(tmp_path, scene.service.address, changes={"grpc_read_timeout 45s;": "grpc_read_timeout 500ms;"}).start()
    watcher = scene.watch(target=proxy.address)
    watcher.wait("cut three times", lambda self: self.breaks >= 3)
    made = [scene.book() for _ in range(20)]
    for session_id in made:
        watcher.wait_for(session_id)
    assert watcher.snapshots == 1
    changed = [message.changed.session_id for message in watcher.log if message.HasField("changed")]
    assert sorted(changed) == sorted(made), "none twice"
    watcher.close()
    proxy.stop()


def test_a_service_that_is_killed(scene):
    watchers = [scene.watch("clinician"), scene.watch("admin")]
    kept, moved = scene.book(), scene.book()
    for watcher in watchers:
        watcher.wait_for(moved)
    # What is done while the streams are down, and the kill right behind it.
    for watcher in watchers:
        watcher.cut()
    scene.move(moved, 100_000)
    after = scene.book()
    scene.service.kill()
    for watcher in watchers:
        watcher.wait("broken", lambda self: self.breaks >= 2)
    scene.service.start()
    scene.wait_until_ready()
    for watcher in watchers:
        watcher.wait_for(after)
        watcher.wait_until_gone(moved)
        assert kept in watcher.visits and watcher.snapshots == 1


def test_a_stop_ends_the_streams_and_a_token_outlives_it(scene):
    call = opened(scene.clinic, request := asked(), "clinician")
    request.resume_token = next(call).resume_token
    scene.service.process.send_signal(signal.SIGTERM)
    with pytest.raises(grpc.RpcError) as ended:
        list(call)
    assert (ended.value.code(), ended.value.details()) == (grpc.StatusCode.UNAVAILABLE, "the server is stopping")
    assert scene.service.process.wait(20) == 0
    scene.service.start()
    scene.wait_until_ready()
    made = scene.book()
    call = opened(scene.clinic, request, "clinician")
    assert [next(call).WhichOneof("message"), next(call).changed.session_id] == ["heartbeat", made]
    call.cancel()


def test_a_restored_backup_knows_the_tokens_of_its_past_alone(scene, tmp_path):
    """What happened behind the backup is gone, and other things have happened since: at the same positions."""
    from telehealth.v1 import operations_service_pb2 as o
    from telehealth.v1 import operations_service_pb2_grpc as operations

    request = asked()

    def token() -> str:
        call = opened(scene.clinic, request, "clinician")
        found = next(call).resume_token
        call.cancel()
        return found

    scene.book()
    before = token()
    copy = scene.clinic.result(
        operations.OperationsServiceStub(scene.channel).BackupDatabase, o.BackupDatabaseRequest(), "admin").file_name
    lost = scene.book()
    after = [token() for _ in range(5)]
    scene.service.kill()
    for name in ("telehealth.db", "telehealth.db-wal", "telehealth.db-shm", "telehealth.db.marks"):
        (scene.service.data / name).unlink(missing_ok=True)
    shutil.copy(scene.service.data / "backups" / copy, scene.service.data / "telehealth.db")
    scene.service.start()
    scene.wait_until_ready()
    made = [scene.book() for _ in range(20)]
    assert lost not in {visit.session_id for visit in sessions(scene)}
    for text in after:
        request.resume_token = text
        with pytest.raises(grpc.RpcError) as refused:
            next(opened(scene.clinic, request, "clinician"))
        assert reason(refused.value) == "RESUME_EXPIRED"
    request.resume_token = before
    call = opened(scene.clinic, request, "clinician")
    assert next(call).WhichOneof("message") == "heartbeat"
    assert [next(call).changed.session_id for _ in made] == made
    call.cancel()


def sessions(scene):
    from telehealth.v1 import telehealth_service_pb2 as m

    return scene.clinic.call(scene.clinic.telehealth.ListSessions, m.ListSessionsRequest(page_size=200), "admin").sessions


def test_a_token_that_is_too_old(scene):
    call = opened(scene.clinic, request := asked(), "clinician")
    request.resume_token = next(call).resume_token
    call.cancel()
    scene.book()
    scene.service.kill()
    # Four days have passed, as the log tells it.
    position = int.from_bytes(base64.urlsafe_b64decode(request.resume_token + "=")[:8], "big")
    with closing(sqlite3.connect(scene.service.data / "telehealth.db")) as database, database:
        database.execute("DROP TRIGGER audit_chain_no_update")
        database.execute("UPDATE audit SET at = at - 4 * 86400000000 WHERE number = ?", (position,))
    scene.service.start()
    scene.wait_until_ready()
    with pytest.raises(grpc.RpcError) as refused:
        next(opened(scene.clinic, request, "clinician"))
    assert reason(refused.value) == "RESUME_EXPIRED"


# -- what strains ----------------------------------------------------------------------------------


def test_more_visits_than_one_stream_watches(tmp_path, simulator):
    scene = Scene(tmp_path, simulator, TELEHEALTH_WATCHED_VISITS_MAX="3")
    for _ in range(3):
        scene.book()
    watcher = scene.watch("admin")
    watcher.wait("a snapshot", lambda self: len(self.visits) == 3)
    fourth = scene.book()
    watcher.wait_for(fourth)
    with pytest.raises(grpc.RpcError) as refused:
        next(opened(scene.clinic, asked(), "admin"))
    assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_TOO_LARGE")
    assert first_of(scene, asked(-60, 0)).snapshot_part.complete, "a shorter range"
    scene.close()


def first_of(scene, request):
    call = opened(scene.clinic, request, "admin")
    message = next(call)
    call.cancel()
    return message


def test_a_large_snapshot_comes_in_small_messages_and_holds_nobody_up(scene):
    with ThreadPoolExecutor(16) as many:
        made = set(many.map(lambda _: scene.book(), range(1500)))
    call = opened(scene.clinic, asked(), "admin")
    # Nobody reads it yet, and others are answered.
    for session_id in list(made)[:20]:
        assert scene.clinic.session(session_id).session_id == session_id
    seen, sizes = [], []
    for message in call:
        sizes.append(message.ByteSize())
        seen += [visit.session_id for visit in message.snapshot_part.sessions]
        if message.snapshot_part.complete:
            break
    call.cancel()
    assert len(seen) == len(set(seen)) and set(seen) == made
    assert max(sizes) < 70_000 and len(sizes) > 10


def test_many_at_once_and_one_that_reads_slowly(scene):
    """A reader that stands still is notified of the newest state of each visit, however much happened meanwhile."""
    made = [scene.book() for _ in range(20)]
    narrow = [("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(scene.service.address, narrow) as channel:
        slow = Clinic(scene.service, channel)
        slow.clinician_id = scene.clinic.clinician_id
        call = opened(slow, asked(), "clinician")
        assert next(call).snapshot_part.complete
        for round in range(25):
            with ThreadPoolExecutor(8) as many:
                list(many.map(lambda session_id: scene.move(session_id, 120 + 60 * round), made))
        newest = {session_id: scene.clinic.session(session_id).version for session_id in made}
        told = {}
        for message in call:
            if message.HasField("changed"):
                before = told.get(message.changed.session_id, 0)
                assert message.changed.version > before, "none twice, and none older"
                told[message.changed.session_id] = message.changed.version
            if told == newest:
                break
        call.cancel()


def test_random_changes_under_two_watches(scene):
    """One watch stays, one breaks at random; at the end both show what is there, and neither missed a change."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    other = Clinic(scene.service, scene.channel)
    steady, restless = scene.watch(), scene.watch()
    handed = SessionsWatcher(scene.service.address, other.credentials("clinician"), asked())
    scene.watchers.append(handed)
    for watcher in scene.watchers:
        watcher.wait("a snapshot", lambda self: self.snapshots)
    made = [scene.book(chance.randrange(60, 3600)) for _ in range(4)]
    kinds = ["georgia_telehealth", "hipaa_telehealth"]
    for step in range(200):
        one = chance.choice(made)
        match chance.randrange(12):
            case 0 | 1:
                made.append(scene.book(chance.randrange(60, 3600)))
            case 2:
                scene.move(one, 100_000)
            case 3 | 4:
                scene.move(one, chance.randrange(60, 3600), other.clinician_id)
            case 5:
                if kinds:
                    scene.clinic.consent(kinds.pop())
            case _:
                scene.move(one, chance.randrange(60, 3600))
        if chance.random() < 0.3:
            restless.cut()
        breaks = restless.breaks
        while step % 25 == 0 and restless.breaks == breaks:
            restless.cut()  # Until it meets a stream: between two there is nothing to cut.
            time.sleep(0.01)
    fresh = [SessionsWatcher(scene.service.address, who.credentials("clinician"), asked()) for who in (scene.clinic, other)]
    scene.watchers += fresh
    for watcher in fresh:
        watcher.wait("a snapshot", lambda self: self.snapshots)
    settle([steady, restless], fresh[0])
    settle([handed], fresh[1])
    for watcher, who in ((steady, scene.clinic), (handed, other)):
        listed = {row.session_id: row.version for row in listing(who)}
        assert {session_id: visit.version for session_id, visit in watcher.visits.items()} == listed
        assert all(scene.clinic.session(session_id, "admin").version == version for session_id, version in listed.items())
    assert restless.snapshots == 1 and restless.breaks > 5
    newest: dict[str, int] = {}
    gone = set()
    for message in restless.log:
        for visit in [message.changed] if message.HasField("changed") else message.snapshot_part.sessions:
            assert visit.version >= newest.get(visit.session_id, 0), f"seed {seed}: an older state came later"
            newest[visit.session_id] = visit.version
        gone.add(message.gone.session_id)
    for message in steady.log:
        # What came and went again while the restless one was away is covered by its having gone.
        if message.HasField("changed") and message.changed.session_id not in gone:
            assert newest[message.changed.session_id] >= message.changed.version, f"seed {seed}"
    told = [(m.changed.session_id, m.changed.SerializeToString(deterministic=True)) for m in steady.log if m.HasField("changed")]
    assert len(told) == len(set(told)), f"seed {seed}: one that never broke is told nothing twice"


def listing(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.ListSessionsRequest(scheduled_start_time_from=in_seconds(-43_200), scheduled_start_time_before=in_seconds(43_200), page_size=200)
    return clinic.call(clinic.telehealth.ListSessions, request, "clinician").sessions
