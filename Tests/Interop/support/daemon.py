"""The daemon started by hand, with settings of a test's own."""

import os
import subprocess

from service import BIN


def daemon(*flags, **environment) -> subprocess.CompletedProcess:
    """Ends by itself: with what it prints, or because it refuses to start."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("TELEHEALTH_", "AWS_"))}
    return subprocess.run(
        [BIN / "telehealthd", *map(str, flags)], env={**bare, **environment}, capture_output=True, text=True, timeout=30)
