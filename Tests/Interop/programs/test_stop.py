"""What callers with open streams are told when the service stops, as a foreign client sees it."""

import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service import Service
from visit import Clinic, Watch

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
#: Nothing below may wait for it.
GRACE_SECONDS = 60
ROWS = 3000


@pytest.fixture
def stopping(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator, flags=[
        "--shutdown-grace", f"{GRACE_SECONDS}s", "--rate-limits", "none"]).start()
    yield service
    if service.process.poll() is None:
        service.kill()


@pytest.fixture
def clinic(stopping):
    with grpc.insecure_channel(stopping.address) as channel:
        clinic = Clinic(stopping, channel)
        clinic.register_documents()
        yield clinic


def test_a_stop_ends_open_streams_with_a_status_and_waits_for_none(stopping, clinic):
    session = clinic.create_session(clinic.book())
    watch = Watch(clinic, session.session_id, "clinician")
    watch.wait_for_snapshot()
    health = health_pb2_grpc.HealthStub(clinic.channel).Watch(health_pb2.HealthCheckRequest(), timeout=120)
    assert next(health).status == SERVING

    begun = time.monotonic()
    stopping.process.send_signal(signal.SIGTERM)
    assert next(health).status == NOT_SERVING
    with pytest.raises(grpc.RpcError) as ended:
        next(health)
    assert (ended.value.code(), ended.value.details()) == (UNAVAILABLE, "the server is stopping")
    watch.wait_for_end()
    assert (watch.error.code(), watch.error.details()) == (UNAVAILABLE, "the server is stopping")
    assert stopping.process.wait(GRACE_SECONDS / 2) == 0
    assert time.monotonic() - begun < GRACE_SECONDS / 2


def test_an_export_of_the_audit_log_that_nobody_reads_on_holds_no_stop_up(stopping, clinic):
    from telehealth.v1 import audit_service_pb2 as m
    from telehealth.v1 import audit_service_pb2_grpc
    from telehealth.v1 import telehealth_service_pb2 as visits

    session = clinic.create_session(clinic.book())
    # More rows than the windows of a connection hold.
    reads = [
        clinic.telehealth.GetSession.future(
            visits.GetSessionRequest(session_id=session.session_id), metadata=clinic.credentials("clinician"), timeout=60)
        for _ in range(ROWS)]
    assert all(read.code() == grpc.StatusCode.OK for read in reads)
    narrow = [("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(stopping.address, narrow) as channel:
        export = audit_service_pb2_grpc.AuditServiceStub(channel).ExportAuditLog(
            m.ExportAuditLogRequest(), metadata=clinic.credentials("admin"), timeout=120)
        assert next(export).events[0].number == 1
        stopping.process.send_signal(signal.SIGTERM)
        assert stopping.process.wait(GRACE_SECONDS / 2) == 0
        with pytest.raises(grpc.RpcError) as ended:
            list(export)
        assert ended.value.code() == UNAVAILABLE, "the client knows that it has not everything"
