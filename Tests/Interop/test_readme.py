"""What the README says is so: its tables are the programs', its transcript is what a visit prints, its links lead somewhere."""

import importlib
import os
import re
import subprocess
from pathlib import Path

import grpc
import pytest

from service import BIN, ROOT, Service
from visit import Clinic, reason

README = (ROOT / "README.md").read_text()
ACCOUNTS = {"service", "scheduler", "clinician", "client", "admin"}


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


def methods() -> dict[str, tuple]:
    found = {}
    for path in sorted((ROOT / "proto/telehealth/v1").glob("*.proto")):
        module = importlib.import_module(f"telehealth.v1.{path.stem}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found |= {f"{service.name}.{method.name}": method for method in service.methods}
    return found


def callers(words: str) -> set[str]:
    """Who may call, in the README's words; nobody's token is needed when the set holds only `open`."""
    if words == "whoever holds the grant, no token needed":
        return {"open"}
    named: set[str] = set()
    for word in words.split(", "):
        named |= ACCOUNTS if word == "everybody" else {word.removesuffix(" who leads")}
    assert named <= ACCOUNTS | {"guest"}, words
    return named


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("readme") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"})
    yield service.start()
    assert service.stop() == 0


def test_each_rpc_stands_in_the_table_once():
    rows = [row[0] for row in table("What it does")]
    assert sorted(rows) == sorted(f"`{name}`" for name in methods())


def test_each_role_is_let_into_exactly_the_calls_that_the_table_names(unlimited):
    """Every RPC as every role, over the wire: an empty request is enough to hear whether the role may call at all."""
    with grpc.insecure_channel(unlimited.address) as channel:
        clinic = Clinic(unlimited, channel)
        session = clinic.create_session(clinic.book()).session_id
        clinic.redeem(clinic.invite(session, "GUEST", by="admin").grant, "guest")
        offered, wrong = methods(), []
        for name, _, words, _ in table("What it does"):
            method = offered[name.strip("`")]
            expected = callers(words)
            call = channel.unary_stream(f"/{method.containing_service.full_name}/{method.name}")
            for role in [*sorted(ACCOUNTS), "guest", None]:
                answers = call(b"", metadata=clinic.credentials(role) if role else None, timeout=20)
                try:
                    next(answers, None)
                    said = "OK"
                except grpc.RpcError as error:
                    said = reason(error)
                answers.cancel()
                refusal = "ROLE_NOT_ALLOWED" if role else "TOKEN_MISSING"
                if (said != refusal) != bool(expected & {role, "open"}):
                    wrong.append(f"{name} as {role or 'nobody'}: {said or 'no reason'}, the table says: {words}")
    assert not wrong, "\n".join(wrong)


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
