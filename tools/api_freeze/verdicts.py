"""What may become of a value within v1: each verdict takes it as it was and as it is, and names what was taken back.

Values come by the last word of their option's path, those that make one rule together (a range's two ends) at once. A
verdict is "" where every existing client is served as before, else the end of a sentence.
"""

import math

INFINITE = math.inf


def shown(values: dict) -> str:
    """Values as a sentence names them."""
    if not values:
        return "nothing"
    return ", ".join(f"{leaf} {text(value)}" for leaf, value in sorted(values.items()))


def text(value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(text(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def members(values: dict) -> set:
    """All elements of the lists."""
    return {element for value in values.values() for element in (value if isinstance(value, tuple) else (value,))}


def same(old: dict, new: dict) -> str:
    """Nothing may change."""
    return "" if old == new else f"was {shown(old)} and is {shown(new)}"


def free(old: dict, new: dict) -> str:
    """Anything may change: no client's calls depend on it."""
    return ""


def grows(old: dict, new: dict) -> str:
    """Elements may come, none may go."""
    lost = members(old) - members(new)
    return f"lost {text(tuple(sorted(lost)))}" if lost else ""


def shrinks(old: dict, new: dict) -> str:
    """Elements may go, none may come: each refuses something."""
    come = members(new) - members(old)
    return f"refuses more: {text(tuple(sorted(come)))} is new" if come else ""


def drops(old: dict, new: dict) -> str:
    """May go, may not come: it refuses something. False is the same as absent."""
    old, new = ({leaf: value for leaf, value in values.items() if value is not False} for values in (old, new))
    changed = {leaf: value for leaf, value in new.items() if old.get(leaf) != value}
    return f"asks for more: was {shown(old)} and is {shown(new)}" if changed else ""


def comes(old: dict, new: dict) -> str:
    """May come, may not go: something is promised. False is the same as absent."""
    lost = {leaf for leaf, value in old.items() if value and not new.get(leaf)}
    return "is no longer promised" if lost else ""


def rises(old: dict, new: dict) -> str:
    """A greatest value may rise or go."""
    (was,), (now,) = old.values() or (INFINITE,), new.values() or (INFINITE,)
    return f"was {was} and is {now}" if now < was else ""


def loosens(old: dict, new: dict) -> str:
    """True where nothing is said, and may become false."""
    return "is strict and was not" if False in old.values() and False not in new.values() else ""


def wider_ignore(old: dict, new: dict) -> str:
    """More may be left unchecked, never less."""
    order = ["IGNORE_UNSPECIFIED", "IGNORE_IF_ZERO_VALUE", "IGNORE_ALWAYS"]
    was, now = (values.get("ignore", order[0]) for values in (old, new))
    if was == now or {was, now} <= set(order) and order.index(was) < order.index(now):
        return ""
    return f"was {was} and is {now}: more is checked"


def wider_scope(old: dict, new: dict) -> str:
    """A reason may come to more calls: none is without it who had it, if it comes to all, or was of those alone that
    name it."""
    was, now = (values.get("scope", "REASON_SCOPE_UNSPECIFIED") for values in (old, new))
    if was == now or now == "REASON_SCOPE_EVERY_CALL" or was == "REASON_SCOPE_UNSPECIFIED":
        return ""
    return f"was {was} and is {now}, which leaves out calls"


def metadata(old: dict, new: dict) -> str:
    """Keys may come; one that is sometimes there may come to be always there. None goes, and none becomes uncertain."""
    always, sometimes = (set(new.get(leaf, ())) for leaf in ("metadata", "metadata_sometimes"))
    wrong = []
    for key in sorted(set(old.get("metadata", ())) - always):
        wrong.append(f"lost the certainty of {key}" if key in sometimes else f"lost {key}")
    for key in sorted(set(old.get("metadata_sometimes", ())) - always - sometimes):
        wrong.append(f"lost {key}")
    return " and ".join(wrong)


def reserved(old: dict, new: dict) -> str:
    """Numbers and names may be reserved; none may be released, since old values may still exist."""
    lost = []
    for leaf, ranges in old.items():
        now = new.get(leaf, ())
        for each in ranges:
            held = any(a <= each[0] and each[1] <= b for a, b in now) if isinstance(each, tuple) else each in now
            lost += [] if held else [each]
    return f"no longer reserves {text(tuple(lost))}" if lost else ""


def whole_numbers(least: float, greatest: float):
    """Every whole number of a type that was taken must be taken."""
    def verdict(old: dict, new: dict) -> str:
        was, now = (Numbers(rules, (least, 0), (greatest, 0), whole=True) for rules in (old, new))
        return "" if was <= now else f"takes less: was {shown(old)} and is {shown(new)}"

    return verdict


def real_numbers(old: dict, new: dict) -> str:
    """Every number that was taken must be taken; NaN, which is not a number, passes only where there is no bound."""
    ends = {"gt", "gte", "lt", "lte", "const", "in"}
    was, now = (Numbers(rules, (-INFINITE, 0), (INFINITE, 0), whole=False) for rules in (old, new))
    if was <= now and not (ends & new.keys() and not ends & old.keys()):
        return ""
    return f"takes less: was {shown(old)} and is {shown(new)}"


def lengths(old: dict, new: dict) -> str:
    """Every length that was taken must be taken."""
    def bounds(values: dict) -> tuple[float, float]:
        low, high = 0, INFINITE
        for leaf, value in values.items():
            if not leaf.startswith("max_"):
                low = max(low, value)
            if not leaf.startswith("min_"):
                high = min(high, value)
        return low, high

    (low, high), (lower, higher) = bounds(old), bounds(new)
    if low > high or lower <= low and high <= higher:
        return ""
    return f"takes less: was {shown(old)} and is {shown(new)}"


def values(old: dict, new: dict) -> str:
    """Every value that was listed must be listed; no list takes every value."""
    taken, now = listed(old), listed(new)
    if now is None or taken is not None and taken <= now:
        return ""
    return f"takes less: was {shown(old)} and is {shown(new)}"


def listed(values: dict) -> set | None:
    """The values that `const` and `in` let through; None for all."""
    lists = [{values["const"]}] if "const" in values else []
    lists += [set(values["in"])] if values.get("in") else []
    return set.intersection(*lists) if lists else None


class Numbers:
    """The numbers that `gt`, `gte`, `lt`, `lte`, `const` and `in` let through."""

    def __init__(self, rules: dict, low: tuple, high: tuple, whole: bool):
        # Ends are numbers with a side: (5, 0) is 5 itself, (5, 1) what comes right after it, (5, -1) right before.
        begin, end = low, high
        if "gte" in rules:
            begin = (rules["gte"], 0)
        elif "gt" in rules:
            begin = (rules["gt"] + 1, 0) if whole else (rules["gt"], 1)
        if "lte" in rules:
            end = (rules["lte"], 0)
        elif "lt" in rules:
            end = (rules["lt"] - 1, 0) if whole else (rules["lt"], -1)
        ends = [rules[word] for word in ("gte", "gt", "lte", "lt") if word in rules]
        # As the rules define it, a lower end above the upper one lets through what is outside.
        outside = len(ends) == 2 and ends[0] > ends[1]
        if outside and whole and end[0] + 1 == begin[0]:
            outside, begin, end = False, low, high  # nothing lies between the two
        spans = [(low, min(end, high)), (max(begin, low), high)] if outside else [(max(begin, low), min(end, high))]
        self.spans = [(begin, end) for begin, end in spans if begin <= end]
        self.listed = listed(rules)
        count = sum(end[0] - begin[0] + 1 for begin, end in self.spans)
        if self.listed is None and whole and count <= 1000:
            self.listed = {number for begin, end in self.spans for number in range(begin[0], end[0] + 1)}

    def holds(self, number) -> bool:
        return (self.listed is None or number in self.listed) and any(
            begin <= (number, 0) <= end for begin, end in self.spans)

    def __le__(self, other: "Numbers") -> bool:
        """Whether all of these numbers are among the others."""
        if self.listed is not None:
            return all(other.holds(number) for number in self.listed if self.holds(number))
        return other.listed is None and all(
            any(a <= begin and end <= b for a, b in other.spans) for begin, end in self.spans)
