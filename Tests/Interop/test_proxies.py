"""The service behind nginx and HAProxy, plain and TLS on either side, as it is without them: for an official client."""

import itertools

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from clinic_issuer import IssuedService
from proxies import PROXIES
from test_access import authority, certificate
from visit import Clinic


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder with an authority, and a certificate for "localhost" that it signed."""
    folder = tmp_path_factory.mktemp("papers")
    authority(folder, "clinic")
    certificate(folder, "server", "clinic", "DNS:localhost,IP:127.0.0.1")
    return folder


@pytest.fixture(scope="module", params=["plain", "tls"])
def proxied(request, tmp_path_factory, simulator, papers):
    """A service, and how it speaks to what stands in front of it."""
    tls = {"TELEHEALTH_TLS_CERTIFICATE": str(papers / "server.pem"), "TELEHEALTH_TLS_KEY": str(papers / "server.key")}
    folder = tmp_path_factory.mktemp("proxied")
    service = IssuedService(folder / "data", simulator, env=tls if request.param == "tls" else {}).start()
    service.authority = papers / "clinic.pem" if request.param == "tls" else None
    yield service
    assert service.stop() == 0


def channel(proxy, papers):
    if not proxy.near:
        return grpc.insecure_channel(proxy.address)
    credentials = grpc.ssl_channel_credentials((papers / "clinic.pem").read_bytes())
    return grpc.secure_channel("localhost:" + proxy.address.rsplit(":", 1)[1], credentials)


@pytest.fixture(scope="module", params=itertools.product(PROXIES, ["plain", "tls"]),
                ids=lambda pair: f"{pair[0].name}-{pair[1]}")
def clinic(request, tmp_path_factory, proxied, papers):
    """A clinic whose every call goes through a proxy."""
    kind, near = request.param
    folder = tmp_path_factory.mktemp("proxy")
    pair = (papers / "server.pem", papers / "server.key") if near == "tls" else None
    proxy = kind(folder, proxied.address, near=pair, far=proxied.authority).start()
    with channel(proxy, papers) as opened:
        clinic = Clinic(proxied, opened)
        clinic.register_documents()
        yield clinic
    proxy.stop()


def test_a_call_and_its_answer_pass(clinic):
    health = health_pb2_grpc.HealthStub(clinic.channel)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=10).status == health_pb2.HealthCheckResponse.SERVING
    session = clinic.create_session(clinic.book())
    assert clinic.session(session.session_id, "clinician").session_id == session.session_id
