"""Every program says how it is used, and refuses what it does not know with the code that it documents."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from service import BIN, ROOT

# The code that each exits with after wrong usage: its own, or the one of sysexits.h that command-line parsers use.
PROGRAMS = {
    "telehealthd": 2, "telehealth-probe": 1, "chime-simulator": 64, "visit-simulation": 64, "rpc-simulation": 64,
    "rpc-bench": 64, "telehealth-bench": 64, "store-bench": 2, "codec-bench": 2, "telehealth-client-example": 2,
}
TOOLS = sorted(path.name for path in (ROOT / "tools").iterdir() if path.is_file() and path.stat().st_mode & 0o100)


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)


def commands(program: str, *words: str):
    """The program and each of its subcommands, as its help lists them."""
    said = run(BIN / program, *words, "--help")
    yield words, said
    listed = said.stdout.partition("SUBCOMMANDS:")[2].partition("See '")[0]
    for name in re.findall(r"^  ([a-z][\w-]*)", listed, re.M):
        yield from commands(program, *words, name)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_teaches_and_a_wrong_flag_is_refused(program):
    for words, said in commands(program):
        assert said.returncode == 0 and not said.stderr, (words, said)
        assert re.search(r"usage:", said.stdout, re.I) and len(said.stdout) > 60, words
        wrong = run(BIN / program, *words, "--no-such-flag")
        assert wrong.returncode == PROGRAMS[program], (words, wrong)
        assert re.search(r"usage:|--help", wrong.stderr, re.I) and not wrong.stdout, (words, wrong)


def test_examples_in_help_can_be_copied_from_a_terminal_of_80_columns():
    """What is wider is broken in the middle of a command: an example's next line is none of running text."""
    for words, said in commands("telehealth-probe"):
        lines = said.stdout.splitlines()
        for line, following in zip(lines, lines[1:]):
            if re.match(r"  (telehealth-probe|echo|    -|      -)", line):
                assert not following or following.startswith("  "), (words, line, following)


def test_the_probe_and_the_daemon_document_their_codes():
    assert "1 invalid usage" in " ".join(run(BIN / "telehealth-probe", "--help").stdout.split())
    assert "2 wrong command line or configuration" in " ".join(run(BIN / "telehealthd", "--help").stdout.split())


def test_a_wrong_configuration_names_every_setting_at_fault(tmp_path):
    said = run(BIN / "telehealthd", "--data-dir", tmp_path, "--log-level", "loud", "--early-join", "soon", "--loops", "-1")
    assert said.returncode == 2 and not said.stdout
    for setting in ("log-level", "early-join", "loops"):
        assert re.search(setting.replace("-", "[-_ ]?"), said.stderr, re.I), (setting, said.stderr)
    assert not list(tmp_path.iterdir()), "what cannot be served leaves nothing behind"


def test_the_probe_without_a_service_says_what_to_do():
    said = run(BIN / "telehealth-probe", "health", "--target", "127.0.0.1:9")
    assert said.returncode == 2 and "tools/run" in said.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tools_help_is_its_own_beginning_and_a_wrong_word_is_refused(tool, tmp_path):
    said = run(ROOT / "tools" / tool, "--help")
    assert said.returncode == 0 and not said.stderr and f"tools/{tool}" in said.stdout, said
    assert "#" not in said.stdout.splitlines()[0] and "set -" not in said.stdout
    # From elsewhere as well: the way to the script may be relative.
    (tmp_path / "way").symlink_to(ROOT / "tools")
    assert subprocess.run([f"way/{tool}", "--help"], cwd=tmp_path, capture_output=True, text=True).stdout == said.stdout
    wrong = run(ROOT / "tools" / tool, "--no-such-word")
    assert wrong.returncode == 2 and not wrong.stdout and f"tools/{tool}" in wrong.stderr, wrong


# No number: too much, too little, or of the wrong kind for every option below.
NUMBERS = ["nan", "-inf", "1e300", "-1", "-1e300", "1e-300", "1e10", "0x", "", "9" * 40]
LIMITED = [
    ("telehealth-probe", ["health", "--target", "127.0.0.1:9"], "--timeout", 1),
    ("telehealth-probe", ["call", "a.B/C", "--target", "127.0.0.1:9", "--repeat", "2"], "--rate", 1),
    ("telehealth-probe", ["call", "a.B/C", "--target", "127.0.0.1:9"], "--repeat", 1),
    ("telehealth-probe", ["call", "a.B/C", "--target", "127.0.0.1:9", "--repeat", "2"], "--concurrency", 1),
    ("telehealth-probe", ["audit", "list", "--target", "127.0.0.1:9"], "--limit", 1),
    ("telehealth-probe", ["token", "--role", "admin"], "--lifetime", 1),
    ("telehealth-probe", ["health", "--target", "127.0.0.1:9"], "--keepalive", 1),
    ("telehealth-probe", ["watch", "s", "--target", "127.0.0.1:9"], "--patience", 1),
    ("chime-simulator", [], "--throttle-rate", 64), ("chime-simulator", [], "--throttle-burst", 64),
    ("chime-simulator", [], "--pipeline-step-milliseconds", 64), ("chime-simulator", [], "--port", 64),
    ("rpc-bench", ["client", "--target", "127.0.0.1:9"], "--channels", 64),
    ("rpc-bench", ["client", "--target", "127.0.0.1:9"], "--concurrency", 64),
    ("rpc-bench", ["client", "--target", "127.0.0.1:9"], "--payload", 64),
    ("rpc-bench", ["client", "--target", "127.0.0.1:9"], "--calls", 64),
    ("rpc-bench", ["hold", "--target", "127.0.0.1:9", "--server-pid", "1"], "--connections", 64),
    ("rpc-bench", ["server"], "--loops", 64), ("rpc-bench", ["server"], "--watch-peer-lost-after", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--seconds", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--rate", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--connects", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--connections", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--timeout", 64),
    ("telehealth-bench", ["siege", "--target", "127.0.0.1:9", "--data-dir", "d"], "--attempts", 64),
    ("telehealth-bench", ["attack", "--target", "127.0.0.1:9", "--data-dir", "d", "--kind", "bad-tokens"], "--cpu", 64),
    ("rpc-simulation", [], "--seeds", 64), ("visit-simulation", [], "--seeds", 64), ("visit-simulation", [], "--threads", 64),
]


@pytest.mark.parametrize("program, words, option, code", LIMITED, ids=lambda value: value if isinstance(value, str) else None)
def test_a_number_that_cannot_be_meant_is_wrong_usage(program, words, option, code):
    for number in NUMBERS:
        # No time at all, which means something for these.
        if number == "1e-300" and (program.endswith("simulation") or option == "--patience"):
            continue
        said = run(BIN / program, *words, f"{option}={number}")
        assert said.returncode == code and option.lstrip("-") in said.stderr, (number, said)


@pytest.mark.parametrize("number", ["nan", "-inf", "1e300", "-1", "9" * 40, "inf"])
def test_a_limit_of_the_bench_server_is_a_number_that_fits(number):
    for name in ("request-timeout", "connections-max"):
        assert run(BIN / "rpc-bench", "server", "--limit", f"{name}={number}").returncode == 64, (name, number)


@pytest.mark.parametrize("option", [["--first", str(2**64 - 1)], ["--first", str(2**64 - 2), "--seeds", "2"]])
@pytest.mark.parametrize("program", ["rpc-simulation", "visit-simulation"])
def test_seeds_beyond_the_greatest_are_wrong_usage(program, option):
    assert run(BIN / program, *option).returncode == 64


def test_the_greatest_seed_is_one():
    assert run(BIN / "rpc-simulation", "--seed", str(2**64 - 1)).returncode == 0


@pytest.mark.parametrize("limit", ["inf", "none", "1e9", "0.001"])
def test_a_call_may_have_no_limit_or_any_that_can_be_meant(limit):
    said = run(BIN / "telehealth-probe", "health", "--target", "127.0.0.1:9", f"--timeout={limit}")
    assert said.returncode == 2 and "no response from 127.0.0.1:9" in said.stderr, said


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's program takes root")
@pytest.mark.parametrize("program", ["telehealthd", "telehealth-probe", "chime-simulator"])
def test_programs_that_hold_secrets_leave_no_core_and_show_nobody_their_memory(program):
    """Run as nobody: what belongs to root in /proc then is closed to other processes of that user (prctl(2))."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    silent = socket.create_server(("127.0.0.1", 0))
    words = {
        "telehealthd": ["--listen", "127.0.0.1:0", "--data-dir", folder / "data"],
        "telehealth-probe": ["health", "--target", "127.0.0.1:%d" % silent.getsockname()[1]],
        "chime-simulator": [],
    }[program]
    process = subprocess.Popen(
        [BIN / program, *words], user=65534, group=65534, extra_groups=[], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    try:
        # Its first sign of life: a line of output, or a connection.
        assert silent.accept() if program == "telehealth-probe" else process.stdout.readline(), process.stderr.read()
        assert re.search(r"Max core file size +0 +0 ", Path(f"/proc/{process.pid}/limits").read_text())
        assert os.stat(f"/proc/{process.pid}/maps").st_uid == 0
    finally:
        process.kill()
        process.communicate()
        silent.close()
        shutil.rmtree(folder)


@pytest.mark.skipif("release" not in str(BIN), reason="only what is shipped is hardened")
@pytest.mark.parametrize("program", ["telehealthd", "telehealth-probe", "chime-simulator"])
def test_shipped_programs_load_nothing_from_their_own_folder_and_are_bound_at_the_start(program):
    dynamic = run("readelf", "-dW", BIN / program).stdout
    assert "$ORIGIN" not in dynamic, "whoever can write beside the program could put a library there"
    assert re.search(r"FLAGS_1.*NOW", dynamic), dynamic
    assert "GNU_RELRO" in run("readelf", "-lW", BIN / program).stdout
    assert re.search(r"FLAGS_1.*PIE", dynamic) and "GNU_STACK" in run("readelf", "-lW", BIN / program).stdout
