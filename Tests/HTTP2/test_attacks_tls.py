"""Attacks on the handshake, and what a TLS listener must not speak."""

import select

import pytest

from attack_scene import *


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder


def guarded(certificate, *limits: str):
    """A scene whose server speaks TLS."""
    tls = ssl.create_default_context(cafile=certificate / "cert.pem")
    tls.set_alpn_protocols(["h2"])
    flags = ("--cert", str(certificate / "cert.pem"), "--key", str(certificate / "key.pem"))
    return attacked(*limits, flags=flags, tls=tls)


def cut_ones(sockets: list[socket.socket]) -> int:
    """How many of connections on which nobody has said a word are closed already."""
    poller = select.poll()
    for one in sockets:
        poller.register(one, select.POLLIN)
    return len(poller.poll(0))


def evicted(limit: str) -> str:
    return f'http2_connections_evicted_total{{limit="{limit}"}}'


def silent(scene: Server, address: str) -> socket.socket:
    """A connection from that address of this machine, on which nothing is said."""
    return socket.create_connection(scene.address, timeout=PATIENCE, source_address=(address, 0))


def comes_in(scene: Server) -> bool:
    try:
        with Peer(scene.address, tls=scene.tls) as newcomer:
            newcomer.echo(1)
            return True
    except (ssl.SSLError, ConnectionError, Closed):
        return False


@contextlib.contextmanager
def standing(sockets: list[socket.socket]):
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"], ids=["the same address", "another address"])
def test_an_address_that_is_silent_a_thousand_times_keeps_nobody_out(certificate, address):
    """64 of its handshakes stand, the newest; each one more cuts the oldest, and the next caller comes in at once."""
    with guarded(certificate) as scene, standing([silent(scene, address) for _ in range(1000)]) as sockets:
        eventually(lambda: cut_ones(sockets) >= 936, "those above the share are cut")
        assert cut_ones(sockets) == 936 and cut_ones(sockets[-64:]) == 0
        for _ in range(20):
            with Peer(scene.address, tls=scene.tls) as newcomer:
                newcomer.echo(1)
        scene.counted(evicted("handshakes_per_address_max"), 936)


def test_silence_from_many_addresses_keeps_nobody_out(certificate):
    """Each within its share, they fill the table: then the oldest of all goes."""
    with guarded(certificate, "handshakes-max=100", "handshakes-per-address-max=10") as scene:
        with standing([silent(scene, f"127.0.1.{number % 50}") for number in range(1, 501)]) as sockets:
            eventually(lambda: cut_ones(sockets) >= 400, "those above the table are cut")
            assert cut_ones(sockets) == 400 and cut_ones(sockets[-100:]) == 0
            for _ in range(20):
                with Peer(scene.address, tls=scene.tls) as newcomer:
                    newcomer.echo(1)
            # One place is enough for those who come and go.
            scene.counted(evicted("handshakes_max"), 401)


def test_whoever_connects_and_never_calls_gives_way_to_who_does(certificate):
    """A second after the handshake: until then the first call may be on its way."""
    with guarded(certificate, "connections-per-address-max=20") as scene:
        with contextlib.ExitStack() as stack:
            # The bystander is one of the twenty.
            callers = [stack.enter_context(Peer(scene.address, tls=scene.tls)) for _ in range(5)]
            for caller in callers:
                caller.echo(1)
            idle = [stack.enter_context(Peer(scene.address, tls=scene.tls)) for _ in range(14)]
            eventually(lambda: comes_in(scene), "the oldest that never called gives way")
            for _ in range(20):
                assert comes_in(scene)
            assert cut_ones([peer.socket for peer in idle[1:]]) == 0, "one place is enough for those who come and go"
            for caller in callers:
                caller.echo(3)
        scene.counted(evicted("connections_per_address_max"), 1)


def test_an_address_whose_every_connection_calls_is_told_no(certificate):
    with guarded(certificate, "connections-per-address-max=6") as scene, contextlib.ExitStack() as stack:
        # The bystander is the sixth.
        for _ in range(5):
            stack.enter_context(Peer(scene.address, tls=scene.tls)).echo(1)
        with pytest.raises((ssl.SSLError, ConnectionError, Closed)):
            Peer(scene.address, tls=scene.tls)
        stack.close()
        eventually(lambda: comes_in(scene), "the others' places are free")
        scene.counted('http2_connections_refused_total{limit="connections_per_address_max"}', 1)


def test_a_client_hello_has_its_own_short_time(certificate):
    with guarded(certificate, "hello-timeout=1") as scene:
        with socket.create_connection(scene.address, timeout=PATIENCE) as one:
            # The head of a record, and bytes of it for as long as they are taken.
            one.sendall(b"\x16\x03\x01\x02\x00\x01")
            ended_by_server = False
            while not ended_by_server:
                ended_by_server = bool(select.select([one], [], [], 0.1)[0])
                if not ended_by_server:
                    one.sendall(b"\x00")
        scene.counted(ended("hello_timed_out"))


def test_a_handshake_that_does_not_end(certificate):
    with guarded(certificate, "handshake-timeout=1") as scene:
        with socket.create_connection(scene.address, timeout=PATIENCE) as one:
            # The head of a record whose rest never comes.
            one.sendall(b"\x16\x03\x01\x02\x00\x01")
            assert one.recv(1) == b""
        scene.counted(ended("handshake_timed_out"))


def refuses(scene: Server, change) -> str:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    change(tls)
    with pytest.raises((ssl.SSLError, ConnectionError, Closed)) as failure:
        Peer(scene.address, tls=tls)
    return str(failure.value)


def test_other_protocols_and_old_versions_are_refused(certificate):
    def old(tls):
        tls.set_alpn_protocols(["h2"])
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1

    with guarded(certificate) as scene:
        refuses(scene, lambda tls: tls.set_alpn_protocols(["http/1.1"]))
        refuses(scene, old)
        scene.counted(ended("tls"), 2)


def test_renegotiation_is_refused(certificate):
    """TLS 1.2's way to make a server sign again and again on one connection."""
    with guarded(certificate) as scene:
        host, port = scene.address
        client = subprocess.run(
            ["openssl", "s_client", "-connect", f"{host}:{port}", "-alpn", "h2", "-tls1_2"], input=b"R\n" * 3,
            capture_output=True, timeout=PATIENCE)
        output = client.stdout + client.stderr
        assert b"RENEGOTIATING" in output
        assert b"no renegotiation" in output or b"handshake failure" in output or client.returncode != 0
        scene.counted(ended("tls"))


def renews_keys(scene: Server, times: int, command: bytes) -> None:
    """A client that renews its keys so often, each time in a write of its own, and then says goodbye."""
    host, port = scene.address
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-alpn", "h2", "-tls1_3"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0)
    try:
        for _ in range(times):
            client.stdin.write(command)
            # Said for each that it sends.
            while (line := client.stderr.readline()) and b"KEYUPDATE" not in line:
                pass
    except BrokenPipeError:
        pass  # The server hung up.
    finally:
        client.kill()
        client.wait()
        client.stdin.close()
        client.stderr.close()


@pytest.mark.parametrize("command", [b"K\n", b"k\n"], ids=["with one in return", "alone"])
def test_a_flood_of_key_updates(certificate, command):
    """TLS 1.3's way to make a server derive keys again and again on one connection."""
    with guarded(certificate) as scene:
        renews_keys(scene, 200, command)
        scene.counted(ended("too_many_key_updates"))


def test_keys_that_are_renewed_a_few_times(certificate):
    with guarded(certificate) as scene:
        renews_keys(scene, 8, b"K\n")
        assert ended("too_many_key_updates") not in scene.counters()
