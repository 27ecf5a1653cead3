"""What a server's answers look like, frame by frame."""

from scripted_server import *

PROBE = BIN / "telehealth-probe"


def head(*fields: tuple[str, str], end: bool = False):
    return lambda stream: headers(stream, block(*fields), end=end)


def payload(body: bytes, flag: int = 0, length: int | None = None, end: bool = False):
    prefix = struct.pack(">BI", flag, len(body) if length is None else length)
    return lambda stream: data(stream, prefix + body, end=end)


def status(value: str, *more: tuple[str, str]):
    return head(("grpc-status", value), *more, end=True)


START = head(*OK_HEADERS)
EMPTY = payload(b"")
OK = status("0")
