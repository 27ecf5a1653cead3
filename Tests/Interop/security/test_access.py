"""Who gets in, by certificate, in an emergency, and how often: through an official client."""

import json
import sqlite3
import subprocess
import time
import uuid

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from certificates import authority, certificate
from service import Service
from visit import Clinic, reason


@pytest.fixture
def mutual(tmp_path, simulator):
    """A service with TLS that knows two services by certificate."""
    authority(tmp_path, "clinic")
    certificate(tmp_path, "server", "clinic", "DNS:localhost,IP:127.0.0.1")
    certificate(tmp_path, "desk", "clinic", "DNS:desk.clinic.test")
    certificate(tmp_path, "stranger", "clinic", "DNS:stranger.clinic.test")
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_TLS_CERTIFICATE": str(tmp_path / "server.pem"), "TELEHEALTH_TLS_KEY": str(tmp_path / "server.key"),
        "TELEHEALTH_TLS_CLIENT_AUTHORITIES": str(tmp_path / "clinic.pem"),
        "TELEHEALTH_TLS_CLIENT_CERTIFICATES": "optional",
        "TELEHEALTH_SERVICE_CERTIFICATES": "dns:desk.clinic.test=front-desk:scheduler",
    }).start()
    yield service, tmp_path
    assert service.stop() == 0


def channel(service, folder, name=None):
    files = [(folder / f"{name}.{kind}").read_bytes() for kind in ("key", "pem")] if name else [None, None]
    credentials = grpc.ssl_channel_credentials((folder / "clinic.pem").read_bytes(), files[0], files[1])
    return grpc.secure_channel("localhost:" + service.address.rsplit(":", 1)[1], credentials)


def refused_renewals(service) -> list[dict]:
    lines = (service.data / "telehealthd.log").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["message"].startswith("not renewed")]


def lists(channel):
    from telehealth.v1 import telehealth_service_pb2 as m
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    return services.TelehealthServiceStub(channel).ListSessions(m.ListSessionsRequest(), timeout=10)


def test_a_certificate_is_a_service_identity_when_its_name_is_listed(mutual):
    service, folder = mutual
    with channel(service, folder, "desk") as desk:
        assert list(lists(desk).sessions) == []
        from telehealth.v1 import telehealth_service_pb2 as m
        from telehealth.v1 import telehealth_service_pb2_grpc as services

        with pytest.raises(grpc.RpcError) as refused:
            services.TelehealthServiceStub(desk).JoinSession(m.JoinSessionRequest(), timeout=10)
        assert reason(refused.value) == "ROLE_NOT_ALLOWED"
    for name in ("stranger", None):
        with channel(service, folder, name) as other, pytest.raises(grpc.RpcError) as refused:
            lists(other)
        assert reason(refused.value) == "TOKEN_MISSING"


def served_certificate(service) -> bytes:
    port = service.address.rsplit(":", 1)[1]
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", "h2"], input=b"", capture_output=True).stdout
    return shown[shown.find(b"-----BEGIN"):shown.find(b"-----END")]


def test_a_renewed_certificate_is_served_without_a_restart_and_open_connections_stay(mutual):
    service, folder = mutual
    before = served_certificate(service)
    assert before
    with channel(service, folder, "desk") as desk:
        lists(desk)
        certificate(folder, "server", "clinic", "DNS:localhost,IP:127.0.0.1")
        deadline = time.monotonic() + 10
        while served_certificate(service) == before:
            assert time.monotonic() < deadline, "the new certificate is not served"
            time.sleep(0.1)
        lists(desk)
    # A broken file changes nothing, and the log says so.
    earlier = len(refused_renewals(service))
    (folder / "server.pem").write_text("no certificate")
    deadline = time.monotonic() + 10
    while len(refused := refused_renewals(service)) == earlier:
        assert time.monotonic() < deadline, "the broken certificate was not reported"
        time.sleep(0.1)
    assert refused[-1]["what"] == "certificates" and refused[-1]["level"] == "error", refused
    with channel(service, folder, "desk") as desk:
        lists(desk)


def test_calls_beyond_the_limit_are_told_when_again(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "client=1/5,refused=1/3"}).start()
    with grpc.insecure_channel(service.address) as plain:
        clinic = Clinic(service, plain)
        from telehealth.v1 import telehealth_service_pb2 as m

        limited = None
        for _ in range(8):
            try:
                clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(), "client")
            except grpc.RpcError as error:
                limited = error
        assert limited.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and reason(limited) == "RATE_LIMITED"
        delays = []
        for key, value in limited.trailing_metadata():
            if key == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(value).details:
                    retry = error_details_pb2.RetryInfo()
                    if detail.Unpack(retry):
                        delays.append(retry.retry_delay.ToMilliseconds())
        assert delays and 0 < delays[0] <= 1000
        # Somebody else is not touched.
        clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(), "clinician")
        words = []
        for _ in range(5):
            try:
                clinic.telehealth.ListSessions(m.ListSessionsRequest(), metadata=[("authorization", "Bearer x")], timeout=5)
            except grpc.RpcError as error:
                words.append(reason(error))
        assert words == ["TOKEN_INVALID"] * 3 + ["RATE_LIMITED"] * 2
    assert service.stop() == 0


def test_two_authorizations_are_none_whichever_is_good(service):
    from telehealth.v1 import telehealth_service_pb2 as m

    with grpc.insecure_channel(service.address) as plain:
        clinic = Clinic(service, plain)
        good, bad = clinic.credentials("clinician"), [("authorization", "Bearer x")]
        for both in (good + bad, bad + good, good + good):
            with pytest.raises(grpc.RpcError) as refused:
                clinic.telehealth.ListSessions(m.ListSessionsRequest(), metadata=both, timeout=10)
            assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
        clinic.telehealth.ListSessions(m.ListSessionsRequest(), metadata=good, timeout=10)


def test_emergency_access_lets_a_stranger_in_loudly_and_only_with_a_reason(tmp_path, simulator):
    from telehealth.v1 import telehealth_service_pb2 as m

    service = Service(tmp_path / "data", simulator).start()
    with grpc.insecure_channel(service.address) as plain:
        clinic = Clinic(service, plain)
        clinic.register_documents()
        sid = clinic.create_session(clinic.book()).session_id
        stranger = [("authorization", "Bearer " + service.token("clinician", "doctor-on-call"))]
        why = "client collapsed on camera, own clinician not reachable"
        loud = stranger + [("telehealth-emergency-reason", why)]
        get = m.GetSessionRequest(session_id=sid)

        def refused(word, code, request, metadata, method=clinic.telehealth.GetSession):
            with pytest.raises(grpc.RpcError) as error:
                method(request, metadata=metadata, timeout=10)
            assert (reason(error.value), error.value.code()) == (word, code)

        refused("SESSION_NOT_FOUND", grpc.StatusCode.NOT_FOUND, get, stranger)
        refused("EMERGENCY_REASON_INVALID", grpc.StatusCode.INVALID_ARGUMENT, get,
                stranger + [("telehealth-emergency-reason", "hm")])
        refused("EMERGENCY_REASON_INVALID", grpc.StatusCode.INVALID_ARGUMENT, get,
                loud + [("telehealth-emergency-reason", "another reason, for another reader")])
        client = clinic.credentials("client") + [("telehealth-emergency-reason", why)]
        refused("EMERGENCY_NOT_ALLOWED", grpc.StatusCode.PERMISSION_DENIED, get, client)
        refused("EMERGENCY_NOT_ALLOWED", grpc.StatusCode.PERMISSION_DENIED,
                m.EndSessionRequest(session_id=sid, request_id=str(uuid.uuid4())), loud, clinic.telehealth.EndSession)
        refused("SESSION_NOT_FOUND", grpc.StatusCode.NOT_FOUND, m.GetSessionRequest(session_id=str(uuid.uuid4())), loud)

        seen = clinic.telehealth.GetSession(get, metadata=loud, timeout=10).session
        assert seen.session_id == sid and seen.client_id == clinic.client_id
        joined = clinic.telehealth.JoinSession(
            m.JoinSessionRequest(session_id=sid, request_id=str(uuid.uuid4())), metadata=loud, timeout=20)
        assert joined.outcome == m.JOIN_OUTCOME_ADMITTED and joined.credentials.chime.join_token
        # The clinician of the visit comes by the ordinary way: no emergency, nothing written.
        own = clinic.credentials("clinician") + [("telehealth-emergency-reason", why)]
        clinic.telehealth.GetSession(get, metadata=own, timeout=10)
    assert service.stop() == 0
    log = [json.loads(line) for line in (service.data / "telehealthd.log").read_text().splitlines() if line.startswith("{")]
    alarms = [line for line in log if "emergency access" in json.dumps(line)]
    assert len(alarms) >= 3 and why not in json.dumps(log)
    with sqlite3.connect(service.data / "telehealth.db") as database:
        rows = database.execute("SELECT action, session_id, typeof(reason) FROM emergency_accesses ORDER BY at").fetchall()
        assert rows == [("GetSession", sid, "blob"), ("JoinSession", sid, "blob")]
        entries = database.execute("SELECT outcome, target FROM audit WHERE action = 'EmergencyAccess'").fetchall()
        assert len(entries) == 2 and all(outcome == "allowed" and target for outcome, target in entries)
