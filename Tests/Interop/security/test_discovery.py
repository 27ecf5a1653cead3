"""Keys found by the issuer alone (OpenID Connect Discovery 1.0): what is believed, what is not, rotation and outages."""

import re
import ssl
import time
import urllib.request

import pytest

from certificates import authority, certificate
from clinic_issuer import LoopbackIssuer
from daemon import daemon
from service import Service
from token_issuer import Key, said, until_logged, until_said


@pytest.fixture
def issuer():
    with LoopbackIssuer("/realms/clinic") as found:
        yield found


def service(tmp_path, simulator, issuer, **env) -> Service:
    """Started with the one setting that discovery needs."""
    return Service(tmp_path / "data", simulator, env={"TELEHEALTH_ISSUER": issuer.name, **env}).start()


def until_asked(issuer, path: str, times: int) -> None:
    deadline = time.monotonic() + 40
    while issuer.asked[path] < times:
        assert time.monotonic() < deadline, f"{path} was asked for {issuer.asked[path]} times, not {times}"
        time.sleep(0.1)


@pytest.mark.parametrize("path", ["", "/", "/realms/clinic", "/realms/clinic/"])
def test_one_setting_is_enough(tmp_path, simulator, path):
    key = Key("RS256")
    with LoopbackIssuer(path) as issuer:
        issuer.put_keys(key)
        issuer.put_document()
        started = service(tmp_path, simulator, issuer)
        assert said(started, key.token(iss=issuer.name)) == "OK"
        # The tokens' issuer is the setting byte for byte, too.
        other = issuer.name.removesuffix("/") if path.endswith("/") else issuer.name + "/"
        assert said(started, key.token(iss=other)) == "TOKEN_INVALID"
        assert set(issuer.asked) == {issuer.document_path, "/keys"}
        assert started.stop() == 0


def test_over_https_the_certificate_must_be_the_issuers(tmp_path, simulator):
    authority(tmp_path, "clinic")
    certificate(tmp_path, "login", "clinic", "DNS:localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "login.pem", tmp_path / "login.key")
    key = Key("ES256")
    with LoopbackIssuer("/a", host="localhost", tls=tls) as issuer:
        issuer.put_keys(key)
        issuer.put_document()
        started = service(tmp_path, simulator, issuer, TELEHEALTH_CA_FILE=str(tmp_path / "clinic.pem"))
        assert said(started, key.token(iss=issuer.name)) == "OK"
        assert started.stop() == 0
        failed = daemon("--listen", "127.0.0.1:0", "--data-dir", tmp_path / "b", "--issuer", issuer.name)
        assert failed.returncode == 1 and "transport failed" in failed.stderr, failed.stderr


def slow(issuer):
    """Byte after byte, for longer than anybody waits."""
    def bytes_one_by_one():
        for _ in range(60):
            yield b" "
            time.sleep(0.5)

    return lambda: (200, {"Content-Length": "60"}, bytes_one_by_one())


PUBLIC_ELSEWHERE = "not at a public address"
BAD_DOCUMENTS = {
    "another issuer": (lambda i: i.put_document(members={"issuer": i.name + "/"}), ["'{name}/'", "'{name}'", "byte for byte"]),
    "an issuer that looks alike": (
        lambda i: i.put_document(members={"issuer": i.name.replace("clinic", "cl\u0456nic")}), ["cl\u0456nic", "'{name}'"]),
    "an issuer that clears the screen": (lambda i: i.put_document(members={"issuer": "\x1b[2J"}), ["'\\u001b[2J'", "'{name}'"]),
    "no issuer": (lambda i: i.put_document(members={"issuer": None}), ["missing", "'{name}'"]),
    "no key set": (lambda i: i.put_document(members={"jwks_uri": None}), ["lacks a jwks_uri"]),
    "a key set that is not an address": (lambda i: i.put_document(members={"jwks_uri": ["x"]}), ["lacks a jwks_uri"]),
    "a key set in a file": (lambda i: i.put_document("file:///etc/passwd"), ["'file:///etc/passwd'", "must be an https URL"]),
    "a key set in plain text": (lambda i: i.put_document("http://login.clinic.example/keys"), ["must be an https URL"]),
    "a key set in the clinic's network": (lambda i: i.put_document("https://10.0.0.1/keys"), ["https://10.0.0.1/keys", PUBLIC_ELSEWHERE]),
    "a key set at the neighbor's": (lambda i: i.put_document("https://192.168.1.1/keys"), [PUBLIC_ELSEWHERE]),
    "a key set in a private IPv6 network": (lambda i: i.put_document("https://[fd12::1]/keys"), [PUBLIC_ELSEWHERE]),
    "a key set at the machine's credentials": (lambda i: i.put_document("http://169.254.169.254/latest"), [PUBLIC_ELSEWHERE]),
    "a key set on this machine by another name": (
        lambda i: i.put_document(i.base.replace("127.0.0.1", "localhost") + "/keys"), ["localhost", PUBLIC_ELSEWHERE]),
    "a key set that is not there": (lambda i: i.put_document("/nothing"), ["/nothing", "status_404"]),
    "a key set that is a page": (lambda i: (i.put("/page", b"<html>"), i.put_document("/page")), ["RFC 7517"]),
    "a redirect": (lambda i: i.put(i.document_path, b"", 302, Location="/other"), ["status_302", "redirects are not followed"]),
    "a key set that is a redirect": (
        lambda i: (i.put("/there", b"", 307, Location="/keys"), i.put_document("/there")), ["/there", "redirects are not followed"]),
    "too much": (lambda i: i.put_document(members={"x": "y" * 70_000}), ["response_too_large"]),
    "too many keys' bytes": (lambda i: (i.put("/big", b" " * 300_000), i.put_document("/big")), ["response_too_large"]),
    "broken JSON": (lambda i: i.put(i.document_path, b'{"issuer":'), ["must be a JSON object"]),
    "a member twice": (lambda i: i.put(i.document_path, b'{"issuer":"a","issuer":"b"}'), ["repeated members"]),
    "a list": (lambda i: i.put(i.document_path, b"[]"), ["must be a JSON object"]),
    "nothing": (lambda i: i.put(i.document_path, b"", 204), ["status_204"]),
    "a failure": (lambda i: i.put(i.document_path, b"", 503), ["status_503"]),
    "a document that never ends": (lambda i: i.answers.update({i.document_path: slow(i)}), ["deadline_exceeded"]),
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_document_that_cannot_be_used_ends_the_start(tmp_path, issuer, case):
    bend, words = BAD_DOCUMENTS[case]
    issuer.put_keys(Key("ES256"))
    bend(issuer)
    failed = daemon("--listen", "127.0.0.1:0", "--data-dir", tmp_path / "data", "--issuer", issuer.name)
    assert failed.returncode == 1, failed
    for word in (*words, "(--issuer)"):
        assert word.format(name=issuer.name) in failed.stderr, failed.stderr
    assert issuer.asked["/keys"] == 0 and issuer.asked["/other"] == 0


def test_an_issuer_that_is_down_ends_the_start(tmp_path):
    with LoopbackIssuer() as issuer:
        name = issuer.name
    failed = daemon("--listen", "127.0.0.1:0", "--data-dir", tmp_path / "data", "--issuer", name)
    assert failed.returncode == 1 and name in failed.stderr and "transport failed" in failed.stderr, failed


def test_an_explicit_key_set_asks_for_no_document(tmp_path, simulator, issuer):
    key = Key("ES256")
    issuer.put_keys(key, path="/elsewhere")
    started = service(tmp_path, simulator, issuer, TELEHEALTH_JWKS_URL=issuer.base + "/elsewhere")
    assert said(started, key.token(iss=issuer.name)) == "OK"
    assert set(issuer.asked) == {"/elsewhere"}
    assert started.stop() == 0


def test_keys_and_their_place_are_rotated(tmp_path, simulator, issuer):
    first, second, third = Key("RS256"), Key("ES256"), Key("EdDSA")
    issuer.put_keys(first)
    # Both hold for a day, and yet a token of a new key is told from a forged one within seconds.
    issuer.put_document(Cache_Control="max-age=86400")
    started = service(tmp_path, simulator, issuer, TELEHEALTH_JWKS_RELOAD="24h")
    assert said(started, first.token(iss=issuer.name)) == "OK"
    issuer.put_keys(first, second, Cache_Control="max-age=86400")
    until_said("OK", started, second.token(iss=issuer.name))
    assert said(started, first.token(iss=issuer.name)) == "OK"
    issuer.put_keys(third, path="/moved")
    issuer.put_document("/moved")
    until_said("OK", started, third.token(iss=issuer.name))
    for gone in (first, second):
        assert said(started, gone.token(iss=issuer.name)) == "TOKEN_KEY_UNKNOWN"
    assert started.stop() == 0


def test_the_issuer_says_how_long_its_answers_hold(tmp_path, simulator, issuer):
    old, new = Key("ES256"), Key("ES256")
    issuer.put_keys(old, Cache_Control="max-age=1")
    issuer.put_document(Cache_Control="max-age=3600")
    started = service(tmp_path, simulator, issuer, TELEHEALTH_JWKS_RELOAD="24h")
    kept = old.token(iss=issuer.name)
    assert said(started, kept) == "OK"
    issuer.put_keys(new, Cache_Control="max-age=1")
    began = time.monotonic()
    # Nobody asks for the new key: the old one goes by itself.
    until_asked(issuer, "/keys", 3)
    assert time.monotonic() - began > 15, "every 10 s at most"
    assert said(started, kept) == "TOKEN_KEY_UNKNOWN"
    assert issuer.documents() == 1, "one that still holds is not asked for"
    assert started.stop() == 0


def test_an_outage_keeps_nobody_out(tmp_path, simulator, issuer):
    first, second = Key("ES256"), Key("ES256")
    issuer.put_keys(first)
    issuer.put_document()
    started = service(
        tmp_path, simulator, issuer, TELEHEALTH_JWKS_RELOAD="10s", TELEHEALTH_MONITORING_LISTEN="127.0.0.1:0")
    kept = first.token(iss=issuer.name)
    assert said(started, kept) == "OK"
    # The document alone: keys are still read where the last good one says, also when it is another issuer's now.
    issuer.put(issuer.document_path, b"", 503)
    issuer.put_keys(first, second)
    until_said("OK", started, second.token(iss=issuer.name))
    issuer.put_document("/evil", members={"issuer": "https://evil.example"})
    until_logged(started, "'https://evil.example'", 1)
    assert issuer.asked["/evil"] == 0
    # All of it.
    issuer.put(issuer.document_path, b"", 503)
    issuer.put("/keys", b"", 503)
    until_logged(started, "key set not reloaded: the old keys stay in use", 1)
    for key in (first, second):
        assert said(started, key.token(iss=issuer.name)) == "OK"
    with urllib.request.urlopen(f"http://{started.ready['monitoring']}/metrics", timeout=10) as answer:
        counts = dict(re.findall(r'telehealth_issuer_reads_failed_total\{kept="(\w+)"\} (\d+)', answer.read().decode()))
    log = (started.data / "telehealthd.log").read_text()
    assert int(counts["document"]) >= log.count("discovery document not reloaded: the last good one stays in use") - 1 >= 1
    assert int(counts["keys"]) >= 1
    assert started.stop() == 0


def test_tokens_of_unknown_keys_ask_the_issuer_once_an_interval(tmp_path, simulator, issuer):
    issuer.put_keys(Key("ES256"))
    issuer.put_document(Cache_Control="max-age=86400")
    started = service(tmp_path, simulator, issuer, TELEHEALTH_JWKS_RELOAD="24h")
    began, unknown = time.monotonic(), Key("ES256")
    sent = 0
    while issuer.documents() < 4:
        unknown.id = unknown.row["kid"] = f"unknown-{sent}"
        assert said(started, unknown.token(iss=issuer.name)) in ("TOKEN_KEY_UNKNOWN", "RATE_LIMITED")
        sent += 1
        assert time.monotonic() - began < 60, "a token of an unknown key asks the issuer again"
    passed = time.monotonic() - began
    assert sent > 20 and passed > 9.5, f"3 readings within {passed} s for {sent} tokens: 5 s at least between two"
    assert started.stop() == 0
