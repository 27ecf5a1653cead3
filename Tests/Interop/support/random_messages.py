"""Random messages of any type, by descriptor: every kind of field, with the values that codecs get wrong."""

import random
import struct

from google.protobuf import message_factory

INTEGERS = {
    "int32": (-(2**31), 2**31 - 1), "sint32": (-(2**31), 2**31 - 1), "sfixed32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1), "sint64": (-(2**63), 2**63 - 1), "sfixed64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1), "fixed32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1), "fixed64": (0, 2**64 - 1),
}
KINDS = ["", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group", "message",
         "bytes", "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64"]
FLOATS = [0.0, -0.0, 1.5, -1e-7, 0.1, 5e-324, 1.7976931348623157e308, 2.5e-308, 123456789.0, 1e21, float("inf"),
          float("-inf"), float("nan")]
# Letters that are equal to some library or other: composed and decomposed, ligatures, cases; and what must be escaped.
TEXTS = ["", "a", "é", "e\u0301", "A\u030a", "\u212b", "\0", "\x7f\x85\u2028", "\"'\\/?", "\r\n\t\b\f", "你好", "\U0001f4a5",
         "\ud7ff\ue000\U0010ffff", "\u202e\ufeff", "<&>", "0" * 300]


def repeated(field) -> bool:
    known = getattr(field, "is_repeated", None)
    return known if known is not None else field.label == field.LABEL_REPEATED


def is_map(field) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def canonical(message, pool) -> bytes:
    """Equal for equal messages: maps in order, also those in the bytes of an `Any`."""
    copy = type(message)()
    copy.CopyFrom(message)
    _sort_any(copy, pool)
    return copy.SerializePartialToString(deterministic=True)


def _sort_any(message, pool):
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        if message.type_url:
            content = message_factory.GetMessageClass(
                pool.FindMessageTypeByName(message.type_url.rpartition("/")[2])).FromString(message.value)
            message.value = canonical(content, pool)
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type:
                for entry in value.values():
                    _sort_any(entry, pool)
        elif repeated(field):
            for element in value:
                _sort_any(element, pool)
        else:
            _sort_any(value, pool)


class RandomMessages:
    """Makes messages that have a form in every format: no times out of range, no `Any` of unknown content."""

    def __init__(self, pool, seed: int, any_types: list[str]):
        self.pool, self.random, self.any_types = pool, random.Random(seed), any_types

    def message(self, descriptor, depth: int = 0):
        message = message_factory.GetMessageClass(descriptor)()
        special = getattr(self, descriptor.full_name.removeprefix("google.protobuf."), None)
        if descriptor.full_name.startswith("google.protobuf.") and special is not None:
            special(message, depth)
            return message
        fields = list(descriptor.fields)
        if descriptor.is_extendable:
            fields += self.pool.FindAllExtensions(descriptor)
        wanted = self.random.choice([0, 1, 3, 8, len(fields)]) if depth < 4 else 0
        for field in self.random.sample(fields, min(wanted, len(fields))):
            if self._is_message_set(field):
                continue
            self._fill(message, field, depth)
        return message

    @staticmethod
    def _is_message_set(field) -> bool:
        """An encoding of its own that protobuf itself no longer offers."""
        return field.message_type is not None and field.message_type.GetOptions().message_set_wire_format

    def _fill(self, message, field, depth):
        if is_map(field):
            for _ in range(self.random.randrange(4)):
                self._entry(message, field, depth)
        elif repeated(field):
            values = message.Extensions[field] if field.is_extension else getattr(message, field.name)
            for _ in range(self.random.randrange(5)):
                if field.message_type:
                    values.add().CopyFrom(self.message(field.message_type, depth + 1))
                else:
                    values.append(self.value(field))
        elif field.message_type:
            part = message.Extensions[field] if field.is_extension else getattr(message, field.name)
            part.SetInParent()
            part.CopyFrom(self.message(field.message_type, depth + 1))
        elif field.is_extension:
            message.Extensions[field] = self.value(field)
        else:
            setattr(message, field.name, self.value(field))

    def _entry(self, message, field, depth):
        key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        entries = getattr(message, field.name)
        if value.message_type:
            entries[self.value(key)].CopyFrom(self.message(value.message_type, depth + 1))
        else:
            entries[self.value(key)] = self.value(value)

    def value(self, field):
        kind = KINDS[field.type]
        if kind in INTEGERS:
            low, high = INTEGERS[kind]
            return self.random.choice([0, 1, low, high, self.random.randint(low, high), max(low, -1)])
        if kind == "double":
            return self.random.choice(FLOATS + [self.random.uniform(-1e6, 1e6), self._bits("<d", 8)])
        if kind == "float":
            return self.random.choice([0.0, -0.0, 0.1, 3.4028230607370965e38, 1e-45, float("inf"), self._bits("<f", 4)])
        if kind == "bool":
            return self.random.random() < 0.5
        if kind == "string":
            return "".join(self.random.choices(TEXTS, k=self.random.randrange(4)))
        if kind == "bytes":
            return self.random.randbytes(self.random.choice([0, 1, 2, 3, 20]))
        numbers = [value.number for value in field.enum_type.values]
        # JSON's null is all that a NullValue can be.
        if not field.enum_type.is_closed and field.enum_type.full_name != "google.protobuf.NullValue":
            numbers += [-(2**31), 77, 2**31 - 1]
        return self.random.choice(numbers)

    def _bits(self, form, size):
        value = struct.unpack(form, self.random.randbytes(size))[0]
        # JSON and text have one NaN, and Python reads no JSON of the largest floats.
        return value if abs(value) < (3.4028230607370965e38 if size == 4 else 1e309) else float("nan")

    # The types that JSON writes in its own way.

    def Timestamp(self, message, depth):
        message.seconds = self.random.choice([-62_135_596_800, -1, 0, 253_402_300_799, self.random.randint(0, 2**31)])
        message.nanos = self.random.choice([0, 1, 500_000_000, 999_999_999, 1_000])

    def Duration(self, message, depth):
        sign = self.random.choice([-1, 1])
        message.seconds = sign * self.random.choice([0, 1, 315_576_000_000, self.random.randint(0, 2**31)])
        message.nanos = sign * self.random.choice([0, 1, 500_000_000, 999_999_999 if abs(message.seconds) < 2**31 else 0])

    def FieldMask(self, message, depth):
        message.paths.extend(self.random.choices(["a", "foo_bar", "foo_bar.baz_q"], k=self.random.randrange(3)))

    def Struct(self, message, depth):
        for _ in range(self.random.randrange(4)):
            self.Value(message.fields[self.random.choice(TEXTS)], depth + 1)

    def ListValue(self, message, depth):
        for _ in range(self.random.randrange(4)):
            self.Value(message.values.add(), depth + 1)

    def Value(self, message, depth):
        choice = self.random.randrange(6 if depth < 4 else 4)
        if choice == 0:
            message.null_value = 0
        elif choice == 1:
            message.number_value = self.random.choice([value for value in FLOATS if abs(value) < 1e309])
        elif choice == 2:
            message.string_value = self.random.choice(TEXTS)
        elif choice == 3:
            message.bool_value = self.random.random() < 0.5
        elif choice == 4:
            message.struct_value.SetInParent()
            self.Struct(message.struct_value, depth)
        else:
            message.list_value.SetInParent()
            self.ListValue(message.list_value, depth)

    def Any(self, message, depth):
        descriptor = self.pool.FindMessageTypeByName(self.random.choice(self.any_types))
        message.Pack(self.message(descriptor, depth + 1))
