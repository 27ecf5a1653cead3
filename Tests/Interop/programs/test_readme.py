"""What the README says is so: its tables are the programs', its transcript is what a visit prints, its links lead somewhere."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from contract import methods
from service import BIN, ROOT, Service

README = (ROOT / "README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The rows of the first table of a section, without its head."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    first = [row for row in rows if row.count("|") == rows[0].count("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in first[2:]]


def test_the_configuration_table_is_the_programs_own():
    said = subprocess.run([BIN / "telehealthd", "--help"], capture_output=True, text=True, check=True).stdout
    settings = []
    for flag, environment, text in re.findall(r"^  (--\S+)   (\S+)   \S+\n      (.*)$", said, re.M):
        default = re.search(r" \(default ([^)]*)\)$", text)
        meaning = text[: default.start()] if default else text
        settings.append([f"`{flag}`", f"`{environment}`", f"`{default[1]}`" if default else "", meaning])
    assert len(settings) > 60
    assert table("Configuration") == settings


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("readme") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"})
    yield service.start()
    assert service.stop() == 0


def test_the_rpcs_that_take_the_place_of_rest_calls_exist():
    named = [row[1] for row in table("What it does")]
    there = {f"`{method.containing_service.name}.{method.name}`" for method in methods()}
    assert len(named) > 10 and set(named) <= there


def test_the_reference_says_which_calls_stream_and_which_have_no_side_effects():
    reference = (ROOT / "docs/api.md").read_text()
    marked = 0
    for method in methods():
        traits = ["stream"] * method.server_streaming
        if method.GetOptions().idempotency_level == method.GetOptions().NO_SIDE_EFFECTS:
            traits.append("no side effects")
            marked += 1
            assert "request_id" not in method.input_type.fields_by_name, f"{method.name}: a change has an id, a read needs none"
        behind = f" ({', '.join(traits)})" if traits else ""
        assert f"| **{method.name}**{behind}: " in reference
    assert marked >= 8


def steps(transcript: str) -> list[tuple[str, str]]:
    """Who did what, without the times and ids that differ from visit to visit."""
    rows = re.findall(r"^ok +[\d.]+ \w+ +[\d.]+ \w+ +(\w+) +([^:\n]+)", transcript, re.M)
    return [(who, step.strip()) for who, step in rows]


def test_the_visit_in_the_readme_is_the_visit_that_is_played(unlimited):
    command = [BIN / "telehealth-probe", "visit", "--target", unlimited.address, "--data-dir", unlimited.data]
    played = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    shown = README.split("telehealth-probe visit\n")[1].split("```")[0]
    assert len(steps(played)) > 15
    assert steps(shown) == steps(played)
    assert re.search(r"The visit is over: (\d+) steps", shown)[1] == re.search(r"The visit is over: (\d+) steps", played)[1]


def test_each_section_stands_once_and_each_link_leads_to_a_file():
    headings = re.findall(r"^#+ .*$", README, re.M)
    assert len(headings) > 10 and len(set(headings)) == len(headings)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links and not [link for link in links if not (ROOT / link.split("#")[0]).exists()]


def test_each_tool_and_command_that_it_names_is_there():
    for name in set(re.findall(r"`(tools/[\w-]+)", README)):
        assert os.access(ROOT / name, os.X_OK), name
    groups = {"audit", "consent", "operate", "receipt"}
    named = re.findall(r"(?:^(?:\$ )?(?:\S*/)?|`)telehealth-probe ([a-z]+)(?: ([a-z]+))?", README, re.M)
    commands = {(command, verb if command in groups else "") for command, verb in named}
    assert len(commands) > 8
    shown: dict[tuple, set] = {command: set() for command in commands}
    for line in README.replace("\\\n", " ").splitlines():
        if at := re.match(r"(?:\$ )?(?:\S*/)?telehealth-probe ([a-z]+)(?: ([a-z]+))?", line):
            command = (at[1], at[2] if at[1] in groups else "")
            shown[command] |= set(re.findall(r" (--[a-z][\w-]*)", line.partition("#")[0]))
    assert sum(map(len, shown.values())) > 8
    for command, flags in shown.items():
        words = [word for word in command if word]
        said = subprocess.run([BIN / "telehealth-probe", *words, "--help"], capture_output=True, text=True)
        assert said.returncode == 0 and f"telehealth-probe {' '.join(words)}" in said.stdout, words
        assert all(re.search(rf"{flag}\b", said.stdout) for flag in flags), (words, flags)


def test_each_module_stands_in_its_table():
    named = [row[1].strip("`") for row in table("How it is built")]
    generated = {"GRPCStandardAPI", "TelehealthAPI"}
    # The folders that begin with a C and a capital hold nothing but the way to a C library.
    folders = {p.name for p in Path(ROOT / "Sources").iterdir() if p.is_dir() and not re.match(r"C[A-Z]", p.name)}
    assert sorted(named) == sorted(folders | generated)
