"""Messages made from descriptors, at the edges of the rules that buf.validate gives their fields."""

import math
import random
import struct

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message_factory import GetMessageClass

INTEGERS = {
    Field.TYPE_INT32: ("int32", -(2**31), 2**31 - 1), Field.TYPE_INT64: ("int64", -(2**63), 2**63 - 1),
    Field.TYPE_UINT32: ("uint32", 0, 2**32 - 1), Field.TYPE_UINT64: ("uint64", 0, 2**64 - 1),
    Field.TYPE_SINT32: ("sint32", -(2**31), 2**31 - 1), Field.TYPE_SINT64: ("sint64", -(2**63), 2**63 - 1),
    Field.TYPE_FIXED32: ("fixed32", 0, 2**32 - 1), Field.TYPE_FIXED64: ("fixed64", 0, 2**64 - 1),
    Field.TYPE_SFIXED32: ("sfixed32", -(2**31), 2**31 - 1), Field.TYPE_SFIXED64: ("sfixed64", -(2**63), 2**63 - 1),
}
TIMES = ("google.protobuf.Duration", "google.protobuf.Timestamp")
UUID = "0a1B2c3D-4e5F-6a7b-8c9d-0e1f2A3b4c5d"
# One, two, three and four bytes a character; one that is two characters; beside letters and digits in ASCII; and what
# Unicode holds for the same as one of them.
CHARACTERS = ["a", "\u00e9", "\u20ac", "\U0001f600", "e\u0301", *"@[`{/:;,-._Z9f+ ?A\0\n\"\\", "\u212a", "\uff41", "\u200d"]
LONG = 4000


class Maker:
    """Random messages of one type and of all that it holds.

    `rules_of` gives the rules of a field.
    """

    def __init__(self, rules_of, random_: random.Random, depth: int = 3):
        self.rules_of, self.random, self.depth = rules_of, random_, depth
        # Of each field the messages that held it and broke no rule of it: most messages of random values break some rule,
        # and then nothing shows that a good one passes.
        self.good: dict[str, list] = {}

    def message(self, kind, depth: int | None = None):
        """A message whose fields hold what lies at the edges of their rules, or nothing."""
        depth = self.depth if depth is None else depth
        made = kind()
        unset = self.random.choice((0.1, 0.3, 0.7))
        learned = self.random.choice((0, 0, 0.9, 0.98, 1))
        for field in kind.DESCRIPTOR.fields:
            if self.random.random() < learned and self.good.get(field.full_name):
                made.MergeFrom(self.random.choice(self.good[field.full_name]))
                continue
            if self.random.random() < unset or (field.message_type and depth == 0 and not self.is_known(field)):
                continue
            if field.containing_oneof and self.random.random() < 0.5:
                continue
            self.fill(made, field, self.rules_of(field), depth)
        return made

    def learn(self, message, paths: list[str]):
        """Keeps what is good about a message, given the paths of what is wrong."""
        bad = {path.split(".")[0].split("[")[0] for path in paths}
        for field in message.DESCRIPTOR.fields:
            kept = self.good.setdefault(field.full_name, [])
            oneof = field.containing_oneof
            if field.message_type and not field.is_repeated and message.HasField(field.name) and not self.is_known(field):
                inner = field.name + "."
                self.learn(getattr(message, field.name), [path.removeprefix(inner) for path in paths if path.startswith(inner)])
            if field.name in bad or (oneof and oneof.name in bad) or len(kept) >= 40:
                continue
            only = type(message)()
            if field.is_repeated or not field.has_presence or message.HasField(field.name):
                only.CopyFrom(message)
                for other in message.DESCRIPTOR.fields:
                    if other.name != field.name:
                        only.ClearField(other.name)
            if only.ByteSize() <= LONG:  # long ones are made often enough
                kept.append(only)

    def is_known(self, field) -> bool:
        return field.message_type is not None and field.message_type.full_name.startswith("google.protobuf.")

    def fill(self, made, field, rules, depth):
        """Sets one field of a message, whatever its shape."""
        if field.message_type and field.message_type.GetOptions().map_entry:
            self.fill_map(getattr(made, field.name), field, rules.map, depth)
        elif field.is_repeated:
            items = rules.repeated.items
            values = [self.value(field, items, depth) for _ in range(self.count(rules.repeated.min_items, rules.repeated.max_items))]
            if values and self.random.random() < 0.4:
                values.append(values[self.random.randrange(len(values))])
            self.random.shuffle(values)
            getattr(made, field.name).extend(values)
        elif field.message_type:
            getattr(made, field.name).CopyFrom(self.value(field, rules, depth))
        else:
            setattr(made, field.name, self.value(field, rules, depth))

    def fill_map(self, target, field, rules, depth):
        key_field, value_field = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        for _ in range(self.count(rules.min_pairs, rules.max_pairs)):
            key = self.value(key_field, rules.keys, depth)
            value = self.value(value_field, rules.values, depth)
            if value_field.message_type:
                target[key].CopyFrom(value)
            else:
                target[key] = value

    def count(self, least: int, most: int) -> int:
        """How many elements: at the edges of what is allowed, seldom many."""
        edges = [0, 1, 2, least, least + 1, max(0, least - 1), most, most + 1, max(0, most - 1)]
        if self.random.random() < 0.02:
            edges += [13, 30]  # more than are compared one by one
        picked = self.random.choice(edges)
        return picked if picked < 100 or self.random.random() < 0.1 else self.random.choice((0, 1, 2))

    def value(self, field, rules, depth):
        """One value of a field's type."""
        kind = field.type
        if kind == Field.TYPE_MESSAGE:
            return self.held(field, rules, depth)
        if kind in INTEGERS:
            return self.integer(INTEGERS[kind], rules)
        if kind == Field.TYPE_ENUM:
            named = [value.number for value in field.enum_type.values]
            around = named + [*rules.enum.not_in, *getattr(rules.enum, "in"), rules.enum.const, max(named) + 1, min(named) - 1, 2**31 - 1, -(2**31)]
            return self.random.choice(named if self.random.random() < 0.6 else around)
        makers = {
            Field.TYPE_BOOL: lambda: self.random.random() < 0.5,
            Field.TYPE_DOUBLE: lambda: self.real(rules.double, False),
            Field.TYPE_FLOAT: lambda: self.real(rules.float, True),
            Field.TYPE_STRING: lambda: self.text(rules.string),
            Field.TYPE_BYTES: lambda: self.binary(rules.bytes),
        }
        return makers[kind]()

    def held(self, field, rules, depth):
        name = field.message_type.full_name
        made = GetMessageClass(field.message_type)()
        if name in TIMES:
            made.seconds, made.nanos = self.time(rules.duration if name.endswith("Duration") else rules.timestamp)
        elif name.startswith("google.protobuf.") and name.endswith("Value") and "value" in field.message_type.fields_by_name:
            if self.random.random() < 0.8:
                made.value = self.value(field.message_type.fields_by_name["value"], rules, depth)
        elif not name.startswith("google.protobuf.") and depth > 0:
            made = self.message(GetMessageClass(field.message_type), depth=depth - 1)
        return made

    @staticmethod
    def bounds(rules) -> list:
        """Every value that a message of numeric rules names."""
        found = []
        for described, value in rules.ListFields():
            if described.name in ("lt", "lte", "gt", "gte", "const"):
                found.append(value)
            elif described.name in ("in", "not_in"):
                found.extend(value)
        return found

    def integer(self, kind, rules) -> int:
        name, least, most = kind
        values = [0, 1, least, most, self.random.randrange(least, most + 1), self.random.randrange(0, 1000)]
        for bound in self.bounds(getattr(rules, name)):
            values += [bound - 1, bound, bound + 1] * 3
        return self.random.choice([value for value in values if least <= value <= most])

    def real(self, rules, is_single: bool) -> float:
        values = [0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 5e-324, self.random.uniform(-1000, 1000)]
        for bound in self.bounds(rules):
            # The neighbors of a bound are those of its own precision.
            if is_single and math.isfinite(bound):
                bits = struct.unpack("<i", struct.pack("<f", bound))[0]
                near = [struct.unpack("<f", struct.pack("<i", bits + step))[0] for step in (-1, 0, 1) if -(2**31) <= bits + step < 2**31]
            else:
                near = [math.nextafter(bound, -math.inf), bound, math.nextafter(bound, math.inf)]
            values += near * 3 + [bound - 1, bound + 1]
        return self.random.choice(values)

    def time(self, rules) -> tuple[int, int]:
        bounds = [(bound.seconds, bound.nanos) for bound in self.bounds(rules)]
        if not bounds or self.random.random() < 0.2:
            bounds = [(0, 0), (-62135596800, 0), (253402300799, 999999999), (315576000000, 0), (self.random.randrange(-(10**9), 10**10), 0)]
        total = (lambda pair: pair[0] * 10**9 + pair[1])(self.random.choice(bounds)) + self.random.choice((-(10**9), -1, 0, 1, 10**9))
        seconds, nanos = divmod(total, 10**9)
        if self.random.random() < 0.3:  # the same time, or nearly, in a form that is not the usual one
            shift = self.random.choice((-2, -1, 1, 2))
            seconds, nanos = seconds + shift, nanos - shift * 10**9
        if self.random.random() < 0.05:
            seconds, nanos = self.random.choice((-(2**62), 2**62)), self.random.choice((-5, 0, 5))
        return seconds, max(-(2**31), min(2**31 - 1, nanos))

    def text(self, rules) -> str:
        roll = self.random.random()
        named = self.bounds(rules) + ([rules.prefix] if rules.prefix else [])
        if named and roll < 0.4:
            text = self.random.choice(named)
            forms = [text, text, text + "a", text[:-1], text.upper(), text.replace("\u00e9", "e\u0301"), text.replace("e\u0301", "\u00e9")]
            return self.random.choice(forms)
        if roll < 0.5 or (rules.uuid and roll < 0.85):
            at = self.random.randrange(36)
            odd = self.random.choice("gG-@`/:0aF{\u00e9")
            return self.random.choice([UUID, UUID, UUID.upper(), UUID.lower(), "{" + UUID + "}", UUID[:-1], UUID + "0", UUID.replace("-", ""), UUID[:at] + odd + UUID[at + 1 :], UUID + "\n"])
        lengths = [0, 1, 2, 3, 5, 6, 63, 64, 65]
        given = [rules.len, rules.min_len, rules.max_len, rules.len_bytes, rules.min_bytes, rules.max_bytes]
        for bound in given:
            lengths += [max(0, bound - 1), bound, bound + 1] * 3 * (bound > 0)
        length = self.random.choice(lengths)
        if length > LONG and self.random.random() < 0.9:
            length = self.random.choice((1, 2, 10))
        width = self.random.choice(CHARACTERS)
        if self.random.random() < 0.5:  # as many bytes, not characters
            length = max(0, length // len(width.encode()) + self.random.choice((-1, 0, 1)))
        text = self.random.choice((width, "a", "Az9._:-")) * length
        text = text[:length] if len(text) > length and self.random.random() < 0.7 else text
        if text and self.random.random() < 0.3:
            at = self.random.randrange(len(text))
            text = text[:at] + self.random.choice(CHARACTERS) + text[at + 1 :]
        return text

    def binary(self, rules) -> bytes:
        named = self.bounds(rules)
        if named and self.random.random() < 0.5:
            value = self.random.choice(named)
            return self.random.choice((value, value + b"\0", value[:-1], value[::-1]))
        lengths = [0, 1, 2, 31, 32, 33]
        for bound in (rules.len, rules.min_len, rules.max_len):
            lengths += [max(0, bound - 1), bound, bound + 1] * 3 * (bound > 0)
        return self.random.randbytes(self.random.choice(lengths))

    def mutated(self, encoded: bytes) -> bytes:
        """Bytes with some changed, taken out or doubled: much of it is still a message of the same type."""
        data = bytearray(encoded)
        for _ in range(self.random.choice((1, 1, 2, 4))):
            if not data:
                return bytes(data)
            at = self.random.randrange(len(data))
            roll = self.random.random()
            if roll < 0.5:
                data[at] = self.random.randrange(256)
            elif roll < 0.75:
                del data[at : at + self.random.choice((1, 2, 8))]
            else:
                data[at:at] = data[at : at + self.random.choice((1, 4, 16))]
        return bytes(data)
