"""Our codec against Python's protobuf (upb) on random messages: the suite's, with every kind of field, and the API's.

Messages depend on a seed only, which the failing test names; CODEC_SEEDS=first:count runs others or more.
"""

import os
import random

import pytest
from google.protobuf import descriptor_pb2, json_format, message_factory, text_format, unknown_fields
from google.protobuf.message import DecodeError

import codec_peer
from codec_peer import BINARY, JSON, TEXT, CodecPeer
from random_messages import RandomMessages, canonical, is_map, repeated

PROTO2 = "protobuf_test_messages.proto2.TestAllTypesProto2"
PROTO3 = "protobuf_test_messages.proto3.TestAllTypesProto3"
ANY_TYPES = [PROTO2, PROTO3, "telehealth.v1.Session", "google.protobuf.Duration", "google.protobuf.Struct"]
FIRST, COUNT = map(int, os.environ.get("CODEC_SEEDS", "0:40").split(":"))
SEEDS = range(FIRST, FIRST + COUNT)

pytestmark = pytest.mark.skipif(
    not codec_peer.SUITE.exists(), reason="tools/conformance prepare fetches the suite's messages")


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    return codec_peer.compile_schemas(tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def pool(schemas):
    return codec_peer.load(schemas)


@pytest.fixture(scope="module")
def api(schemas, pool):
    """Every message of the telehealth API."""
    files = descriptor_pb2.FileDescriptorSet.FromString(schemas.read_bytes()).file
    return [
        message.full_name for file in files if file.package == "telehealth.v1"
        for message in pool.FindFileByName(file.name).message_types_by_name.values()]


@pytest.fixture(scope="module", params=["generated", "dynamic"])
def binary(request, schemas, pool):
    """Binary through generated structs, or through DynamicMessage."""
    peer = CodecPeer(schemas, pool, request.param)
    yield peer
    assert peer.stop() == 0


@pytest.fixture(scope="module")
def codec(schemas, pool):
    peer = CodecPeer(schemas, pool, "dynamic")
    yield peer
    assert peer.stop() == 0


def samples(pool, seed, names):
    source = RandomMessages(pool, seed, ANY_TYPES)
    return [source.message(pool.FindMessageTypeByName(name)) for name in names]


def some(api, seed):
    """Types to try: the suite's two, and all of the API's in turn."""
    return [PROTO2, PROTO3] + [api[(seed * 5 + step) % len(api)] for step in range(5)]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_read_what_the_other_writes(pool, codec, api, seed):
    for message in samples(pool, seed, some(api, seed)):
        name, wanted = message.DESCRIPTOR.full_name, canonical(message, pool)

        def same(other):
            return canonical(other, pool) == wanted

        def read(form, payload):
            answer = codec.ask(name, form, payload, BINARY)
            assert answer is not None, f"{name}: {codec.complaint} in {payload!r:.3000}"
            return type(message).FromString(answer)

        wire = message.SerializeToString()
        assert same(read(BINARY, wire)), name
        assert same(read(JSON, json_format.MessageToJson(message, descriptor_pool=pool))), name
        for style in [{}, {"as_one_line": True, "as_utf8": False}, {"use_short_repeated_primitives": True, "pointy_brackets": True}]:
            assert same(read(TEXT, text_format.MessageToString(message, descriptor_pool=pool, **style))), name
        ours = codec.ask(name, BINARY, wire, JSON)
        assert same(json_format.Parse(ours, type(message)(), descriptor_pool=pool)), name
        assert codec.ask(name, JSON, ours, JSON) == ours
        ours = codec.ask(name, BINARY, wire, TEXT)
        assert same(text_format.Parse(ours, type(message)(), descriptor_pool=pool)), name
        assert codec.ask(name, TEXT, ours, TEXT) == ours


def varint(value: int) -> bytes:
    rest = b""
    while value > 0x7F:
        rest += bytes([value & 0x7F | 0x80])
        value >>= 7
    return rest + bytes([value])


# Varints too long and too large, lengths of 2 GiB and of 2^64, text that is not UTF-8, tags that are none, ends of groups.
PIECES = [b"\xff" * 10 + b"\x01", b"\x80" * 9 + b"\x01", b"\x80" * 9 + b"\x02", b"\x80\x80\0", varint(2**31), varint(2**31 - 1),
          varint(2**63), varint(2**64 - 1), b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"\x07", b"\x0b", b"\x0c",
          b"\x06", b"\x80\x80\x80\x80\x10", b"\x88\x80\x80\x80\0", b"\xff\xff\xff\xff\x0f"]


def spoil(wire: bytes, descriptor, choose: random.Random) -> bytes:
    for _ in range(choose.choice([1, 1, 2, 5])):
        at, how = choose.randrange(len(wire) + 1), choose.randrange(6)
        if how == 0:
            wire = wire[:at] + choose.randbytes(1) + wire[at + 1:]
        elif how == 1:
            wire = wire[:at] + choose.choice(PIECES) + wire[at:]
        elif how == 2:
            wire = wire[:at] + wire[at + choose.randrange(1, 4):]
        elif how == 3:
            wire = wire[:at]
        elif how == 4:
            # A field with a wire type that may not be its own: packed for unpacked, and what fits nowhere.
            number = choose.choice([field.number for field in descriptor.fields] or [1])
            wire = wire[:at] + varint(number << 3 | choose.randrange(6)) + choose.choice(PIECES) + wire[at:]
        else:
            wire += wire[at:at + choose.randrange(40)]
    return wire


def delimited(field, content: bytes) -> bytes:
    return varint(field.number << 3 | 2) + varint(len(content)) + content


def edges(fields):
    """Bytes that are allowed and rare: unknown enum values, entries that lack a part, packed and unpacked, merging."""
    number = fields["optional_nested_enum"].number
    for value in [77, 2**32 - 1, 2**32 + 1, 2**63, 2**64 - 1, 2**64 - 5]:
        yield varint(number << 3) + varint(value)
        yield delimited(fields["oneof_string"], b"x") + varint(fields["oneof_enum"].number << 3) + varint(value)
        yield varint(fields["repeated_nested_enum"].number << 3) + varint(value) + varint(number << 3) + b"\x01"
        for earlier in [b"", delimited(fields["map_string_nested_enum"], b"\x0a\x01k\x10\x01")]:
            yield earlier + delimited(fields["map_string_nested_enum"], b"\x0a\x01k\x10" + varint(value))
        for name in ["optional_int32", "optional_uint32", "optional_sint32", "optional_sint64", "optional_bool"]:
            yield varint(fields[name].number << 3) + varint(value)
    yield delimited(fields["repeated_nested_enum"], b"\x01\x4d\x02")
    for entry in [b"", b"\x0a\x01k", b"\x12\x01v", b"\x0a\x01a\x0a\x01b\x12\x01c\x12\x01d", b"\x12\x01v\x0a\x01k"]:
        yield delimited(fields["map_string_string"], entry)
    for entry in [b"\x0a\x01k", b"\x0a\x01k\x12\x02\x08\x01\x12\x02\x12\x00"]:
        yield delimited(fields["map_string_nested_message"], entry) * 2
    for name, one, wire_type in [("repeated_int32", b"\x01", 0), ("packed_int32", b"\x01", 0), ("unpacked_int32", b"\x01", 0),
                                 ("packed_double", b"\x01" * 8, 1), ("repeated_fixed32", b"\x01" * 4, 5)]:
        unpacked, packed = varint(fields[name].number << 3 | wire_type) + one, delimited(fields[name], one * 3)
        yield unpacked + packed + unpacked + delimited(fields[name], b"")
        yield delimited(fields[name], one + b"\x80")
        yield varint(fields[name].number << 3 | 2)
    for name in ["optional_nested_message", "oneof_nested_message"]:
        yield delimited(fields[name], b"\x08\x01") + delimited(fields[name], b"\x12\x00")
    if "data" in fields:
        begin, end = varint(fields["data"].number << 3 | 3), varint(fields["data"].number << 3 | 4)
        for group in [begin + end, (begin + b"\xd0\x0c\x01" + end) * 2, begin, begin + varint(9999 << 3 | 4), end]:
            yield group
    for depth in [100, 101]:
        yield b"\xfb\x3e" * depth + b"\xfc\x3e" * depth


@pytest.mark.parametrize("name", [PROTO2, PROTO3])
def test_rare_bytes_mean_the_same_to_both(pool, binary, name):
    descriptor = pool.FindMessageTypeByName(name)
    message = message_factory.GetMessageClass(descriptor)
    for wire in edges(descriptor.fields_by_name):
        ours = binary.ask(name, BINARY, wire, BINARY)
        try:
            theirs = message.FromString(wire).SerializeToString(deterministic=True)
        except DecodeError:
            theirs = None
        ours = None if ours is None else message.FromString(ours).SerializeToString(deterministic=True)
        assert ours == theirs, wire.hex()


def has_unread_entries(message) -> bool:
    """upb keeps a map entry with an unknown field as a whole as unknown; we read it, as C++ does."""
    maps = {field.number for field in message.DESCRIPTOR.fields if is_map(field)}
    if any(field.field_number in maps for field in unknown_fields.UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is None or is_map(field) and not field.message_type.fields_by_name["value"].message_type:
            continue
        parts = value.values() if is_map(field) else value if repeated(field) else [value]
        if any(has_unread_entries(part) for part in parts):
            return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_field_survives_both_codecs(pool, binary, api, seed):
    for message in samples(pool, seed, some(api, seed)):
        ours = binary.ask(message.DESCRIPTOR.full_name, BINARY, message.SerializeToString(), BINARY)
        assert ours is not None, f"{message.DESCRIPTOR.full_name}: {binary.complaint}"
        assert canonical(type(message).FromString(ours), pool) == canonical(message, pool), message.DESCRIPTOR.full_name


@pytest.mark.parametrize("seed", SEEDS)
def test_both_refuse_the_same_bytes(pool, binary, api, seed):
    choose = random.Random(seed)
    for message in samples(pool, seed, some(api, seed)):
        name, descriptor = message.DESCRIPTOR.full_name, message.DESCRIPTOR
        if not descriptor.fields:
            continue  # upb refuses nothing of a type without fields
        for _ in range(6):
            wire = spoil(message.SerializeToString(deterministic=True), descriptor, choose)
            ours = binary.ask(name, BINARY, wire, BINARY)
            try:
                theirs = type(message).FromString(wire)
            except DecodeError:
                theirs = None
            if ours is None and binary.complaint == "invalid_utf8" and name == PROTO2:
                continue  # proto2 does not check its strings; we do, since a Swift string is always UTF-8
            assert (ours is None) == (theirs is None), f"{name}: {binary.complaint} of {wire.hex()}"
            if ours is None or has_unread_entries(theirs):
                continue
            # Unknown fields come back with their tags in the shortest form: through our codec theirs do too.
            again = binary.ask(name, BINARY, theirs.SerializeToString(deterministic=True), BINARY)
            read = type(message).FromString
            assert read(ours).SerializeToString(deterministic=True) == read(again).SerializeToString(deterministic=True), \
                f"{name}: {wire.hex()}"


@pytest.mark.parametrize("depth, taken", [(99, True), (100, True), (101, False)])
def test_messages_nest_as_deep_as_elsewhere(pool, codec, depth, taken):
    field = pool.FindMessageTypeByName(PROTO3).fields_by_name["recursive_message"]
    wire = b""
    for _ in range(depth):
        wire = varint(field.number << 3 | 2) + varint(len(wire)) + wire
    text, json = "recursive_message{" * depth + "}" * depth, '{"recursiveMessage":' * (depth - 1) + "{}" + "}" * (depth - 1)
    assert (codec.ask(PROTO3, BINARY, wire, BINARY) == wire) == taken
    assert (codec.ask(PROTO3, TEXT, text, BINARY) == wire) == taken
    assert (codec.ask(PROTO3, JSON, json, BINARY) is not None) == taken
    message = message_factory.GetMessageClass(field.message_type)
    if taken:
        assert message.FromString(wire).SerializeToString() == wire
    else:
        with pytest.raises(DecodeError):
            message.FromString(wire)


def test_a_duration_out_of_range_stops_nothing(codec):
    name, wire = "google.protobuf.Duration", b"\x08" + b"\x80" * 9 + b"\x01"
    assert codec.ask(name, BINARY, wire, TEXT) == "seconds: -9223372036854775808"
    with pytest.raises(AssertionError, match="serialize_error"):
        codec.ask(name, BINARY, wire, JSON)
    assert codec.ask(name, JSON, '"1s"', TEXT) == "seconds: 1"
