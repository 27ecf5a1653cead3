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


def test_handshakes_that_stall_are_bounded(certificate):
    """512 may be under way; the others are cut, and those who have a connection keep it."""
    with guarded(certificate) as scene:
        sockets = [socket.create_connection(scene.address, timeout=PATIENCE) for _ in range(600)]
        try:
            eventually(lambda: cut_ones(sockets) >= 88, "those above the limit are cut")
            assert cut_ones(sockets) == 88
        finally:
            for one in sockets:
                one.close()
        scene.counted('http2_connections_refused_total{limit="handshakes_max"}', 88)


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
