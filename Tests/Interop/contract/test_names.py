"""What fields, enum values and oneofs of the API are called: one rule for times, and no word of a client's language."""

import importlib
import keyword
import re

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, timestamp_pb2

from service import ROOT

FILES = sorted(path.stem for path in (ROOT / "proto/telehealth/v1").glob("*.proto"))
# What a Swift 6 compiler takes for no name of a property unless it is quoted.
SWIFT = frozenset("""
    Any Self as associatedtype break case catch class continue default defer deinit do else enum extension fallthrough
    false fileprivate for func guard if import in init inout internal is let nil operator precedencegroup private
    protocol public repeat rethrows return self static struct subscript super switch throw throws true try typealias
    var where while""".split())
# What means something else behind a dot, where Swift writes an enum's values without the enum's name.
SWIFT_MEMBERS = frozenset(["init", "self", "Type", "Protocol"])
# ECMAScript 2025, 12.7.2: reserved words, those of modules and of strict mode included.
JAVASCRIPT = frozenset("""
    await break case catch class const continue debugger default delete do else enum export extends false finally for
    function if implements import in instanceof interface let new null package private protected public return static
    super switch this throw true try typeof var void while with yield""".split())
LANGUAGES = {"Python": frozenset(keyword.kwlist), "Swift": SWIFT, "JavaScript": JAVASCRIPT}
TIME = re.compile(r"[a-z0-9_]+_time(_from|_before)?")
FILTER = re.compile(r"[a-z0-9_]+_time_(from|before)")
FORMER = re.compile(r"(.*_)?(at|since|until)")


def faults(file) -> list[str]:
    """Of a file's descriptor, with everything that is declared inside of others."""
    found = []
    for message in file.message_types_by_name.values():
        found += message_faults(message)
    for enum in file.enum_types_by_name.values():
        found += enum_faults(enum)
    for extension in file.extensions_by_name.values():
        found += field_faults(extension)
    return found


def message_faults(message) -> list[str]:
    found = []
    # An entry of a map is the compiler's; the map itself is a field.
    if message.GetOptions().map_entry:
        return found
    for field in [*message.fields, *message.extensions]:
        found += field_faults(field)
    for oneof in message.oneofs:
        # One that begins so is the compiler's, of an optional field.
        if not oneof.name.startswith("_"):
            found += word_faults(oneof.full_name, {oneof.name, camel(oneof.name)})
    for enum in message.enum_types:
        found += enum_faults(enum)
    for nested in message.nested_types:
        found += message_faults(nested)
    return found


def field_faults(field) -> list[str]:
    found = word_faults(field.full_name, {field.name, field.json_name})
    if FORMER.fullmatch(field.name):
        found.append(f"{field.full_name} ends as no field does here")
    if is_time(field) != bool(TIME.fullmatch(field.name)):
        found.append(f"{field.full_name} is a Timestamp or is called one, and not both")
    if FILTER.fullmatch(field.name) and not (field.containing_type and field.containing_type.name.endswith("Request")):
        found.append(f"{field.full_name} is called a filter and is of no request")
    return found


def is_time(field) -> bool:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        kind = kind.fields_by_name["value"].message_type
    return kind is not None and kind.full_name == "google.protobuf.Timestamp"


def enum_faults(enum) -> list[str]:
    found = []
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper() + "_"
    for value in enum.values:
        name = f"{enum.full_name}.{value.name}"
        found += word_faults(name, {value.name})
        if camel(value.name.removeprefix(prefix).lower()) in SWIFT_MEMBERS:
            found.append(f"{name} means something else in Swift")
    return found


def word_faults(what: str, names: set[str]) -> list[str]:
    return [f"{what} is a word of {language}'s" for language, words in LANGUAGES.items() if names & words]


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


@pytest.mark.parametrize("name", FILES)
def test_names_follow_the_rules(name):
    found = faults(importlib.import_module(f"telehealth.v1.{name}_pb2").DESCRIPTOR)
    assert not found, "\n".join(found)


def test_every_page_has_the_same_sizes():
    from buf.validate import validate_pb2

    pages = [message.fields_by_name["page_size"] for name in FILES
             for message in importlib.import_module(f"telehealth.v1.{name}_pb2").DESCRIPTOR.message_types_by_name.values()
             if "page_size" in message.fields_by_name]
    bounds = {field.full_name: field.GetOptions().Extensions[validate_pb2.field].int32 for field in pages}
    assert len(pages) > 5 and {name for name, rule in bounds.items() if (rule.gte, rule.lte) != (0, 200)} == set()


def test_every_service_has_a_group_of_its_own_in_clients():
    from telehealth.v1 import call_contract_pb2

    services = [service for name in FILES
                for service in importlib.import_module(f"telehealth.v1.{name}_pb2").DESCRIPTOR.services_by_name.values()]
    groups = [service.GetOptions().Extensions[call_contract_pb2.service].group for service in services]
    assert len(groups) > 8 and all(groups) and len(set(groups)) == len(groups), dict(zip(services, groups))


def test_the_whole_api_is_looked_at():
    modules = [importlib.import_module(f"telehealth.v1.{name}_pb2") for name in FILES]
    fields = [field for module in modules for message in module.DESCRIPTOR.message_types_by_name.values()
              for field in message.fields]
    assert len(FILES) > 10 and len(fields) > 300 and sum(is_time(field) for field in fields) > 50


# -- what would be found ---------------------------------------------------------------------------

FIELD = descriptor_pb2.FieldDescriptorProto
SOUND = {"create_time": "time", "expire_times": "text", "start_time": "time", "runtime": "text", "format": "text",
         "join_duration": "text", "satisfaction": "text", "type": "text", "to": "text", "latitude": "text"}


def planted(plant) -> list[str]:
    """The faults of a file like ours after `plant` changed it."""
    file = descriptor_pb2.FileDescriptorProto(
        name="planted.proto", package="planted.v1", syntax="proto3", dependency=["google/protobuf/timestamp.proto"])
    message = file.message_type.add(name="ListThingsRequest")
    for name, kind in SOUND.items():
        add(message, name, kind)
    message.oneof_decl.add(name="choice")
    add(message, "chosen", "text").oneof_index = 0
    enum = file.enum_type.add(name="ThingState")
    enum.value.add(name="THING_STATE_UNSPECIFIED", number=0)
    enum.value.add(name="THING_STATE_OPEN", number=1)
    plant(file)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(descriptor_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return faults(pool.FindFileByName(file.name))


def add(message, name: str, kind: str):
    field = message.field.add(
        name=name, number=len(message.field) + 1, label=FIELD.LABEL_OPTIONAL, type=FIELD.TYPE_STRING)
    if kind.endswith("time"):
        field.type, field.type_name = FIELD.TYPE_MESSAGE, ".google.protobuf.Timestamp"
    if kind.startswith("repeated"):
        field.label = FIELD.LABEL_REPEATED
    return field


def field(name: str, kind: str = "text", message: str = "ListThingsRequest"):
    def plant(file):
        known = [each for each in file.message_type if each.name == message]
        add(known[0] if known else file.message_type.add(name=message), name, kind)
    return plant


def nested(name: str, kind: str):
    return lambda file: add(file.message_type[0].nested_type.add(name="Inner"), name, kind)


def extension(name: str, kind: str):
    def plant(file):
        file.dependency.append("google/protobuf/descriptor.proto")
        file.extension.add(name=name, number=50_000, label=FIELD.LABEL_OPTIONAL, type=FIELD.TYPE_STRING,
                           extendee=".google.protobuf.MethodOptions")
    return plant


def map_of_times(name: str):
    def plant(file):
        message = file.message_type[0]
        entry = message.nested_type.add(name=camel("_" + name) + "Entry")
        entry.options.map_entry = True
        add(entry, "key", "text")
        add(entry, "value", "time")
        message.field.add(name=name, number=99, label=FIELD.LABEL_REPEATED, type=FIELD.TYPE_MESSAGE,
                          type_name=f".planted.v1.{message.name}.{entry.name}")
    return plant


def oneof(name: str):
    def plant(file):
        file.message_type[0].oneof_decl[0].name = name
    return plant


def value(name: str):
    return lambda file: file.enum_type[0].value.add(name=name, number=2)


def test_a_file_without_a_fault_is_found_to_have_none():
    assert planted(lambda file: None) == []
    assert planted(field("create_time_from", "time")) == planted(field("create_time_before", "time")) == []
    assert planted(map_of_times("seen_time")) == planted(field("seen_time", "repeated time")) == []


FAULTS = {
    **{f"a time called {name}": field(name, "time") for name in (
        "created", "created_at", "at", "time", "timestamp", "waiting_since", "retain_until", "create_time_until",
        "create_time_from_now", "create_times", "seenTime")},
    "times called otherwise": field("create_times", "repeated time"),
    "a map of times called otherwise": map_of_times("seen"),
    "a time within a nested message": nested("created_at", "time"),
    "a filter of no request": field("create_time_from", "time", message="Thing"),
    "another filter of no request": field("create_time_before", "time", message="Thing"),
    **{f"no time called {name}": field(name) for name in (
        "join_time", "join_time_from", "join_time_before", "created_at", "idle_since", "kept_until", "at", "since",
        "until")},
    **{f"{word}, Python's": field(word) for word in ("from", "None", "lambda", "pass", "not", "global", "nonlocal")},
    **{f"{word}, Swift's": field(word) for word in (
        "self", "Self", "Any", "init", "func", "where", "inout", "default")},
    **{f"{word}, JavaScript's": field(word) for word in (
        "delete", "new", "function", "void", "with", "this", "instanceof")},
    "a word within a nested message": nested("from", "text"),
    "an option called by a word": extension("from", "text"),
    "an option called as before": extension("checked_at", "text"),
    **{f"a oneof called {word}": oneof(word) for word in ("from", "default", "delete")},
    **{f"a value called {word}": value(word) for word in (
        "from", "None", "default", "delete", "THING_STATE_INIT", "THING_STATE_SELF")},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(fault):
    assert planted(FAULTS[fault])
