"""tools/api-freeze names whatever breaks a promise of the API, and lets through whatever may come."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import api_additions  # noqa: F401, puts its edits into EDITS
import api_breaks  # noqa: F401
from api_edits import EDITS, Api
from proto_text import text_of

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from api_freeze import verdicts  # noqa: E402
from api_freeze.compare import Comparison  # noqa: E402
from api_freeze.table import BY_WORD, row  # noqa: E402
from api_freeze.tree import APART, Tree  # noqa: E402

TOOL = ROOT / "tools/api-freeze"
#: Each edit is made at so many random places.
PLACES = 3


@pytest.fixture(scope="module")
def seed():
    chosen = int(os.environ.get("TELEHEALTH_FREEZE_SEED", random.randrange(2**31)))
    print(f"TELEHEALTH_FREEZE_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def tree():
    return Tree.compile(ROOT / "proto", ROOT / "proto/vendor", APART)


@pytest.fixture
def copy(tmp_path):
    """A copy of proto/ whose baseline is itself."""
    there = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", there, ignore=shutil.ignore_patterns("baseline"))
    shutil.copytree(there / "telehealth", there / "baseline/telehealth")
    return there


def run(*arguments) -> tuple[int, list[str]]:
    ended = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=120)
    return ended.returncode, (ended.stdout + ended.stderr).splitlines()


def write(api: Api, folder: Path) -> None:
    for file in api.files:
        (folder / file.name).write_text(text_of(file))


def edited(tree: Tree, edit, seed: str) -> tuple[str, str, list]:
    """What the edit was made to, the word that names it, and every difference that is found."""
    api = Api(tree, seed)
    name, word = edit.make(api)
    return name, word, Comparison(tree, Tree(api.set.SerializeToString(), tree.files)).run()


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_is_judged_at_whatever_place_it_is_made(tree, edit, seed):
    for place in range(PLACES):
        name, word, found = edited(tree, edit, f"{seed} {place}")
        told = [each for each in found if each.breaks is edit.breaks and name in each.about and word in str(each)]
        said = f"seed {seed}, place {place}, at {name}: " + "\n".join(map(str, found))
        assert told, f"nothing is said of {word!r}: {said}"
        if not edit.breaks:
            assert not any(each.breaks for each in found), said


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit.prepared], ids=lambda edit: edit.name)
def test_a_break_in_the_files_fails_with_a_sentence_that_names_it(tree, copy, edit, seed):
    api = Api(tree, str(seed))
    about, word = edit.make(api)
    write(api, copy)
    status, lines = run(copy)
    print(f"seed {seed}, {edit.name}: {lines[0]}")
    assert status == 1
    assert any(line.startswith("proto/telehealth/v1/") and about in line and word in line for line in lines), lines
    # What is gone buf sees as well; bounds, roles and reasons it does not.
    if word == "is gone":
        assert any(line.startswith("buf: ") and "deleted" in line for line in lines), lines


def test_what_may_come_comes_all_at_once(tree, copy, seed):
    api = Api(tree, str(seed))
    # All but those that would add the same name to the same place, or copy it there.
    alone = ("an rpc is added", "a service is added", "a field with a rule is added", "a member is added to a oneof")
    names = [edit.make(api)[0] for edit in EDITS if not edit.breaks and edit.name not in alone]
    write(api, copy)
    assert len(names) > 8
    assert run(copy)[0] == 0, run(copy)[1]
    status, lines = run("release", copy)
    promised = [line for line in lines if line.startswith("promises: ")]
    assert status == 0 and all(any(name in line for line in promised) for name in names), lines
    assert run(copy) == (0, ["as promised: 0 additions and wider bounds, nothing taken back"])


def test_files_written_anew_without_an_edit_are_as_promised(tree, copy):
    shutil.rmtree(copy / "baseline")
    assert run("release", copy)[0] == 0
    write(Api(tree, "none"), copy)
    assert run(copy) == (0, ["as promised: 0 additions and wider bounds, nothing taken back"])


def test_a_release_lets_go_of_a_promise_only_when_told_to(tree, copy, seed):
    api = Api(tree, str(seed))
    name, _ = next(edit for edit in EDITS if edit.name == "a service is gone").make(api)
    write(api, copy)
    before = {path: path.read_bytes() for path in (copy / "baseline").rglob("*.proto")}
    status, lines = run("release", copy)
    assert status == 1 and any(line.startswith("breaks: ") and name in line for line in lines), lines
    assert {path: path.read_bytes() for path in (copy / "baseline").rglob("*.proto")} == before
    status, lines = run("release", "--break", copy)
    assert status == 0 and any(line.startswith("breaks: ") and name in line for line in lines), lines
    assert run(copy)[0] == 0
    assert {path.name for path in copy.iterdir()} == {"baseline", "buf.yaml", "telehealth", "vendor"}


def test_what_cannot_be_compared_is_no_pass(copy):
    file = next((copy / "telehealth/v1").glob("*.proto"))
    file.write_text(file.read_text() + "message {")
    assert run(copy)[0] == 2 and run("release", copy)[0] == 2
    shutil.rmtree(copy / "baseline")
    for wrong in ([copy], [copy / "nothing"], ["--unknown"], ["release", "--unknown", copy], [copy, copy]):
        status, lines = run(*wrong)
        assert status == 2 and "usage:" in lines[-1], (wrong, lines)


def test_it_tells_how_to_use_it_and_every_decision():
    status, lines = run("--help")
    assert status == 0 and any("tools/api-freeze release --break" in line for line in lines)
    status, lines = run("rules")
    assert status == 0 and {each.says for each in BY_WORD.values()} <= set(lines)


def messages_of_rules(tree: Tree):
    """The message of a field's rules, of a oneof's and of a message's, with all that stand in them."""
    wanted = ["buf.validate.FieldRules", "buf.validate.OneofRules", "buf.validate.MessageRules"]
    found = {}
    while wanted:
        message = tree.pool.FindMessageTypeByName(wanted.pop())
        if message.full_name not in found and message.file.package == "buf.validate" and message.name not in (
                "Rule", "MessageOneofRule"):
            found[message.full_name] = message
            wanted += [field.message_type.full_name for field in message.fields if field.message_type]
    return found.values()


def test_each_rule_that_protovalidate_has_is_decided(tree):
    words = [(message.full_name, field.name) for message in messages_of_rules(tree) for field in message.fields
             if field.is_repeated or not field.message_type or field.message_type.file.package != "buf.validate"]
    assert len(words) > 150 and [each for each in words if each not in BY_WORD] == []


def test_each_row_speaks_of_something_that_is_there(tree):
    for holder, word in BY_WORD:
        if "." not in holder:
            assert holder in {thing.kind for thing in tree.things.values()}
        elif "." in word:
            assert tree.pool.FindExtensionByName(word).containing_type.full_name == holder
        else:
            assert word in tree.pool.FindMessageTypeByName(holder).fields_by_name, (holder, word)


def test_what_nobody_decided_may_not_change(tree):
    """Words of descriptors and options without a row, old ones and those that are yet to come."""
    words = [(thing.kind, word) for thing in tree.things.values() for word in thing.facts]
    words += [("google.protobuf.FieldOptions", "of.tomorrow"), ("buf.validate.StringRules", "of.tomorrow")]
    undecided = {each for each in words if each not in BY_WORD}
    assert len(undecided) > 15
    for holder, word in undecided:
        judge = row(holder, word).verdict
        assert judge({word: 1}, {word: 2}) and judge({}, {word: 1}) and judge({word: 1}, {}), (holder, word)
        assert judge is verdicts.same
