"""The service behind nginx and HAProxy, plain and TLS on either side, as it is without them: for an official client."""

import itertools
import time
import uuid

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from certificates import authority, certificate
from clinic_issuer import IssuedService
from proxies import PROXIES
from relay import Relay
from started_visit import started_visit
from survivors import GrpcioWatch, ProbeWatch
from visit import Clinic, Watch, fields_at_fault, missing
from waiting import eventually


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder with an authority, and a certificate for "localhost" that it signed."""
    folder = tmp_path_factory.mktemp("papers")
    authority(folder, "clinic")
    certificate(folder, "server", "clinic", "DNS:localhost,IP:127.0.0.1")
    return folder


@pytest.fixture(scope="module", params=["plain", "tls"])
def proxied(request, tmp_path_factory, simulator, papers):
    """A service, and how it speaks to what is in front of it."""
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
        clinic.proxy = proxy
        clinic.register_documents()
        yield clinic
    proxy.stop()


def status(clinic):
    from telehealth.v1 import operations_service_pb2 as m
    from telehealth.v1 import operations_service_pb2_grpc as services

    operations = services.OperationsServiceStub(clinic.channel)
    return clinic.call(operations.GetServiceStatus, m.GetServiceStatusRequest(), "admin")


def test_a_visit_is_played_from_consent_to_its_end(clinic):
    from telehealth.v1 import session_pb2
    from telehealth.v1 import telehealth_service_pb2 as m

    assert health_pb2_grpc.HealthStub(clinic.channel).Check(
        health_pb2.HealthCheckRequest(), timeout=10).status == health_pb2.HealthCheckResponse.SERVING
    session_id = started_visit(clinic)
    watch = Watch(clinic, session_id, "client", after=0)
    watch.wait_for("participant_admitted")
    request = m.StartScreenShareRequest(session_id=session_id)
    clinic.call(clinic.telehealth.StartScreenShare, request, "clinician")
    watch.wait_for("screen_share_started")
    ended = clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=session_id), "clinician").session
    assert ended.status == session_pb2.SESSION_STATUS_COMPLETED
    watch.wait_for_end()
    assert watch.error is None
    assert [event.sequence for event in watch.events] == list(range(1, ended.last_event_sequence + 1))


def test_details_of_an_error_arrive_whole(clinic):
    # Of people who have consented to nothing yet.
    clinic = Clinic(clinic.service, clinic.channel)
    session = clinic.create_session(clinic.book())
    refused = clinic.refused(grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_MISSING", clinic.telehealth.JoinSession,
                             clinic.join_request(session.session_id, "client"), "client")
    assert len(missing(refused)) == 2


def test_an_error_with_as_many_details_as_there_can_be_arrives_whole(clinic):
    """Each bad field is named, up to 32 of them, in one header field of some KiB."""
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.ListSessionsRequest(statuses=[200 + number for number in range(40)])
    refused = clinic.refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", clinic.telehealth.ListSessions, request,
                             "admin")
    assert len(fields_at_fault(refused)) == 32
    [details] = [value for name, value in refused.trailing_metadata() if name == "grpc-status-details-bin"]
    assert len(details) > 1024


def test_big_messages_pass_both_ways(clinic):
    from telehealth.v1 import consent_document_service_pb2 as m

    text = "A whole text, as long as a text may be. ☺ "
    text = (text * 10_000).encode()[:262_144].decode(errors="ignore")
    number = time.time_ns()
    clinic.call(clinic.documents.PutConsentDocument, m.PutConsentDocumentRequest(
        type="third_party_presence", version=str(number), language="en-US", text=text,
        effective_time={"seconds": 1_700_000_000}), "admin")
    read = clinic.call(clinic.documents.GetConsentDocument, m.GetConsentDocumentRequest(
        type="third_party_presence", version=str(number), language="en-US"), "admin")
    assert read.ByteSize() > 1 << 18 and read.document.text == text


def test_a_request_beyond_the_limit_is_refused_in_the_services_own_words(clinic):
    from telehealth.v1 import events_service_pb2 as m
    from telehealth.v1 import events_service_pb2_grpc as services

    with pytest.raises(grpc.RpcError) as refused:
        clinic.call(services.EventsServiceStub(clinic.channel).IngestMeetingEvents,
                    m.IngestMeetingEventsRequest(events=["x" * 60_000] * 100), "admin")
    if clinic.proxy.name == "haproxy":
        # It drops an answer that comes before the request's end when a RST_STREAM(NO_ERROR) follows it, which a client
        # must not (RFC 9113 section 8.1) and gRPC servers send; its caller is notified of the stop alone.
        assert refused.value.code() == grpc.StatusCode.CANCELLED, refused.value
        return
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, refused.value
    assert "4194304" in refused.value.details(), refused.value


def test_a_deadline_ends_a_call_on_both_sides(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = clinic.create_session(clinic.book())
    before = status(clinic).open_watches
    call = clinic.telehealth.WatchSession(
        m.WatchSessionRequest(session_id=session.session_id), metadata=clinic.credentials("client"), timeout=1.0)
    assert next(call).HasField("snapshot")
    assert status(clinic).open_watches == before + 1
    with pytest.raises(grpc.RpcError) as late:
        next(call)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: status(clinic).open_watches == before, "the service lets go of it")


def test_a_cancelled_call_ends_at_the_service_too(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = clinic.create_session(clinic.book())
    before = status(clinic).open_watches
    call = clinic.telehealth.WatchSession(
        m.WatchSessionRequest(session_id=session.session_id), metadata=clinic.credentials("client"), timeout=60)
    assert next(call).HasField("snapshot")
    call.cancel()
    eventually(lambda: status(clinic).open_watches == before, "the service lets go of it")


def test_a_change_twice_is_once(clinic):
    """What a client does after an answer that it never got."""
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.CreateSessionRequest(request_id=str(uuid.uuid4()), appointment_id=clinic.book())
    first, second = [clinic.call(clinic.telehealth.CreateSession, request, "scheduler") for _ in range(2)]
    assert first.session.session_id == second.session.session_id


@pytest.fixture(scope="module")
def watchful(tmp_path_factory, simulator):
    """A service that takes three seconds of silence for somebody's absence."""
    service = IssuedService(tmp_path_factory.mktemp("watchful") / "data", simulator, env={
        "TELEHEALTH_PRESENCE_LOST_AFTER": "3s", "TELEHEALTH_HEARTBEAT_INTERVAL": "1s",
        "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "1s"}).start()
    yield service
    assert service.stop() == 0


@pytest.mark.parametrize("kind", PROXIES, ids=lambda kind: kind.name)
def test_who_falls_silent_before_a_proxy_is_gone_though_the_proxy_is_there(kind, watchful, tmp_path):
    """The proxy keeps the stream to the service open; what no longer comes is Heartbeat."""
    proxy = kind(tmp_path, watchful.address).start()
    relay = Relay(proxy.address)
    with grpc.insecure_channel(watchful.address) as direct:
        clinic = Clinic(watchful, direct)
        clinic.register_documents()
        session_id = clinic.create_session(clinic.book()).session_id

        def is_here(role: str) -> bool:
            return any(person.present for person in clinic.session(session_id, "scheduler").participants
                       if person.person_id == clinic.person(role))

        watch = ProbeWatch("a relay", relay.address, session_id, watchful.token("client", clinic.client_id))
        other = GrpcioWatch(kind.name, proxy.address, session_id, clinic.credentials("clinician"))
        watch.wait("begun", lambda: watch.sequences)
        other.wait("begun", lambda: other.sequences)
        eventually(lambda: is_here("client") and is_here("clinician"), "both are here")
        # Longer than an open watch of this kind is taken for somebody: heartbeats come.
        heard = time.monotonic()
        while time.monotonic() < heard + 4:
            assert is_here("client")
            time.sleep(0.1)
        relay.silence()
        silent = time.monotonic()
        eventually(lambda: not is_here("client"), "the client is gone")
        assert time.monotonic() - silent < 10
        assert is_here("clinician") and status(clinic).open_watches >= 2, "both streams are open still"
        watch.close()
        other.close()
    relay.close()
    proxy.stop()
