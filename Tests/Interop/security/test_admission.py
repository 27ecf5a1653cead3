"""Admission that is fair: who proved who they are does not pay for others behind the same address who did not."""

import secrets
import time
import uuid
from pathlib import Path

import grpc
import pytest

from flood import Flood, bad_token, denied, listed, metric
from service import Service
from visit import Clinic, reason

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def monitored(tmp_path, simulator, **env) -> Service:
    service = Service(
        tmp_path / "data", simulator,
        env={"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0"} | env)
    return service.start()


def refused_calls(service: Service, limit: str) -> float:
    return metric(service, f'grpc_server_calls_refused_total{{limit="{limit}"}}')


def forged_token(channel):
    """One that only its signature can tell from a good one; its head and body are a good token's."""
    from telehealth.v1 import telehealth_service_pb2 as m
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    head, body, signature = forged_token.good.split(".")
    forged = ".".join([head, body, secrets.token_urlsafe(len(signature))[:len(signature)]])
    return services.TelehealthServiceStub(channel).ListSessions.future(
        m.ListSessionsRequest(), metadata=[("authorization", "Bearer " + forged)], timeout=30)


def forged_grant(channel):
    from telehealth.v1 import participant_service_pb2 as m
    from telehealth.v1 import participant_service_pb2_grpc as services

    return services.ParticipantServiceStub(channel).RedeemInvitation.future(
        m.RedeemInvitationRequest(request_id=str(uuid.uuid4()), grant="thg1.grant.a.b.c.d." + "0" * 64), timeout=30)


@pytest.mark.parametrize("call, word", [(bad_token, "TOKEN_INVALID"), (forged_grant, "INVITATION_INVALID")])
def test_good_tokens_pass_beside_somebody_who_guesses_behind_the_same_address(tmp_path, simulator, call, word):
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    service = monitored(tmp_path, simulator, TELEHEALTH_RATE_LIMITS="refused=5/20")
    known, new = service.token("clinician", "known-1"), [service.token("clinician", f"new-{i}") for i in range(20)]
    with grpc.insecure_channel(service.address) as plain:
        stub = services.TelehealthServiceStub(plain)
        listed(stub, known)
        with Flood(service.address, call) as flood:
            flood.wait_for("RATE_LIMITED", 100)
            for i in range(500):
                listed(stub, known)
                # Tokens that were never seen, too. (Both channels are one connection: grpcio shares it.)
                if i % 25 == 0:
                    listed(stub, new[i // 25])
            flood.wait_for("RATE_LIMITED", 300)
    assert flood.words[word] >= 20 and set(flood.words) == {word, "RATE_LIMITED"}
    assert refused_calls(service, "too_many_refusals_of_address") == flood.words["RATE_LIMITED"]
    # Written behind, at the stop at the latest: every refusal is in the log, in few rows.
    assert service.stop() == 0
    service.start()
    with grpc.insecure_channel(service.address) as plain:
        found = denied(Clinic(service, plain))
    counts = {kind: sum(row.count for row in found if row.reason == kind) for kind in {row.reason for row in found}}
    assert counts == flood.words
    assert sum(row.reason == "RATE_LIMITED" for row in found) <= 60
    assert service.stop() == 0


def test_good_new_tokens_pass_beside_forged_ones_from_connections_of_their_own(tmp_path, simulator):
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    service = monitored(tmp_path, simulator, TELEHEALTH_RATE_LIMITS="refused=5/20")
    forged_token.good = service.token("clinician", "forger")
    new = [service.token("clinician", f"new-{i}") for i in range(20)]
    with Flood(service.address, forged_token) as flood:
        flood.wait_for("RATE_LIMITED", 100)
        with grpc.insecure_channel(service.address, options=[("grpc.use_local_subchannel_pool", 1)]) as own:
            for token in new:
                listed(services.TelehealthServiceStub(own), token)
    assert set(flood.words) == {"TOKEN_INVALID", "RATE_LIMITED"}
    assert service.stop() == 0


def test_refusals_by_a_limit_wait_for_nothing(tmp_path, simulator):
    """A refused token waits for its row, and in a flood for the row that sums a second; a limited call does not."""
    service = monitored(tmp_path, simulator, TELEHEALTH_RATE_LIMITS="refused=1/30")
    with grpc.insecure_channel(service.address) as channel:
        def once() -> str:
            try:
                bad_token(channel).result()
            except grpc.RpcError as error:
                return reason(error)

        while once() != "RATE_LIMITED":
            pass
        times = []
        while len(times) < 200:
            began = time.monotonic()
            if once() == "RATE_LIMITED":
                times.append(time.monotonic() - began)
    # A loaded machine has its slow moments; none of these waits for the second's sum.
    assert sorted(times)[100] < 0.05
    assert service.stop() == 0


def test_open_calls_of_an_address_are_limited(tmp_path, simulator):
    from grpc.health.v1 import health_pb2, health_pb2_grpc

    service = monitored(tmp_path, simulator, TELEHEALTH_RATE_LIMITS="open=1/5")
    with grpc.insecure_channel(service.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        words = []
        for _ in range(8):
            try:
                health.Check(health_pb2.HealthCheckRequest(), timeout=10)
                words.append("OK")
            except grpc.RpcError as error:
                words.append(reason(error))
        assert words[:5] == ["OK"] * 5 and words[-1] == "RATE_LIMITED"
        # Whoever has an identity is not counted with them.
        from telehealth.v1 import telehealth_service_pb2_grpc as services

        listed(services.TelehealthServiceStub(channel), service.token("clinician", "doc-1"))
    assert refused_calls(service, "too_many_open_calls_of_address") >= 1
    assert service.stop() == 0


@pytest.mark.parametrize("step", ["-1h", "+30m"])
def test_a_step_of_the_wall_clock_locks_nobody_out(tmp_path, simulator, step):
    """libfaketime steps the wall clock alone; the monotonic clock goes on as it does on a real machine."""
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    clock = tmp_path / "clock"
    clock.write_text("+0")
    service = Service(tmp_path / "data", simulator, env={
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TELEHEALTH_RATE_LIMITS": "clinician=5/5,refused=5/5"}).start()
    token = service.token("clinician", "doc-1")
    with grpc.insecure_channel(service.address) as channel:
        stub = services.TelehealthServiceStub(channel)

        def word() -> str:
            try:
                listed(stub, token)
            except grpc.RpcError as error:
                return reason(error)
            return "OK"

        def wait_for(wanted: str) -> None:
            deadline = time.monotonic() + 30
            while (found := word()) != wanted:
                assert found in ("OK", "RATE_LIMITED") and time.monotonic() < deadline, found

        wait_for("RATE_LIMITED")
        clock.write_text(step)
        time.sleep(1)  # in which five calls are earned, whatever the wall clock says
        assert word() == "OK"
    assert service.stop() == 0
