"""Tokens of the clinic's own issuer, by a key set in a file or at a URL: what is believed, what is not, and rotation."""

import json
import re
import signal
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from cryptography.hazmat.primitives import hashes, hmac

from certificates import authority, certificate
from service import ROOT, Service
from token_issuer import ISSUER, Key, key_set, own_id, refusal, said, until_logged, until_said
from visit import Clinic


def test_only_the_issuers_own_tokens_are_believed(tmp_path, simulator):
    keys = [Key(algorithm) for algorithm in ("ES256", "EdDSA", "RS256")]
    (tmp_path / "keys.json").write_bytes(key_set(*keys))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(tmp_path / "keys.json"),
        "TELEHEALTH_DEVELOPMENT_TOKENS": "false"}).start()
    for key in keys:
        assert said(service, key.token()) == "OK", key.algorithm
    now, good = int(time.time()), keys[0]

    def with_public_key(data: bytes) -> bytes:
        mac = hmac.HMAC(json.dumps(good.row).encode(), hashes.SHA256())
        mac.update(data)
        return mac.finalize()

    wrong = {
        "another issuer": good.token(iss="https://evil.example"), "no issuer": good.token(iss=None),
        "another audience": good.token(aud="billing"), "no audience": good.token(aud=None),
        "no subject": good.token(sub=None), "no role": good.token(telehealth_role=None), "an unknown role": good.token(telehealth_role="root"),
        "a role under another name": good.token(telehealth_role=None, role="scheduler"),
        "two roles": good.token(telehealth_role=["scheduler", "admin"]),
        "a list without a role": good.token(telehealth_role=["offline_access"]), "no word of a role": good.token(telehealth_role=[1]),
        "a role in an object": good.token(telehealth_role={"roles": ["scheduler"]}),
        "a guest by token": good.token(telehealth_role="guest"), "a client without an id": good.token(telehealth_role="client"),
        "an application for a client": good.token(telehealth_role="client", client_id="client-1"),
        "a client who is the application": good.token(telehealth_role="client", telehealth_person_id="portal", client_id="portal"),
        "a client who is the party": good.token(telehealth_role="client", telehealth_person_id="portal", azp="portal"),
        "a clinician who is the application": good.token(
            telehealth_role="clinician", telehealth_clinician_id="portal", client_id="portal"),
        "a token bound to a key": good.token(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
        "an ID token": good.token(at_hash="MTIzNDU2Nzg5MDEyMzQ1Ng", nonce="n"),
        "another issuer's actor": good.token(act={"sub": "portal", "iss": "https://evil.example"}),
        "no end": good.token(exp=None), "a life of two hours": good.token(exp=now + 7200),
        "from the future": good.token(iat=now + 3600, exp=now + 4000), "not yet": good.token(nbf=now + 3600),
        "unsigned": good.token({"alg": "none"}, signature=lambda _: b""),
        "signed with the public key": good.token({"alg": "HS256"}, signature=with_public_key),
        "another key's signature": good.token(signature=Key("ES256").sign),
        "another algorithm's key": good.token({"kid": keys[1].id}),
        "another kind of token": good.token({"typ": "logout+jwt"}), "a kind that is a number": good.token({"typ": 1}),
        "an extension": good.token({"crit": ["exp"]}), "no extension, listed": good.token({"crit": []}),
        "an end beyond every calendar": good.token(exp=1e300), "a begin below every calendar": good.token(iat=-1e300),
        "an end that is a text": good.token(exp=str(now + 600)), "an audience of numbers": good.token(aud=[1]),
        "an issuer that looks alike": good.token(iss=ISSUER.replace("c", "\u0441")),
        "a subject with a control character": good.token(sub="desk\u009b2J"),
        "a claim twice": good.token(raw=('"sub": "desk"', '"sub": "desk", "sub": "desk"')),
        "a claim twice, once escaped": good.token(raw=('"sub": "desk"', '"sub": "desk", "s\\u0075b": "root"')),
        "a member twice, deep": good.token(raw=('"sub": "desk"', '"sub": "desk", "act": {"sub": "a", "sub": "b"}')),
        "no JSON number": good.token(raw=('"sub": "desk"', '"sub": "desk", "x": NaN')),
        "text after the claims": good.token(raw=("}", "} x")), "a byte order mark": good.token(raw=("{", "\ufeff{")),
        "padding": good.token() + "=", "bits behind the end": good.token()[:-1] + chr(ord(good.token()[-1]) + 1),
    }
    assert {name: word for name, token in wrong.items() if (word := said(service, token)) != "TOKEN_INVALID"} == {}
    assert said(service, good.token(exp=now - 120, iat=now - 600)) == "TOKEN_EXPIRED"
    assert said(service, Key("ES256").token()) == "TOKEN_KEY_UNKNOWN"
    for kind in ("at+jwt", "application/at+jwt", "jwt"):
        assert said(service, good.token({"typ": kind})) == "OK"
    assert said(service, good.token(exp=now + 600.5, roles=[{"level": 1.5}])) == "OK"
    assert said(service, good.token(telehealth_role=["offline_access", "scheduler"], act={"sub": "portal", "iss": ISSUER})) == "OK"
    assert service.stop() == 0


def test_an_access_token_of_rfc_9068_names_its_application_and_its_person(tmp_path, simulator):
    """What docs/identity.md shows: `client_id` is the application, and nobody is taken for it."""
    key = Key("RS256")
    (tmp_path / "keys.json").write_bytes(key_set(key))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(tmp_path / "keys.json")}).start()
    example = re.search(r"```json\n(\{\n  \"iss\": .*?\n\})\n```", (ROOT / "docs/identity.md").read_text(), re.S).group(1)
    now = int(time.time())
    shown = json.loads(example) | {"iat": now, "exp": now + 600}
    assert (shown["iss"], shown["client_id"]) == (ISSUER, "patient-portal") and shown["telehealth_person_id"] != shown["sub"]
    token = key.token({"typ": "at+jwt"}, **shown)
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.service.token = lambda role, person="": key.token(
            sub=person or role, telehealth_role=role, **own_id(role, person))
        clinic.client_id = shown["telehealth_person_id"]
        clinic.create_session(clinic.book())
        clinic.client_id = "patient-portal"
        clinic.create_session(clinic.book())
        from telehealth.v1 import telehealth_service_pb2 as m

        seen = clinic.telehealth.ListSessions(
            m.ListSessionsRequest(), metadata=[("authorization", "Bearer " + token)], timeout=10).sessions
        assert {each.client_id for each in seen} == {shown["telehealth_person_id"]}
    for wrong in ({"telehealth_person_id": "patient-portal"}, {"telehealth_person_id": "patient-portal", "client_id": None, "azp": "patient-portal"}):
        word, sentence = refusal(service, key.token({"typ": "at+jwt"}, **{**shown, **wrong}))
        assert word == "TOKEN_INVALID" and "telehealth_person_id" in sentence and "application" in sentence, sentence
    assert service.stop() == 0


def test_the_claims_have_the_names_that_were_set(tmp_path, simulator):
    """An issuer that said role and clinician_id before goes on with them; the person needs a claim of its own."""
    key = Key("ES256")
    (tmp_path / "keys.json").write_bytes(key_set(key))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(tmp_path / "keys.json"), "TELEHEALTH_ROLE_CLAIM": "role",
        "TELEHEALTH_PERSON_CLAIM": "https://clinic.example/mrn", "TELEHEALTH_CLINICIAN_CLAIM": "clinician_id"}).start()
    bare = dict(telehealth_role=None)
    assert said(service, key.token(**bare, role="scheduler")) == "OK"
    assert said(service, key.token(**bare, role="clinician", clinician_id="c-1")) == "OK"
    assert said(service, key.token(**bare, role="client", **{"https://clinic.example/mrn": "p-1"})) == "OK"
    for token, claim in (
        (key.token(telehealth_role="scheduler"), "'role'"),
        (key.token(**bare, role="client", client_id="p-1"), "'https://clinic.example/mrn'"),
        (key.token(**bare, role="clinician", telehealth_clinician_id="c-1"), "'clinician_id'"),
    ):
        word, sentence = refusal(service, token)
        assert word == "TOKEN_INVALID" and claim in sentence, sentence
    assert service.stop() == 0


def test_a_key_set_that_could_mean_two_keys_changes_nothing(tmp_path, simulator):
    known, other = Key("ES256"), Key("ES256")
    other.row["kid"] = known.id
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(known))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(file), "TELEHEALTH_JWKS_RELOAD": "1h"}).start()
    new = Key("EdDSA")
    encrypting = Key("ES256")
    encrypting.row = {**encrypting.row, "key_ops": ["encrypt"]}
    refused = (key_set(other, known, new), key_set(known, new).replace(b'"kty"', b'"kty": "EC", "kty"', 1))
    for times, document in enumerate(refused, 1):
        file.write_bytes(document)
        service.process.send_signal(signal.SIGHUP)
        until_logged(service, "key set not reloaded", times)
        assert (said(service, known.token()), said(service, new.token())) == ("OK", "TOKEN_KEY_UNKNOWN")
    file.write_bytes(key_set(known, new, encrypting))
    service.process.send_signal(signal.SIGHUP)
    until_said("OK", service, new.token())
    assert said(service, encrypting.token()) == "TOKEN_KEY_UNKNOWN", "a key for encryption signs nothing"
    assert service.stop() == 0


def test_keys_are_rotated_in_the_file(tmp_path, simulator):
    old, new = Key("ES256"), Key("EdDSA")
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(old))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(file), "TELEHEALTH_JWKS_RELOAD": "1h"}).start()
    kept = old.token()
    assert (said(service, kept), said(service, new.token())) == ("OK", "TOKEN_KEY_UNKNOWN")
    # Both, while tokens of the old one are about; then the new one alone.
    file.write_bytes(key_set(old, new))
    service.process.send_signal(signal.SIGHUP)
    until_said("OK", service, new.token())
    assert said(service, kept) == "OK"
    file.write_bytes(key_set(new))
    service.process.send_signal(signal.SIGHUP)
    until_said("TOKEN_KEY_UNKNOWN", service, kept)
    # A broken file changes nothing.
    file.write_text("{")
    service.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert said(service, new.token()) == "OK"
    assert service.stop() == 0


@pytest.fixture
def published(tmp_path):
    """A key set at an https URL of its own: what it holds may be set."""
    authority(tmp_path, "clinic")
    certificate(tmp_path, "login", "clinic", "DNS:localhost,IP:127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked += 1
            self.send_response(200 if self.server.body else 503)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.asked = b"", 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "login.pem", tmp_path / "login.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_keys_are_rotated_at_the_url(tmp_path, simulator, published):
    old, new = Key("RS256"), Key("ES256")
    published.body = key_set(old)
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_URL": f"https://127.0.0.1:{published.server_port}/keys",
        "TELEHEALTH_JWKS_RELOAD": "10s", "TELEHEALTH_CA_FILE": str(tmp_path / "clinic.pem")}).start()
    until_said("OK", service, old.token())
    published.body = key_set(new)
    until_said("OK", service, new.token())
    assert said(service, old.token()) == "TOKEN_KEY_UNKNOWN"
    published.body = b""
    asked = published.asked
    deadline = time.monotonic() + 30
    while published.asked < asked + 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert said(service, new.token()) == "OK", "an issuer that is down keeps nobody out"
    assert service.stop() == 0
