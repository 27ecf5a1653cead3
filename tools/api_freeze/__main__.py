"""The command behind tools/api-freeze, which tells how to use it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

from .compare import Comparison
from .table import ROWS
from .tree import APART, NotCompiled, Tree

USAGE = "usage: tools/api-freeze [release [--break]] [TREE] | tools/api-freeze rules"


def differences(tree: Path) -> tuple[list[str], list[str], list[str]]:
    """Between a tree and its baseline: the breaks, those that `buf breaking` finds, and what was added."""
    vendor, baseline = tree / "vendor", tree / "baseline"
    old, new = Tree.compile(baseline, vendor), Tree.compile(tree, vendor, APART)
    found = Comparison(old, new).run()
    broken, added = ([f"{tree.name}/{each}" for each in found if each.breaks is breaks] for breaks in (True, False))
    return broken, buf(tree, old, new), added


#: `ImageFile.buf_extension` (8042) with `is_import`, as buf.alpha.image.v1 has it.
IS_IMPORT = bytes([0xD2, 0xF6, 0x03, 2, 0x08, 1])


def buf(tree: Path, old: Tree, new: Tree) -> list[str]:
    """What `buf breaking` finds by the rules that buf.yaml names."""
    with tempfile.TemporaryDirectory() as work:
        images = [Path(work) / "new.binpb", Path(work) / "old.binpb"]
        for path, each in zip(images, (new, old)):
            image = descriptor_pb2.FileDescriptorSet.FromString(each.image)
            for file in image.file:
                if file.name not in each.files:
                    file.MergeFromString(IS_IMPORT)
            path.write_bytes(image.SerializeToString())
        ended = subprocess.run(
            [Path(sys.executable).with_name("buf"), "breaking", images[0], "--against", images[1],
             "--config", tree / "buf.yaml", "--exclude-imports"],
            env={**os.environ, "BUF_CACHE_DIR": work}, capture_output=True, text=True)
        if ended.returncode not in (0, 100):
            raise NotCompiled(f"buf: {ended.stderr.strip()}")
        return [f"buf: {line}" for line in ended.stdout.splitlines()]


def check(tree: Path) -> int:
    broken, by_buf, added = differences(tree)
    for line in (*broken, *by_buf):
        print(line)
    if broken or by_buf:
        print(f"broken: {len(broken)} promises, {len(by_buf)} rules of buf. What may change: tools/api-freeze rules")
        return 1
    print(f"as promised: {len(added)} additions and wider bounds, nothing taken back")
    return 0


def release(tree: Path, may_break: bool) -> int:
    """Makes the tree what is promised from now on."""
    baseline = tree / "baseline"
    if baseline.exists():
        broken, by_buf, added = differences(tree)
        for line in (*broken, *by_buf):
            print(f"breaks: {line}")
        for line in added:
            print(f"promises: {line}")
        if (broken or by_buf) and not may_break:
            print(f"refused: would break {len(broken)} promises; tell the API's users about them, then pass --break")
            return 1
    new = Tree.compile(tree, tree / "vendor", APART)
    with tempfile.TemporaryDirectory(dir=tree, prefix=".baseline-") as work:
        for name in new.files:
            target = Path(work) / "new" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / name, target)
        if baseline.exists():
            baseline.rename(Path(work) / "old")
        (Path(work) / "new").rename(baseline)
    print(f"{len(new.files)} files are the baseline now")
    return 0


def rules() -> int:
    """Prints the table."""
    print("May come: files, services, RPCs, messages, fields, oneofs, enums, enum values, extensions; a field or oneof")
    print("that comes to an old message must not have to be set. Nothing of these may go, and none may get another")
    print("name, number, type or file.")
    printed: dict[str, dict[str, list[str]]] = {}
    for row in ROWS:
        printed.setdefault(row.says, {}).setdefault(row.holder, []).extend(row.words)
    for says, holders in printed.items():
        print("", says, *(f"    {holder}: {', '.join(words)}" for holder, words in holders.items()), sep="\n")
    print("\nWhatever has no row may not change.")
    return 0


def main(arguments: list[str]) -> int:
    words = list(arguments)
    if words == ["rules"]:
        return rules()
    releases = words[:1] == ["release"]
    may_break = releases and "--break" in words
    words = [word for word in words[releases:] if not (releases and word == "--break")]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print(USAGE, file=sys.stderr)
        return 2
    tree = Path(words[0] if words else "proto").resolve()
    if not tree.is_dir() or not releases and not (tree / "baseline").is_dir():
        print(f"{tree} has no baseline; create one with tools/api-freeze release\n{USAGE}", file=sys.stderr)
        return 2
    try:
        return release(tree, may_break) if releases else check(tree)
    except NotCompiled as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
