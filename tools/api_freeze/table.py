"""The table of rules: what of the API may change within v1, and why. Whatever has no row may not change at all."""

from dataclasses import dataclass
from typing import Callable

from . import verdicts as v

OWN = "telehealth.v1."


@dataclass(frozen=True)
class Row:
    # The message that holds the words, or the kind of thing whose facts they are.
    holder: str
    # Words that make one rule together.
    words: tuple[str, ...]
    verdict: Callable[[dict, dict], str]
    # The decision, as people read it.
    says: str


def together(package: str, holders: str, words: str, verdict, says: str) -> list[Row]:
    """A row for each holder, whose words are one rule."""
    return [Row(package + holder, tuple(words.split()), verdict, says) for holder in holders.split()]


def each(package: str, holders: str, words: str, verdict, says: str) -> list[Row]:
    """A row for each word of each holder."""
    return [row for word in words.split() for row in together(package, holders, word, verdict, says)]


# Of the things themselves, by their kind.
FACTS = [
    *each("", "message enum", "reserved_range reserved_name", v.reserved,
          "numbers and names may be reserved, none may be given free"),
    *each("", "message", "extension_range", v.grows, "numbers may be opened to extensions, none may be closed"),
    *each("", "file", "public_dependency", v.grows,
          "a public import may come, none may go: who imports the file has its names"),
]

BUF = "buf.validate."
# Whole numbers by the bits and the least one of their types.
LIMITS = [("Int32Rules SInt32Rules SFixed32Rules", 32, -(2**31)), ("UInt32Rules Fixed32Rules", 32, 0),
          ("Int64Rules SInt64Rules SFixed64Rules", 64, -(2**63)), ("UInt64Rules Fixed64Rules", 64, 0)]
WHOLE = " ".join(holders for holders, _, _ in LIMITS)
REAL = "FloatRules DoubleRules"
LISTS = "StringRules BytesRules EnumRules FieldMaskRules"
FORMATS = ("email hostname ip ipv4 ipv6 uri uri_ref address uuid tuuid ip_with_prefixlen ipv4_with_prefixlen "
           "ipv6_with_prefixlen ip_prefix ipv4_prefix ipv6_prefix host_and_port ulid protobuf_fqn protobuf_dot_fqn "
           "well_known_regex")
NUMBER = "every number that was taken stays taken"
TIME = "every time that was taken stays taken"
COUNT = "every length and every count that was taken stays taken"
LISTED = "every value that was listed stays listed; a list may go, none may come"
GOES = "may go, may not come or change"

# Rules of fields, by the message that holds the word.
BOUNDS = [
    *each(BUF, "FieldRules OneofRules", "required", v.drops,
          "what had to be there may be left out, never the other way"),
    *each(BUF, "FieldRules", "ignore", v.wider_ignore, "rules may be ignored for more values, never for fewer"),
    *each(BUF, "FieldRules MessageRules", "cel cel_expression", v.shrinks,
          "an expression may go, none may come or change"),
    *each(BUF, "MessageRules", "oneof", v.shrinks, "a rule for fields together may go, none may come or change"),

    *[row for holders, bits, least in LIMITS for row in
      together(BUF, holders, "const in gt gte lt lte", v.whole_numbers(least, least + 2**bits - 1), NUMBER)],
    *together(BUF, REAL, "const in gt gte lt lte", v.real_numbers, NUMBER),
    *each(BUF, REAL, "finite", v.drops, GOES),
    *together(BUF, "DurationRules", "const in gt gte lt lte", v.whole_numbers(-v.INFINITE, v.INFINITE), TIME),
    *together(BUF, "TimestampRules", "const gt gte lt lte", v.whole_numbers(-v.INFINITE, v.INFINITE), TIME),
    *each(BUF, "TimestampRules", "within", v.rises, "the distance from now may grow or go"),
    *each(BUF, "TimestampRules", "lt_now gt_now", v.drops, GOES),

    *together(BUF, "StringRules BytesRules", "len min_len max_len", v.lengths, COUNT),
    *together(BUF, "StringRules", "len_bytes min_bytes max_bytes", v.lengths, COUNT),
    *together(BUF, "RepeatedRules", "min_items max_items", v.lengths, COUNT),
    *together(BUF, "MapRules", "min_pairs max_pairs", v.lengths, COUNT),
    *each(BUF, "RepeatedRules", "unique", v.drops, "elements may come to repeat, never the other way"),
    *each(BUF, "EnumRules", "defined_only", v.drops, "unknown values may come to be taken, never the other way"),

    *together(BUF, LISTS, "const in", v.values, LISTED),
    *each(BUF, "BoolRules", "const", v.values, LISTED),
    *each(BUF, "AnyRules", "in", v.values, LISTED),
    *each(BUF, f"{WHOLE} {REAL} DurationRules {LISTS} AnyRules", "not_in", v.shrinks,
          "a value may go from what is refused, none may come"),
    *each(BUF, "StringRules BytesRules", "pattern prefix suffix contains", v.drops, GOES),
    *each(BUF, "StringRules", "not_contains", v.drops, GOES),
    *each(BUF, "StringRules", FORMATS, v.drops, "a format may go, none may come or change"),
    *each(BUF, "BytesRules", "ip ipv4 ipv6 uuid", v.drops, "a format may go, none may come or change"),
    *each(BUF, "StringRules", "strict", v.loosens, "headers may be taken more loosely, never more strictly"),
    *each(BUF, "StringRules", f"{OWN}identifier", v.drops, "an id may become any text, never the other way"),
    *each(BUF, f"{WHOLE} {REAL} DurationRules TimestampRules {LISTS} BoolRules", "example", v.free,
          "examples refuse nothing"),
    *each(BUF, "PredefinedRules", "cel", v.same, "a rule of our own keeps its meaning wherever it is used"),
]

# Who may call, and what comes back.
CONTRACTS = [
    *each(OWN, "CallContract", "roles", v.grows, "a role may come, none may go"),
    *each(OWN, "CallContract", "reasons", v.grows,
          "a reason may come, since a client takes one that it does not know by its code; none may go"),
    *each(OWN, "CallContract", "open standing emergency", v.same,
          "who gets to see a visit is promised to those in it as well"),
    *each(OWN, "ReasonContract", "code", v.same, "clients that do not know a reason go by its code"),
    *each(OWN, "ReasonContract", "scope", v.wider_scope, "a reason may come to more calls, and to none fewer"),
    *together(OWN, "ReasonContract", "metadata metadata_sometimes", v.metadata,
              "a key may come, or become certain; none may go or become uncertain"),
    *each(OWN, "ReasonContract", "retry_info bad_request missing_consent session_state", v.comes,
          "a detail may come, since clients skip those that they do not know; none may go"),
    *each("google.protobuf.", "FieldOptions", f"{OWN}data_class", v.same,
          "what is encrypted and kept out of logs is a promise"),
]

# What every .proto may say.
STANDARD = [
    *each("google.protobuf.", "MethodOptions", "idempotency_level", v.same,
          "says whether a call may be repeated, and how it may be sent"),
    *each("google.protobuf.",
          "FileOptions ServiceOptions MethodOptions MessageOptions FieldOptions EnumOptions EnumValueOptions",
          "deprecated", v.free, "how an end is announced"),
    *each("google.protobuf.", "FileOptions",
          "java_package java_outer_classname java_multiple_files go_package objc_class_prefix csharp_namespace "
          "swift_prefix php_class_prefix php_namespace php_metadata_namespace ruby_package optimize_for", v.same,
          "generated code keeps its names"),
]

ROWS = [*FACTS, *BOUNDS, *CONTRACTS, *STANDARD]
BY_WORD = {(row.holder, word): row for row in ROWS for word in row.words}


def row(holder: str, word: str) -> Row:
    """The row of a word. One without a row may not change."""
    return BY_WORD.get((holder, word)) or Row(holder, (word,), v.same, "has no row: may not change")
