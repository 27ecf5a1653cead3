#!/usr/bin/env python3
"""Kills telehealthd with SIGKILL at random moments of concurrent visits and proves that nothing acknowledged is lost.

Every step that was answered OK is written to a ledger. After each restart the sessions in play, and at the end all of
them, must be at least as far as the ledger says; every visit must reach its end; and when all is quiet the simulator
must hold no running meeting and no running capture. A run prints its seed; --seed plays the same choices again.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Interop/support"))

import grpc  # noqa: E402

from service import Service, Simulator, generate_stubs  # noqa: E402

RETRIED = {
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED,
}
CHANNEL = [
    ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200), ("grpc.use_local_subchannel_pool", 1),
]
STEP_LIMIT = 60.0


class Stuck(AssertionError):
    """A step that never succeeded although it was repeated under one request id."""


class Ledger:
    """What was acknowledged: per session the highest version and event number, and ids that must exist."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sessions: dict[str, dict] = {}
        self.consents: dict[str, set[str]] = {}
        self.acknowledged = 0

    def session(self, session, recording_id: str = "") -> None:
        with self.lock:
            self.acknowledged += 1
            known = self.sessions.setdefault(session.session_id, {"version": 0, "sequence": 0, "recordings": set(), "final": 0})
            known["version"] = max(known["version"], session.version)
            known["sequence"] = max(known["sequence"], session.last_event_sequence)
            if session.status >= 4:
                known["final"] = session.status
            if recording_id:
                known["recordings"].add(recording_id)

    def consent(self, subject_id: str, consent_id: str) -> None:
        with self.lock:
            self.acknowledged += 1
            self.consents.setdefault(subject_id, set()).add(consent_id)


class Visitor(threading.Thread):
    """Plays visit after visit until told to stop; the visit under way is always finished."""

    def __init__(self, service: Service, ledger: Ledger, seed: int, stopping: threading.Event):
        super().__init__(daemon=True)
        self.service, self.ledger, self.stopping = service, ledger, stopping
        self.random = random.Random(seed)
        self.finished = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.visit()
                self.finished += 1
        except BaseException as failure:  # noqa: BLE001 - reported by the main thread
            self.failure = failure

    def step(self, method, request, role: str):
        """One change under one request id, repeated until the service has answered OK."""
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            request.request_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        began = time.monotonic()
        while True:
            try:
                return method(request, metadata=self.clinic.credentials(role), timeout=10, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() not in RETRIED:
                    raise
                if time.monotonic() - began > STEP_LIMIT:
                    raise Stuck(f"{type(request).__name__}: {error.code()} {error.details()}") from error
                time.sleep(0.02)

    def visit(self) -> None:
        from telehealth.v1 import recording_service_pb2 as rec
        from telehealth.v1 import telehealth_service_pb2 as m

        from visit import Clinic

        with grpc.insecure_channel(self.service.address, options=CHANNEL) as channel:
            clinic = self.clinic = Clinic(self.service, channel)
            clinic.call = lambda method, request, role, timeout=0: self.step(method, request, role)
            ledger, t = self.ledger, clinic.telehealth
            appointment_id = clinic.book()
            session = clinic.create_session(appointment_id)
            ledger.session(session)
            sid = session.session_id
            for kind, role in [("georgia_telehealth", "client"), ("hipaa_telehealth", "client"),
                               ("recording", "client"), ("recording", "clinician")]:
                consent = clinic.consent(kind, role)
                ledger.consent(consent.person_id, consent.consent_id)
            order = ["client", "clinician", "client"] if self.random.random() < 0.7 else ["clinician", "client"]
            for role in order:
                joined = clinic.join(sid, role)
                ledger.session(joined.session)
            assert joined.outcome == 2, f"the client is not admitted: {joined.outcome}"
            if self.random.random() < 0.7:
                recording = self.step(clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician").recording
                ledger.session(clinic.session(sid), recording.recording_id)
            share = self.step(t.StartScreenShare, m.StartScreenShareRequest(session_id=sid), "clinician")
            assert share.screen_share.screen_share_id
            ledger.session(self.step(t.EndSession, m.EndSessionRequest(session_id=sid), "clinician").session)


def check(service: Service, ledger: Ledger, only_open: bool) -> int:
    """Reads back what the ledger says; returns how many sessions were read."""
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as m

    from visit import Clinic

    with ledger.lock:
        sessions = {k: {**v, "recordings": set(v["recordings"])} for k, v in ledger.sessions.items() if not (only_open and v["final"])}
        consents = {k: set(v) for k, v in ledger.consents.items()} if not only_open else {}
    with grpc.insecure_channel(service.address, options=CHANNEL) as channel:
        clinic = Clinic(service, channel)
        admin = clinic.credentials("admin")
        for session_id, known in sessions.items():
            session = clinic.telehealth.GetSession(
                m.GetSessionRequest(session_id=session_id), metadata=admin, timeout=10, wait_for_ready=True
            ).session
            assert session.version >= known["version"], f"{session_id}: version {session.version} < acknowledged {known['version']}"
            assert session.last_event_sequence >= known["sequence"], f"{session_id}: events were lost"
            assert not known["final"] or session.status == known["final"], f"{session_id}: {session.status} != {known['final']}"
            if known["recordings"]:
                listed = clinic.recordings.ListRecordings(
                    rec.ListRecordingsRequest(session_id=session_id), metadata=admin, timeout=10
                ).recordings
                assert known["recordings"] <= {r.recording_id for r in listed}, f"{session_id}: a recording was lost"
        for subject_id, ids in consents.items():
            listed = clinic.consents.ListConsents(
                c.ListConsentsRequest(person_id=subject_id, page_size=200), metadata=admin, timeout=10
            ).consents
            assert ids <= {consent.consent_id for consent in listed}, f"{subject_id}: a consent was lost"
    return len(sessions)


def wait_until_quiet(simulator: Simulator, limit: float = 90.0) -> None:
    """All visits are over: within the limit no meeting and no capture may be left running."""
    deadline = time.monotonic() + limit
    while True:
        meetings = [m for m in simulator.admin("GET", "/meetings")["meetings"] if m["state"] == "LIVE"]
        captures = [
            p for p in simulator.admin("GET", "/pipelines")["pipelines"]
            if p["kind"] == "MediaCapturePipeline" and p["status"] in ("Initializing", "InProgress")
        ]
        if not meetings and not captures:
            return
        assert time.monotonic() < deadline, f"left running: {len(meetings)} meetings, {len(captures)} captures"
        time.sleep(0.25)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how often to kill (default 100)")
    parser.add_argument("--visitors", type=int, default=6, help="concurrent visits (default 6)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    choose = random.Random(options.seed)

    folder = Path(tempfile.mkdtemp(prefix="telehealth-crash-"))
    generate_stubs(folder / "stubs")
    simulator = Simulator("--no-throttle", log=folder / "simulator.log")
    service = Service(folder / "data", simulator, env={
        # A few identities make the calls of a whole region here.
        "TELEHEALTH_CHIME_CALLS_PER_SECOND": "500", "TELEHEALTH_RATE_LIMITS": "none"}).start()
    ledger, stopping = Ledger(), threading.Event()
    began = time.monotonic()
    try:
        from visit import Clinic

        with grpc.insecure_channel(service.address) as channel:
            Clinic(service, channel).register_documents()
        visitors = [Visitor(service, ledger, choose.randrange(2**32), stopping) for _ in range(options.visitors)]
        for visitor in visitors:
            visitor.start()
        starts = []
        read = 0
        for kill in range(1, options.kills + 1):
            time.sleep(choose.uniform(0.02, 0.9))
            service.kill()
            restarted = time.monotonic()
            service.start()
            starts.append(time.monotonic() - restarted)
            read += check(service, ledger, only_open=True)
            for visitor in visitors:
                if visitor.failure:
                    raise visitor.failure
            if kill % 10 == 0:
                done = sum(v.finished for v in visitors)
                print(f"{kill} kills, {done} visits finished, {ledger.acknowledged} changes acknowledged", flush=True)
        stopping.set()
        for visitor in visitors:
            visitor.join(STEP_LIMIT * 3)
            if visitor.failure:
                raise visitor.failure
            assert not visitor.is_alive(), "a visit is stuck"
        wait_until_quiet(simulator)
        read += check(service, ledger, only_open=False)
        assert service.stop() == 0
        starts.sort()
        finished = sum(v.finished for v in visitors)
        print(
            f"{options.kills} kills in {time.monotonic() - began:.0f} s: {finished} visits, {ledger.acknowledged} acknowledged "
            f"changes all there ({read} sessions read back), nothing left running; restart p50 {starts[len(starts) // 2] * 1000:.0f} ms, "
            f"max {starts[-1] * 1000:.0f} ms"
        )
        print("1 passed, 0 failed")
        shutil.rmtree(folder)
        return 0
    except BaseException as failure:  # noqa: BLE001 - the seed and the logs must be named whatever happened
        print(f"FAILED with seed {options.seed}: {failure!r}; logs in {folder}", flush=True)
        if service.process and service.process.poll() is None:
            service.kill()
        print("0 passed, 1 failed")
        return 1
    finally:
        simulator.stop()


if __name__ == "__main__":
    sys.exit(main())
