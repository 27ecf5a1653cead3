"""An issuer of tokens with keys of its own, and what the service says of them."""

import base64
import json
import secrets
import time

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from service import Service
from visit import reason

ISSUER = "https://login.clinic.example"


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int) -> str:
    return text(value.to_bytes(size, "big"))


class Key:
    """A signing key with its row for a key set (RFC 7517), and tokens signed by it (RFC 7519)."""

    def __init__(self, algorithm: str):
        self.id, self.algorithm = secrets.token_hex(4), algorithm
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            point = self.private.public_key().public_numbers()
            row = {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
            raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            row = {"kty": "OKP", "crv": "Ed25519", "x": text(raw)}
        else:
            self.private = rsa.generate_private_key(65537, 2048)
            numbers = self.private.public_key().public_numbers()
            row = {"kty": "RSA", "n": number(numbers.n, 256), "e": number(numbers.e, 3)}
        self.row = {**row, "kid": self.id, "alg": algorithm, "use": "sig"}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.algorithm == "EdDSA":
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def token(self, header: dict | None = None, signature=None, raw=("", ""), **changes) -> str:
        """`raw` is a part of the claims' text and what is in its place."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "telehealth", "sub": "desk", "telehealth_role": "scheduler", "iat": now, "exp": now + 600}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        head = {"alg": self.algorithm, "kid": self.id, "typ": "JWT", **(header or {})}
        parts = (json.dumps(head), json.dumps(claims).replace(*raw) if raw[0] else json.dumps(claims))
        signed = ".".join(text(part.encode()) for part in parts).encode()
        return signed.decode() + "." + text((signature or self.sign)(signed))


def own_id(role: str, person: str) -> dict[str, str]:
    """The claim with somebody's id in the clinic's records, by the names that the daemon has by itself."""
    names = {"client": "telehealth_person_id", "clinician": "telehealth_clinician_id"}
    return {names[role]: person} if role in names and person else {}


def refusal(service: Service, token: str) -> tuple[str, str]:
    """The word and the sentence; two empty ones for a token that is believed."""
    from telehealth.v1 import telehealth_service_pb2 as m
    from telehealth.v1 import telehealth_service_pb2_grpc as services

    with grpc.insecure_channel(service.address) as channel:
        try:
            services.TelehealthServiceStub(channel).ListSessions(
                m.ListSessionsRequest(), metadata=[("authorization", "Bearer " + token)], timeout=10)
        except grpc.RpcError as error:
            return reason(error), error.details()
    return "", ""


def said(service: Service, token: str) -> str:
    return refusal(service, token)[0] or "OK"


def until_said(word: str, service: Service, token: str) -> None:
    deadline = time.monotonic() + 30
    while (heard := said(service, token)) != word:
        assert time.monotonic() < deadline, f"{heard}, not {word}"
        time.sleep(0.2)


def until_logged(service: Service, words: str, times: int) -> None:
    deadline = time.monotonic() + 30
    while (service.data / "telehealthd.log").read_text().count(words) < times:
        assert time.monotonic() < deadline, f"'{words}' was not logged {times} times"
        time.sleep(0.1)


def key_set(*keys: Key) -> bytes:
    return json.dumps({"keys": [key.row for key in keys]}).encode()
