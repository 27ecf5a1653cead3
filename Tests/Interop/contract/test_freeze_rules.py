"""What tools/api-freeze calls a wider bound is wider by protovalidate's word, on random rules and their neighbors."""

import os
import random
import sys
from pathlib import Path

import protovalidate

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from api_freeze.compare import Comparison  # noqa: E402
from api_freeze.table import row  # noqa: E402
from api_freeze.tree import Tree  # noqa: E402

PAIRS = 600
HEAD = """syntax = "proto3";
package t;
import "buf/validate/validate.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
"""
NUMBERS = [-3, -2, -1, 0, 1, 2, 3]
SMALL = [0, 1, 2, 3, 4]
INFINITE = float("inf")
HALVES = [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
TEXTS = ["", "a", "b", "ab", "ba", "abc", "é", "éa", "éé", "abab", "ééé", f"{0:08x}-0000-4000-8000-{0:012x}"]
HALF_SECONDS = range(-2 * 10**9, 7 * 10**9, 5 * 10**8)
# By the kind of a field its words with their possible values ("[]" before the name: a list of them; words joined by
# "|": at most one), and the values that are tried.
RANGE = "gt|gte", "lt|lte"


def numbers(values, tried):
    return {"const": values, "[]in": values, "[]not_in": values, **{word: values for word in RANGE}}, tried


KINDS = {
    "int32": numbers(NUMBERS, range(-5, 6)),
    "sint64": numbers(NUMBERS, range(-5, 6)),
    "sfixed32": numbers(NUMBERS, range(-5, 6)),
    "uint32": numbers(SMALL, range(7)),
    "fixed64": numbers(SMALL, range(7)),
    "double": (numbers(HALVES, None)[0] | {word: [*HALVES, INFINITE, -INFINITE] for word in RANGE}
               | {"finite": [True, False]},
               [each / 4 for each in range(-8, 9)] + [float("nan"), INFINITE, -INFINITE]),
    "string": ({"len": SMALL, "min_len": SMALL, "max_len": SMALL, "len_bytes": SMALL, "min_bytes": SMALL,
                "max_bytes": SMALL, "const": TEXTS, "[]in": TEXTS, "[]not_in": TEXTS,
                "prefix": TEXTS[1:4], "suffix": TEXTS[1:4], "contains": TEXTS[1:4], "not_contains": TEXTS[1:4],
                "pattern": ["^a", "b$", "é", ""],
                "uuid|email|hostname|ip": [True, False]}, TEXTS),
    "bytes": ({"len": SMALL, "min_len": SMALL, "max_len": SMALL,
               "const": TEXTS[:6], "[]in": TEXTS[:6], "[]not_in": TEXTS[:6],
               "prefix": TEXTS[1:4], "suffix": TEXTS[1:4], "contains": TEXTS[1:4], "ip|ipv4|uuid": [True, False]},
              [text.encode() for text in TEXTS]),
    "bool": ({"const": [True, False]}, [True, False]),
    "Choice": ({"const": [0, 1, 2], "[]in": range(4), "[]not_in": range(4), "defined_only": [True, False]}, range(6)),
    "repeated int32": ({"min_items": SMALL, "max_items": SMALL, "unique": [True, False],
                        "items": numbers(SMALL, None)[0]},
                       [[], [0], [1], [1, 1], [1, 2], [3, 0], [4, 1, 2], [2, 2, 2], [0, 1, 2, 3], [4, 3, 2, 1, 0]]),
    "google.protobuf.Duration": numbers(SMALL, HALF_SECONDS),
    "google.protobuf.Timestamp": ({"const": SMALL, **{word: SMALL for word in RANGE}}, HALF_SECONDS),
}
RULES = {"Choice": "enum", "repeated int32": "repeated", "google.protobuf.Duration": "duration",
         "google.protobuf.Timestamp": "timestamp"}


def drawn(words: dict, chance: random.Random, likely: float) -> dict:
    rules = {}
    for word, values in words.items():
        if chance.random() < likely:
            name = chance.choice(word.removeprefix("[]").split("|"))
            if isinstance(values, dict):
                rules[name] = drawn(values, chance, 0.4)
            elif word.startswith("[]"):
                rules[name] = chance.sample(list(values), chance.randint(1, 3))
            else:
                rules[name] = chance.choice(list(values))
    return rules


def neighbor(words: dict, rules: dict, chance: random.Random) -> dict:
    """The same rules with something said otherwise; sometimes all of them anew."""
    if chance.random() < 0.3:
        return drawn(words, chance, 0.4)
    changed = dict(rules)
    for _ in range(chance.randint(1, 2)):
        if changed and chance.random() < 0.3:
            del changed[chance.choice(list(changed))]
        else:
            word = chance.choice(list(words))
            for name in word.removeprefix("[]").split("|"):
                changed.pop(name, None)
            changed |= drawn({word: words[word]}, chance, 1)
    return changed


def written(kind: str, rules: dict) -> str:
    """In protobuf's text format."""
    parts = []
    for word, value in rules.items():
        if word == "items":
            parts.append(f"items {{ int32 {{ {written('int32', value)} }} }}")
            continue
        for each in value if isinstance(value, list) else [value]:
            if kind.startswith("google") and word != "items":
                parts.append(f"{word} {{ seconds: {each} }}")
            elif isinstance(each, str):
                parts.append(f'{word}: "{each}"')
            else:
                parts.append(f"{word}: {str(each).lower()}")
    return " ".join(parts)


class Pair:
    """A field before and after."""

    def __init__(self, index: int, chance: random.Random):
        self.name = f"M{index}"
        self.kind = chance.choice(list(KINDS))
        words, self.tried = KINDS[self.kind]
        self.old = drawn(words, chance, chance.choice([0.15, 0.4]))
        self.new = neighbor(words, self.old, chance)
        self.optional = "" if self.kind.startswith(("repeated", "google")) else chance.choice(["", "optional "])
        often = chance.random() < 0.3
        said = ["", "", "required: true", "ignore: IGNORE_IF_ZERO_VALUE", "ignore: IGNORE_ALWAYS"]
        self.around = [chance.choice(said) if often else "" for _ in range(2)]

    def declared(self, side: int) -> str:
        rules = f"{RULES.get(self.kind, self.kind)} {{ {written(self.kind, (self.old, self.new)[side])} }}"
        return (f"message {self.name} {{ {self.optional}{self.kind} f = 1 "
                f"[(buf.validate.field) = {{ {self.around[side]} {rules} }}]; }}")

    def messages(self, tree: Tree):
        yield tree.message(f"t.{self.name}")
        for value in self.tried:
            made = tree.message(f"t.{self.name}")
            if self.kind.startswith("repeated"):
                made.f.extend(value)
            elif self.kind.startswith("google"):
                made.f.FromNanoseconds(value)
                made.f.SetInParent()
            else:
                made.f = value
            yield made

    def is_one_rule(self) -> bool:
        """Whether both sides speak of one rule alone, of whose values some is tried wherever it takes less. A list in
        place of a range, and another text in place of one, are taken for less whatever they let through."""
        holder = {"Choice": "EnumRules", "repeated int32": "RepeatedRules"}.get(self.kind)
        holder = f"buf.validate.{holder or written_type(self.kind)}"
        words = self.old.keys() | self.new.keys()
        lists = {"in", "const"} & self.new.keys() and not {"in", "const"} & self.old.keys()
        texts = {"prefix", "suffix", "contains", "not_contains"} & self.old.keys() & self.new.keys()
        plain = not any(self.around) and not words & {"items", "pattern"} and not lists and not texts
        return plain and len({row(holder, word).words for word in words}) <= 1


def written_type(kind: str) -> str:
    name = kind.rsplit(".", 1)[-1]
    known = {"sint64": "SInt64", "sfixed32": "SFixed32", "uint32": "UInt32"}
    return known.get(name, name[0].upper() + name[1:]) + "Rules"


def test_what_is_called_wider_takes_whatever_was_taken(tmp_path):
    seed = int(os.environ.get("TELEHEALTH_FREEZE_SEED", random.randrange(2**31)))
    print(f"TELEHEALTH_FREEZE_SEED={seed}")
    chance = random.Random(seed)
    pairs = [Pair(index, chance) for index in range(PAIRS)]
    trees = []
    for side in range(2):
        folder = tmp_path / str(side)
        folder.mkdir()
        lines = [HEAD, "enum Choice { ZERO = 0; ONE = 1; TWO = 2; }", *(pair.declared(side) for pair in pairs)]
        (folder / "t.proto").write_text("\n".join(lines))
        trees.append(Tree.compile(folder, ROOT / "proto/vendor"))
    breaks = {each.about for each in Comparison(*trees).run() if each.breaks}
    judges = [protovalidate.Validator(), protovalidate.Validator()]
    seen = {"wider": 0, "narrower": 0, "proved": 0}
    for pair in pairs:
        refused = next((made for made, other in zip(pair.messages(trees[0]), pair.messages(trees[1]))
                        if not judges[0].collect_violations(made) and judges[1].collect_violations(other)), None)
        narrower = f"the field t.{pair.name}.f" in breaks
        told = f"seed {seed}:\n{pair.declared(0)}\n{pair.declared(1)}\n"
        assert narrower or refused is None, f"{told}is called wider and refuses {refused}"
        if narrower and pair.is_one_rule():
            assert refused is not None, f"{told}is called narrower and takes whatever was taken"
            seen["proved"] += 1
        seen["narrower" if narrower else "wider"] += 1
    print(seen)
    assert min(seen.values()) > PAIRS // 20, seen
