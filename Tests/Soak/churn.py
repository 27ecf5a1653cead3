#!/usr/bin/env python3
"""A day of a clinic in an hour: connections, visits, watches, tokens, guests and errors of ever new people.

Nobody comes twice: each visit has people, tokens and connections of its own, and some leave without a goodbye. The
memory that the daemon holds (anonymous pages, RssAnon) is read every two seconds; the run fails when it ends with more
than it had after a sixth of its time (ten minutes of an hour) by more than the bound, or when a step of a visit fails.
"""

import argparse
import random
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Interop/support"))

import grpc  # noqa: E402

from service import Service, Simulator, generate_stubs  # noqa: E402
from token_issuer import ISSUER, Key, key_set, own_id  # noqa: E402

# A clinic with 10,000 visits a day: a run of an hour plays them all, a shorter one its part of them.
VISITS_PER_MINUTE = 10_000 / 60
# What may come on top: a heap that is divided anew, not one that keeps something of everybody (10,000 visits have some
# 50,000 identities, so 160 bytes of each would be told).
GROWTH_MAX_KIB = 8 * 1024
SHOWN = ("telehealth_watches_open", "telehealth_store_queued", "telehealth_store_wal_pages", "telehealth_effects")


class ClinicService(Service):
    """The service with an issuer whose tokens are made here: a new one costs no process."""

    def __init__(self, folder: Path, simulator: Simulator):
        self.key = Key("ES256")
        (folder / "keys.json").write_bytes(key_set(self.key))
        super().__init__(folder / "data", simulator, env={
            "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(folder / "keys.json"),
            "TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0", "TELEHEALTH_CHIME_CALLS_PER_SECOND": "500",
            # Scheduler and admin stand for many here; a client who errs is held off as ever.
            "TELEHEALTH_RATE_LIMITS":
                "client=50/200,clinician=100/400,admin=2000/4000,scheduler=2000/4000,service=2000/4000,"
                "refused=500/5000,open=2000/10000",
        })

    def token(self, role: str, person: str = "", **claims: str) -> str:
        subject = person or role
        return self.key.token(sub=subject, telehealth_role=role, **own_id(role, person), **claims)

    def memory(self) -> int:
        """What the daemon holds of its own, KiB; pages of files do not count."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1])

    def figures(self) -> str:
        """What the daemon counts of its structures, on one line."""
        with urllib.request.urlopen(f"http://{self.ready['monitoring']}/metrics", timeout=10) as answer:
            rows = [line for line in answer.read().decode().split("\n") if line.startswith(SHOWN)]
        totals: dict[str, float] = {}
        for row in rows:
            name, value = re.match(r"telehealth_(\w+).* (\S+)$", row).groups()
            totals[name] = totals.get(name, 0) + float(value)
        return ", ".join(f"{name} {value:.0f}" for name, value in totals.items())


class People(threading.Thread):
    """One visit after another at its planned time, each of new people."""

    def __init__(self, service: ClinicService, seed: int, plan):
        super().__init__(daemon=True)
        self.service, self.random, self.plan = service, random.Random(seed), plan
        self.visits = self.refusals = 0
        self.failures: list[str] = []

    def run(self) -> None:
        for planned in self.plan:
            time.sleep(max(0.0, planned - time.monotonic()))
            try:
                self.visit()
            except Exception as failure:  # noqa: BLE001 - counted, the run goes on
                self.failures.append(repr(failure)[:300])
            self.visits += 1

    def channel(self) -> grpc.Channel:
        """A connection of its own."""
        return grpc.insecure_channel(self.service.address, options=[("grpc.use_local_subchannel_pool", 1)])

    def visit(self) -> None:
        from telehealth.v1 import telehealth_service_pb2 as m

        from visit import Clinic

        with self.channel() as clients, self.channel() as clinicians:
            client, clinician = Clinic(self.service, clients), Clinic(self.service, clinicians)
            clinician.client_id, clinician.clinician_id = client.client_id, client.clinician_id
            session = client.create_session(client.book())
            sid = session.session_id
            for kind in ("georgia_telehealth", "hipaa_telehealth"):
                client.consent(kind)
            watches = [
                clinic.telehealth.WatchSession(m.WatchSessionRequest(session_id=sid), metadata=clinic.credentials(who))
                for clinic, who in ((client, "client"), (clinician, "clinician"))
            ]
            for watch in watches:
                next(watch)
            client.join(sid, "client")
            clinician.join(sid, "clinician")
            client.join(sid, "client")
            self.err(client)
            if self.random.random() < 0.25:
                grant = clinician.invite(sid, "GUEST").grant
                client.redeem(grant, "guest")
                client.session(sid, "guest")
            if self.random.random() < 0.5:
                # Out of the tunnel: the connection ends under the watch.
                clients.close()
            else:
                watches[0].cancel()
            clinician.call(clinician.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
            for _ in watches[1]:
                pass

    def err(self, clinic) -> None:
        """What people do wrong, each under another name: all must be refused."""
        from telehealth.v1 import participant_service_pb2 as p
        from telehealth.v1 import telehealth_service_pb2 as m

        stranger = self.service.token("client", "stranger-" + uuid.uuid4().hex)
        forged = Key("EdDSA").token(sub="forger-" + uuid.uuid4().hex)
        for token in (stranger, forged, "no.token." + uuid.uuid4().hex):
            request = m.GetSessionRequest(session_id=str(uuid.uuid4()))
            self.refused(clinic.telehealth.GetSession, request, [("authorization", "Bearer " + token)])
        forged_grant = p.RedeemInvitationRequest(request_id=str(uuid.uuid4()), grant=uuid.uuid4().hex)
        self.refused(clinic.people.RedeemInvitation, forged_grant, [])

    def refused(self, method, request, metadata) -> None:
        try:
            method(request, metadata=metadata, timeout=20)
        except grpc.RpcError:
            self.refusals += 1
            return
        raise AssertionError(f"{type(request).__name__} of a stranger was answered")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="telehealth-churn-"))
    generate_stubs(folder / "stubs")
    simulator = Simulator("--no-throttle", log=folder / "simulator.log")
    service = ClinicService(folder, simulator).start()
    from visit import Clinic

    with grpc.insecure_channel(service.address) as channel:
        Clinic(service, channel).register_documents()
    began, seconds, width = time.monotonic(), options.minutes * 60, 8
    times = [began + i * 60 / VISITS_PER_MINUTE for i in range(int(options.minutes * VISITS_PER_MINUTE))]
    people = [People(service, options.seed + i, times[i::width]) for i in range(width)]
    for each in people:
        each.start()
    samples: list[tuple[float, int]] = []
    told = -1
    while any(each.is_alive() for each in people):
        at = time.monotonic() - began
        samples.append((at, service.memory()))
        if int(at / 60) > told:
            told = int(at / 60)
            visits, refusals = sum(p.visits for p in people), sum(p.refusals for p in people)
            print(f"minute {told}: {samples[-1][1] / 1024:.1f} MiB, {visits} visits, {refusals} refusals, "
                  f"{service.figures()}", flush=True)
        time.sleep(2)
    took = time.monotonic() - began
    window = max(seconds / 60, 4)
    early = statistics.median(kib for at, kib in samples if seconds / 6 - window <= at <= seconds / 6 + window)
    late = statistics.median(kib for at, kib in samples if at >= samples[-1][0] - 2 * window)
    failures = [failure for each in people for failure in each.failures]
    stopped = service.stop()
    simulator.stop()
    problems = [f"{len(failures)} visits failed, the first: {failures[0]}"] if failures else []
    if late - early > GROWTH_MAX_KIB:
        problems.append(f"memory grew by {(late - early) / 1024:.1f} MiB, the bound is {GROWTH_MAX_KIB / 1024:.0f} MiB")
    if took > seconds * 1.1:
        problems.append(f"the plan of {seconds:.0f} s took {took:.0f} s: this machine does not keep the day's pace")
    if stopped != 0:
        problems.append(f"the daemon ended with {stopped}")
    print(f"{sum(p.visits for p in people)} visits in {took:.0f} s; {early / 1024:.1f} MiB after a sixth of the time, "
          f"{late / 1024:.1f} MiB at the end, {(late - early) / 1024:+.1f} MiB (bound {GROWTH_MAX_KIB / 1024:.0f})")
    for problem in problems:
        print(f"FAILED: {problem}; logs in {folder}")
    if not problems:
        shutil.rmtree(folder)
    print("0 passed, 1 failed" if problems else "1 passed, 0 failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
