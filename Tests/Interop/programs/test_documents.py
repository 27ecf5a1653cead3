"""What the documents say is so: their tables are the programs', the transcript is what a visit prints, commands and settings exist."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from contract import methods
from service import BIN, ROOT, Service

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
README = TEXTS["README.md"]
# What was called otherwise once is the changes' own business.
ALL = "\n".join(text for page, text in TEXTS.items() if page != "CHANGELOG.md")


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table of a section, without its head."""
    section = re.split(rf"^#+ {heading}\n", TEXTS[page], flags=re.M)[1]
    section = re.split(r"^#+ ", section, flags=re.M)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    first = [row for row in rows if row.count("|") == rows[0].count("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in first[2:]]


def settings_of_the_program() -> list[tuple[str, str, str, str]]:
    """Flag, environment variable, name in the file, and what is said of it."""
    said = subprocess.run([BIN / "telehealthd", "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  (--\S+)   (\S+)   (\S+)\n      (.*)$", said, re.M)


def test_the_table_of_settings_is_the_programs_own():
    settings = []
    for flag, environment, key, text in settings_of_the_program():
        default = re.search(r" \(default ([^)]*)\)$", text)
        meaning = text[: default.start()] if default else text
        settings.append([f"`{flag}`", f"`{environment}`", f"`{key}`", f"`{default[1]}`" if default else "", meaning])
    assert len(settings) > 60
    assert table("docs/reference/settings.md", "Settings") == settings


def reference(*arguments: str, root=ROOT) -> subprocess.CompletedProcess:
    return subprocess.run([root / "tools/reference", *arguments], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "TELEHEALTH_BIN_DIR": str(BIN)})


def test_the_reference_pages_are_what_the_daemon_says_of_itself():
    said = reference("--check")
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_page_of_the_reference_that_is_stale_is_named_with_what_to_do(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/reference", tmp_path / "tools/reference")
    shutil.copytree(ROOT / "docs/reference", tmp_path / "docs/reference")
    page = tmp_path / "docs/reference/metrics.md"
    page.write_text(page.read_text().replace("telehealth_watches_open", "telehealth_watches_shut"))
    said = reference("--check", root=tmp_path)
    assert said.returncode == 1 and "+| `telehealth_watches_open`" in said.stdout and "run tools/reference" in said.stderr
    assert reference(root=tmp_path).returncode == 0
    assert page.read_text() == TEXTS["docs/reference/metrics.md"]


def test_each_setting_and_metric_that_a_page_names_exists():
    flags = {flag for flag, *_ in settings_of_the_program()} | {"--config", "--print-config"}
    names = {name for _, name, *_ in settings_of_the_program()} | {"TELEHEALTH_CONFIG"}
    elsewhere = {"TELEHEALTH_BIN_DIR", "TELEHEALTH_TOKEN", "TELEHEALTH_REAL_AWS"}
    named = set(re.findall(r"\bTELEHEALTH_[A-Z_]+\b", ALL)) - elsewhere
    assert len(named) > 60 and named <= names, named - names
    # A flag in prose, as the operator's pages have it, is the daemon's; other programs' flags stand beside their names.
    pages = ("README.md", "docs/operating.md", "docs/visits.md", "docs/aws.md", "docs/identity.md", "docs/sizing.md")
    said = {flag for page in pages for flag in re.findall(r"`(--[a-z][\w-]*[a-z])(?: [^`]*)?`", TEXTS[page])}
    allowed = {"--allow-", "--scenario", "--simulator", "--json", "--help", "--check"}
    assert len(said) > 20 and said <= flags | allowed, said - flags - allowed
    metrics = {row[0].strip("`") for row in table("docs/reference/metrics.md", "Metrics")}
    found = set(re.findall(r"`((?:telehealth|grpc_server|http2|tls|process)_[a-z0-9_]+)[`{]", ALL))
    found -= {"telehealth_role", "telehealth_person_id", "telehealth_clinician_id"}
    assert len(found) > 20 and found <= metrics, found - metrics


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("readme") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"})
    yield service.start()
    assert service.stop() == 0


def test_the_rpcs_that_take_the_place_of_rest_calls_exist():
    named = [row[1] for row in table("docs/rest.md", "Paths")]
    there = {f"`{method.containing_service.name}.{method.name}`" for method in methods()}
    assert len(named) > 10 and set(named) <= there
    verbs = {row[1].split(",")[0] for row in table("docs/rest.md", "Statuses")}
    assert len(verbs) > 3 and verbs <= there


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
    assert re.search(r"(\d+) of \1 steps passed", shown)[1] == re.search(r"(\d+) of \1 steps passed", played)[1]


@pytest.mark.parametrize("page", TEXTS)
def test_each_section_of_a_page_stands_once_and_each_link_leads_to_a_file(page):
    text = re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.M | re.S)
    headings = re.findall(r"^#+ .*$", text, re.M)
    assert headings and len(set(headings)) == len(headings)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link and not link.startswith("#")]
    assert not [link for link in links if not (ROOT / page).parent.joinpath(link.split("#")[0]).exists()]


def test_each_tool_and_command_that_a_page_names_is_there():
    for name in set(re.findall(r"`(tools/[\w-]+)", ALL)):
        assert os.access(ROOT / name, os.X_OK), name
    groups = {"audit", "consent", "operate", "receipt", "recording"}
    named = re.findall(r"(?:^(?:\$ )?(?:\S*/)?|`)telehealth-probe ([a-z][a-z-]+)(?: ([a-z]+))?", ALL, re.M)
    commands = {(command, verb if command in groups else "") for command, verb in named}
    assert len(commands) > 8
    shown: dict[tuple, set] = {command: set() for command in commands}
    for line in ALL.replace("\\\n", " ").splitlines():
        if at := re.match(r"(?:\$ )?(?:\S*/)?telehealth-probe ([a-z][a-z-]+)(?: ([a-z]+))?", line):
            command = (at[1], at[2] if at[1] in groups else "")
            shown[command] |= set(re.findall(r" (--[a-z][\w-]*)", line.partition("#")[0]))
    assert sum(map(len, shown.values())) > 8
    for command, flags in shown.items():
        words = [word for word in command if word]
        said = subprocess.run([BIN / "telehealth-probe", *words, "--help"], capture_output=True, text=True)
        assert said.returncode == 0 and f"telehealth-probe {' '.join(words)}" in said.stdout, words
        assert all(re.search(rf"{flag}\b", said.stdout) for flag in flags), (words, flags)


def test_each_module_stands_in_its_table():
    named = [row[1].strip("`") for row in table("docs/architecture.md", "Modules")]
    generated = {"GRPCStandardAPI", "TelehealthAPI"}
    # The folders that begin with a C and a capital hold nothing but the way to a C library.
    folders = {p.name for p in Path(ROOT / "Sources").iterdir() if p.is_dir() and not re.match(r"C[A-Z]", p.name)}
    assert sorted(named) == sorted(folders | generated)
