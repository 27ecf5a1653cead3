"""Every program says how it is used, and refuses what it does not know with the code that it documents."""

import re
import subprocess

import pytest

from service import BIN, ROOT

# The code that each leaves with after wrong usage: its own, or the one of sysexits.h that command-line parsers use.
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
    assert "1 wrong usage" in " ".join(run(BIN / "telehealth-probe", "--help").stdout.split())
    assert "2 for a wrong command line or configuration" in " ".join(run(BIN / "telehealthd", "--help").stdout.split())


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
