"""An identity provider of the clinic's own, for services that take no development tokens."""

import time
from pathlib import Path

from service import Service
from test_issuers import ISSUER, Key, key_set


class IssuedService(Service):
    """telehealthd that believes this issuer alone: who calls through a proxy is not on this machine."""

    def __init__(self, data: Path, simulator, env: dict | None = None, **more):
        self.key = Key("ES256")
        data.mkdir(parents=True)
        keys = data.with_name(data.name + ".jwks")
        keys.write_bytes(key_set(self.key))
        super().__init__(data, simulator, env={
            "TELEHEALTH_ISSUER": ISSUER, "TELEHEALTH_JWKS_FILE": str(keys), **(env or {})}, **more)

    def token(self, role: str, person: str = "", **claims: str) -> str:
        own = {f"{role}_id": person} if role in ("client", "clinician") else {}
        now = int(time.time())
        return self.key.token(sub=person or role, role=role, iat=now, exp=now + 3000, **own, **claims)
