"""Waits, with a bound, for what becomes true."""

import time


def until(what: str, holds, seconds: float = 30.0):
    """What `holds` answers, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


def eventually(holds, what: str) -> None:
    until(what, holds)
