"""What became of an API: each difference between two trees, and whether it takes back what was promised."""

from collections import defaultdict
from dataclasses import dataclass

import protovalidate

from .table import OWN, row
from .tree import Thing, Tree
from .verdicts import shown

EVERY_CALL = "REASON_SCOPE_EVERY_CALL"


@dataclass(frozen=True, order=True)
class Difference:
    file: str
    # The kind and full name of what it is about.
    about: str
    says: str
    breaks: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.about}{self.says}."


class Comparison:
    def __init__(self, old: Tree, new: Tree):
        self.old, self.new = old, new
        self.found: list[Difference] = []
        # The reasons that any call may answer, named by it or not.
        self.of_every_call = {
            thing.name.rsplit(".", 1)[1] for thing in new.things.values() for option in thing.options
            if (option.holder, option.leaf, option.value) == (f"{OWN}ReasonContract", "scope", EVERY_CALL)}

    def run(self) -> list[Difference]:
        """Every difference, by file and name."""
        for name, was in self.old.things.items():
            now = self.new.things.get(name)
            if now is not None:
                self.compare(was, now)
            # Of a message that is gone it says enough that it is.
            elif was.parent in self.new.things or not was.parent:
                self.note(was, gone(was, self.new), True)
        for name, now in self.new.things.items():
            if name not in self.old.things and (now.parent in self.old.things or not now.parent):
                self.note(now, " is new", False)
        self.check_absences()
        return sorted(self.found)

    def note(self, thing: Thing, says: str, breaks: bool) -> None:
        self.found.append(Difference(thing.file, f"the {thing.kind} {thing.name}", says, breaks))

    def compare(self, was: Thing, now: Thing) -> None:
        if was.kind != now.kind:
            return self.note(was, f" is now a different kind of thing: {now.kind}", True)
        for word in sorted(was.facts.keys() | now.facts.keys()):
            rule = row(was.kind, word)
            old, new = ({word: each.facts[word]} if word in each.facts else {} for each in (was, now))
            self.judge(now, word.replace("_", " "), rule, old, new)
        groups: dict[tuple, tuple[dict, dict]] = defaultdict(lambda: ({}, {}))
        for side, thing in enumerate((was, now)):
            for option in thing.options:
                rule = row(option.holder, option.leaf)
                # The words of one rule are adjacent, under one prefix.
                named = option.path if len(rule.words) == 1 else option.prefix
                groups[option.prefix, rule.words, named, rule][side][option.leaf] = option.value
        for (_, _, path, rule), (old, new) in groups.items():
            if rule.words == ("reasons",):
                named = {*new.get("reasons", ()), *(self.of_every_call & set(old.get("reasons", ())))}
                new = {"reasons": tuple(sorted(named))} if named else {}
            self.judge(now, f"`{path}`", rule, old, new)

    def judge(self, thing: Thing, what: str, rule, old: dict, new: dict) -> None:
        if wrong := rule.verdict(old, new):
            self.note(thing, f": {what} {wrong}", True)
        elif old != new:
            self.note(thing, f": {what} was {shown(old)} and is {shown(new)}", False)

    def check_absences(self) -> None:
        """Whoever does not know a new field or oneof leaves it out. Where a rule refuses that, old clients are refused;
        whether one does is asked of the judge of rules itself."""
        judge = protovalidate.Validator()
        for name, thing in self.new.things.items():
            if thing.kind != "message" or name not in self.old.things:
                continue
            added = {each.name.rsplit(".", 1)[1]: each for each in self.new.things.values()
                     if each.parent == name and each.name not in self.old.things and each.kind in ("field", "oneof")}
            if not added:
                continue
            try:
                found = judge.collect_violations(self.new.message(name))
            except protovalidate.CompilationError as error:
                self.note(thing, f" has rules that mean nothing: {error}", True)
                continue
            refused = {violation.proto.field.elements[0].field_name
                       for violation in found if violation.proto.field.elements}
            for word, each in added.items():
                if word in refused or each.facts.get("label") == 2:  # proto2's `required`
                    self.note(each, " is new and required, which existing clients do not know", True)


def gone(was: Thing, new: Tree) -> str:
    """Where it is now, if it has its number still."""
    for each in new.things.values():
        if (each.kind == was.kind and each.parent == was.parent and each.facts.get("number") == was.facts.get("number")
                and was.kind in ("field", "enum value")):
            return f" is gone: its number {was.facts['number']} is {each.name.rsplit('.', 1)[1]} now"
    return " is gone"
