"""The audit log as an auditor reads it: rows by the API, the probe's verdict, tokens in it."""

import base64
import hmac
import json

from visit import Clinic


def log_of(clinic: Clinic):
    from telehealth.v1 import audit_service_pb2_grpc

    return audit_service_pb2_grpc.AuditServiceStub(clinic.channel)


def rows(clinic: Clinic, **filters) -> list:
    """Every row that the filters choose, page by page."""
    from telehealth.v1 import audit_service_pb2 as m

    found, token = [], ""
    while True:
        request = m.ListAuditEventsRequest(page_size=7, page_token=token, **filters)
        page = clinic.call(log_of(clinic).ListAuditEvents, request, "admin")
        found += page.events
        token = page.next_page_token
        if not token:
            return found


def verify(clinic: Clinic, **fields):
    from telehealth.v1 import audit_service_pb2 as m

    return clinic.result(log_of(clinic).VerifyAuditLog, m.VerifyAuditLogRequest(**fields), "admin")


class Tokens:
    """People's ids as the database holds them, by the documentation of the format."""

    def __init__(self, ring):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.secret = base64.b64decode(json.loads(ring.read_text())["index"])
        self.cipher = AESGCM(self.key(b"telehealth ids: cipher"))

    def key(self, purpose: bytes) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, None, purpose).derive(self.secret)

    def plain(self, value):
        return self.cipher.decrypt(value[1:13], value[13:], None).decode() if isinstance(value, bytes) else value

    def token(self, text: str) -> bytes:
        nonce = hmac.digest(self.key(b"telehealth ids: index"), text.encode(), "sha256")[:12]
        return b"\x01" + nonce + self.cipher.encrypt(nonce, text.encode(), None)
