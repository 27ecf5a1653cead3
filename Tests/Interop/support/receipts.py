"""A consent receipt read by hand."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2, from the text of the standard."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn > 0
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def fields_of(entry: bytes) -> list[str | None]:
    """The texts of an audit row, as AuditRecord+Encoding.swift draws it."""
    assert entry[0] == 1
    rest, texts = entry[25:], []
    for _ in range(10):
        present, rest = rest[0], rest[1:]
        if not present:
            texts.append(None)
            continue
        count = int.from_bytes(rest[:4], "big")
        texts.append(rest[4 : 4 + count].decode())
        rest = rest[4 + count :]
    assert len(rest) == 32, "what is left is the row's MAC"
    return texts


def verified(receipt: str, key: Ed25519PublicKey) -> dict:
    header, payload, signature = receipt.split(".")
    assert json.loads(part(header))["alg"] == "EdDSA"
    key.verify(part(signature), f"{header}.{payload}".encode())
    statement = json.loads(part(payload))
    canonical = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert part(payload).decode() == canonical, "one statement has one text"
    log = statement["log"]
    entry = bytes.fromhex(log["entry"])
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    path = [bytes.fromhex(each) for each in log["path"]]
    assert root_of(leaf, log["number"] - 1, log["size"], path).hex() == log["root"]
    texts = fields_of(entry)
    assert texts[4] in ("SubmitConsent", "UpdateConsent") and texts[8] == statement["consent"]["id"]
    return statement
