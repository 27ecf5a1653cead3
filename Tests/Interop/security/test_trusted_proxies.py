"""Whose call it is behind a proxy: for the audit log, for the limits, and for what only people at this machine may."""

import contextlib
import socket
import struct
import threading
import time

import grpc
import pytest

from certificates import authority, certificate
from clinic_issuer import IssuedService
from daemon import daemon
from flood import Flood, bad_token, denied, listed, metric
from proxies import HAProxy, Nginx, program
from service import Service
from visit import Clinic, reason

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MONITORED = {"TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0"}


def header(source: str = "198.51.100.7", port: int = 12345, command: int = 1) -> bytes:
    """A PROXY header of version 2."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(family, source) * 2 + struct.pack(">HH", port, 50051)
    return SIGNATURE + struct.pack(">BBH", 0x20 | command, 0x21 if ":" in source else 0x11, len(addresses)) + addresses


class Relay:
    """Passes TCP on from an address of this machine, behind bytes that it says first."""

    def __init__(self, backend: str, first: bytes = b"", source: str = "127.0.0.1"):
        host, port = backend.split(":")
        self.backend, self.first, self.source = (host, int(port)), first, source
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.create_connection(self.backend, source_address=(self.source, 0))
                far.sendall(self.first)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def sources(clinic: Clinic) -> set[str]:
    """What the audit log knows of where this clinic's bookings came from."""
    from telehealth.v1 import audit_service_pb2 as m
    from telehealth.v1 import audit_service_pb2_grpc as services

    page = clinic.call(
        services.AuditServiceStub(clinic.channel).ListAuditEvents,
        m.ListAuditEventsRequest(page_size=200, action="PutAppointment"), "admin")
    return {row.source for row in page.events}


def booked_from(service: Service, address: str, metadata: tuple = ()) -> set[str]:
    with grpc.insecure_channel(address) as channel:
        if metadata:
            channel = grpc.intercept_channel(channel, Saying(metadata))
        clinic = Clinic(service, channel)
        clinic.book()
        return sources(clinic)


class Saying(grpc.UnaryUnaryClientInterceptor):
    """Sends this with every call."""

    def __init__(self, metadata):
        self.metadata = metadata

    def intercept_unary_unary(self, call, details, request):
        more = details._replace(metadata=[*(details.metadata or ()), *self.metadata])
        return call(more, request)


@contextlib.contextmanager
def serving(folder, simulator, kind=IssuedService, **env):
    service = kind(folder / "data", simulator, env=MONITORED | env).start()
    yield service
    assert service.stop() == 0


@contextlib.contextmanager
def behind_proxy_headers(folder, simulator, **env):
    """A service that wants a PROXY header first."""
    service = IssuedService(folder / "data", simulator, env=MONITORED | {"TELEHEALTH_TRUSTED_PROXIES": "127.0.0.1"} | env)
    service.address = "proxy:127.0.0.1:0"
    service.start()
    yield service
    assert service.stop() == 0


# The PROXY header


@pytest.mark.parametrize("source, told", [
    ("198.51.100.7", "198.51.100.7 via 127.0.0.1"), ("2001:db8::9", "[2001:db8::9] via 127.0.0.1"),
    ("127.0.0.1", "127.0.0.1"), ("::ffff:198.51.100.7", "198.51.100.7 via 127.0.0.1")])
def test_the_address_that_a_proxy_header_tells_is_the_callers(tmp_path, simulator, source, told):
    with behind_proxy_headers(tmp_path, simulator) as service, Relay(service.address, header(source)) as relay:
        assert booked_from(service, relay.address) == {told if " via " in told else f"{told} via 127.0.0.1"}


def test_a_proxys_own_check_is_served_and_is_not_of_this_machine(tmp_path, simulator):
    with behind_proxy_headers(tmp_path, simulator) as service, Relay(service.address, header(command=0)) as relay:
        assert booked_from(service, relay.address) == {"127.0.0.1"}
        assert reflection(relay.address) == "TOKEN_MISSING"


@pytest.mark.parametrize("first", [
    b"PROXY TCP4 198.51.100.7 127.0.0.1 12345 50051\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
    SIGNATURE + b"\x21\x11\x02\x09", SIGNATURE + b"\x31\x11\x00\x0c", SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12),
    SIGNATURE + b"\x21\x11\x00\x04" + bytes(4)],
    ids=["version 1", "HTTP/2", "TLS", "537 bytes", "version 3", "UDP", "short"])
def test_what_is_no_proxy_header_ends_the_connection(tmp_path, simulator, first):
    with behind_proxy_headers(tmp_path, simulator) as service:
        with connected(service) as raw:
            raw.sendall(first)
            assert raw.recv(1) == b""
        assert metric(service, 'http2_connections_ended_total{reason="proxy_header_invalid"}') == 1


@pytest.mark.parametrize("first", [b"", header()[:-1]], ids=["nothing", "all but a byte"])
def test_a_proxy_header_has_a_second_to_come(tmp_path, simulator, first):
    with behind_proxy_headers(tmp_path, simulator) as service:
        began = time.monotonic()
        with connected(service) as raw:
            raw.sendall(first)
            assert raw.recv(1) == b""
        assert 0.9 < time.monotonic() - began < 5
        assert metric(service, 'http2_connections_ended_total{reason="proxy_header_timed_out"}') == 1


def test_a_peer_that_is_not_trusted_is_not_listened_to(tmp_path, simulator):
    with behind_proxy_headers(tmp_path, simulator, TELEHEALTH_TRUSTED_PROXIES="127.0.0.9,10.0.0.0/8") as service:
        # The service closes at accept, so that a reset may come as early as in connect().
        with contextlib.suppress(ConnectionError), connected(service) as raw:
            raw.sendall(header())
            assert raw.recv(1) == b""
        assert metric(service, 'http2_connections_refused_total{limit="untrusted_proxy"}') == 1
        with Relay(service.address, header(), source="127.0.0.9") as relay:
            assert booked_from(service, relay.address) == {"198.51.100.7 via 127.0.0.9"}


def test_behind_a_proxy_every_network_has_its_own_share_and_the_proxy_has_none(tmp_path, simulator):
    """A /64 of IPv6 is one network: from however many of its addresses somebody comes, 64 handshakes stand."""
    authority(tmp_path, "clinic")
    certificate(tmp_path, "server", "clinic", "DNS:localhost,IP:127.0.0.1")
    tls = {"TELEHEALTH_TLS_CERTIFICATE": str(tmp_path / "server.pem"), "TELEHEALTH_TLS_KEY": str(tmp_path / "server.key")}
    with behind_proxy_headers(tmp_path, simulator, **tls, TELEHEALTH_HELLO_TIMEOUT="20s") as service:
        with contextlib.ExitStack() as stack:
            for number in range(300):
                stack.enter_context(connected(service)).sendall(header(f"2001:db8:1:2::{number:x}"))
            deadline = time.monotonic() + 20
            evicted = 'http2_connections_evicted_total{limit="handshakes_per_address_max"}'
            while metric(service, evicted) < 236 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert metric(service, evicted) == 236 and metric(service, "tls_handshakes_open") == 64
            for neighbor in ("2001:db8:1:2::ffff", "2001:db8:1:3::1", "198.51.100.7"):
                with Relay(service.address, header(neighbor)) as relay:
                    credentials = grpc.ssl_channel_credentials((tmp_path / "clinic.pem").read_bytes())
                    with grpc.secure_channel("localhost:" + relay.address.split(":")[1], credentials) as channel:
                        Clinic(service, channel).book()


@contextlib.contextmanager
def connected(service: Service):
    host, port = service.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        yield raw


# x-forwarded-for


def test_a_field_of_a_peer_that_is_not_trusted_is_ignored_and_counted(tmp_path, simulator):
    with serving(tmp_path, simulator) as service:
        said = (("x-forwarded-for", "198.51.100.7"),)
        assert booked_from(service, service.address, said) == {"127.0.0.1"}
        assert metric(service, "grpc_server_forwardings_ignored_total") >= 1


@pytest.mark.parametrize("said, told", [
    ((), "127.0.0.1"), ((("x-forwarded-for", "198.51.100.7"),), "198.51.100.7 via 127.0.0.1"),
    ((("x-forwarded-for", "203.0.113.1, 198.51.100.7"),), "198.51.100.7 via 127.0.0.1"),
    ((("x-forwarded-for", "203.0.113.1"), ("x-forwarded-for", "198.51.100.7, 10.0.0.5")), "198.51.100.7 via 10.0.0.5"),
    ((("x-forwarded-for", "198.51.100.7, unknown"),), "127.0.0.1"),
    ((("forwarded", "for=198.51.100.7"),), "127.0.0.1")])
def test_a_trusted_proxys_field_is_read_from_the_right(tmp_path, simulator, said, told):
    with serving(tmp_path, simulator, TELEHEALTH_TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8") as service:
        assert booked_from(service, service.address, said) == {told}
        assert metric(service, "grpc_server_forwardings_ignored_total") == 0


@pytest.mark.parametrize("kind", [Nginx, HAProxy], ids=lambda kind: kind.name)
def test_behind_a_proxy_a_guesser_pays_for_themselves_alone(tmp_path, simulator, kind):
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    limits = {
        "TELEHEALTH_TRUSTED_PROXIES": "127.0.0.1", "TELEHEALTH_RATE_LIMITS": "refused=5/10",
        "TELEHEALTH_ALLOW_UNLIMITED_CALLS": "true"}
    with serving(tmp_path, simulator, **limits) as service:
        proxy = kind(tmp_path, service.address).start()
        try:
            with Relay(proxy.address, source="127.0.0.2") as bad, Relay(proxy.address, source="127.0.0.3") as good:
                with Flood(bad.address, bad_token, width=10) as flood:
                    flood.wait_for("RATE_LIMITED", 50)
                    with grpc.insecure_channel(good.address) as channel:
                        for number in range(50):
                            listed(services.TelehealthServiceStub(channel), service.token("clinician", f"new-{number}"))
                assert booked_from(service, good.address, (("x-forwarded-for", "127.0.0.1"),)) == {
                    "127.0.0.3 via 127.0.0.1"}
                with grpc.insecure_channel(good.address) as channel:
                    assert {row.source for row in denied(Clinic(service, channel))} == {"127.0.0.2 via 127.0.0.1"}
        finally:
            proxy.stop()


# What only people at this machine may


def reflection(address: str) -> str:
    from grpc_reflection.v1alpha import reflection_pb2 as m
    from grpc_reflection.v1alpha import reflection_pb2_grpc as services

    with grpc.insecure_channel(address) as channel:
        for _ in range(5):
            calls = services.ServerReflectionStub(channel).ServerReflectionInfo(
                iter([m.ServerReflectionRequest(list_services="")]), timeout=10)
            try:
                return "OK" if len(list(calls)) == 1 else "nothing"
            except grpc.RpcError as error:
                # HAProxy 2.6 may lose the words of an answer that overtakes its request.
                if error.code() != grpc.StatusCode.CANCELLED:
                    return reason(error)
        return "lost"


def development(service: Service, address: str) -> str:
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    with grpc.insecure_channel(address) as channel:
        try:
            listed(services.TelehealthServiceStub(channel), Service.token(service, "clinician", "doc-1"))
            return "OK"
        except grpc.RpcError as error:
            return reason(error)


@pytest.mark.parametrize("kind, changes, is_local", [
    (HAProxy, {}, False), (Nginx, {}, False),
    # The one that cannot be told from somebody at this machine: docs/operating.md says so.
    (Nginx, {"grpc_set_header X-Forwarded-For": "#"}, True)], ids=["haproxy", "nginx", "nginx without the field"])
def test_who_comes_through_a_proxy_is_not_at_this_machine(tmp_path, simulator, kind, changes, is_local):
    with serving(tmp_path, simulator, kind=Service) as service:
        assert (development(service, service.address), reflection(service.address)) == ("OK", "OK")
        proxy = kind(tmp_path, service.address, changes=changes).start()
        try:
            found = (development(service, proxy.address), reflection(proxy.address))
        finally:
            proxy.stop()
        assert found == (("OK", "OK") if is_local else ("TOKEN_DEVELOPMENT_ONLY", "TOKEN_MISSING"))


@pytest.mark.parametrize("field", ["forwarded", "x-forwarded-for", "x-forwarded-proto", "via"])
def test_a_forwarding_field_takes_local_rights_away(tmp_path, simulator, field):
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    with serving(tmp_path, simulator, kind=Service) as service, grpc.insecure_channel(service.address) as channel:
        said = grpc.intercept_channel(channel, Saying([(field, "1.1 somewhere")]))
        token = service.token("clinician", "doc-1")
        listed(services.TelehealthServiceStub(channel), token)
        with pytest.raises(grpc.RpcError) as refused:
            listed(services.TelehealthServiceStub(said), token)
        assert reason(refused.value) == "TOKEN_DEVELOPMENT_ONLY"


class PassingHAProxy(HAProxy):
    """The shipped configuration that passes TCP on."""

    name = "haproxy-tcp"

    def command(self) -> list[str]:
        text = self.shipped("haproxy-tcp.cfg", {"bind :443": f"bind {self.address}", "127.0.0.1:50051": self.backend})
        (self.folder / "haproxy.cfg").write_text(text)
        return [program("haproxy"), "-db", "-f", str(self.folder / "haproxy.cfg")]


def test_through_haproxys_proxy_header_nobody_is_at_this_machine(tmp_path, simulator):
    with behind_proxy_headers(tmp_path, simulator) as service:
        proxy = PassingHAProxy(tmp_path, service.address).start()
        try:
            with Relay(proxy.address, source="127.0.0.2") as relay:
                assert booked_from(service, relay.address) == {"127.0.0.2 via 127.0.0.1"}
                assert reflection(relay.address) == "TOKEN_MISSING"
        finally:
            proxy.stop()


@pytest.mark.parametrize("flags, told", [
    (["--trusted-proxies", "10.0.0.5"], "a proxy forwards calls from elsewhere"),
    (["--frontend-url", "https://visits.clinic.example"], "the front end is on another machine"),
    (["--frontend-url", "http://127.evil.example"], "the front end is on another machine"),
    (["--frontend-url", "http://localhost@evil.example"], "the front end is on another machine"),
    (["--issuer", "https://login.clinic.example", "--jwks-file", "keys.json"], "an issuer is configured")])
@pytest.mark.parametrize("asked", ["--development-tokens", "--reflection"])
def test_asking_for_what_only_people_at_this_machine_may_is_refused_when_others_come(tmp_path, flags, told, asked):
    said = daemon(*flags, asked, "true", "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and told in said.stderr and asked.strip("-").upper().replace("-", "_") in said.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("proxies, told", [
    ("proxy.clinic.example", "must be an address"), ("10.0.0.7/8", "must be an address"),
    ("0.0.0.0/0", "would trust every address"), ("::/0", "would trust every address")])
def test_proxies_that_cannot_be_meant_are_refused(tmp_path, proxies, told):
    said = daemon("--trusted-proxies", proxies, "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and "TRUSTED_PROXIES" in said.stderr and told in said.stderr


def test_a_listener_for_proxies_needs_proxies(tmp_path):
    said = daemon("--listen", "proxy:127.0.0.1:0", "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and "needs --trusted-proxies" in said.stderr
