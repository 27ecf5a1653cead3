"""A tree of .proto files as a flat list of named things, each with its facts and its options."""

import functools
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

# Folders of a tree that hold no API of the present.
APART = ("baseline", "vendor")
# Messages that are one value to a rule.
VALUES = {"google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.FieldMask"}
# Rules hold nothing by being there without a word: `string {}`.
RULES = "buf.validate."


class NotCompiled(Exception):
    """A tree that protoc does not take; says what protoc said."""


@dataclass(frozen=True)
class Option:
    """One value of an option, at any depth."""

    # As one would write it: `(buf.validate.field).string.max_bytes`.
    path: str
    # The same without its last word, which other values of the same rules share.
    prefix: str
    # The message that the last word is a field of, and that word; an extension's is its full name.
    holder: str
    leaf: str
    # A bool, int, float, str or bytes, the name of an enum's value, or a tuple of these.
    value: object


@dataclass
class Thing:
    """A file, service, RPC, message, field, oneof, enum, enum value or extension."""

    kind: str
    name: str
    file: str
    # The thing that contains it; "" for a file.
    parent: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)


class Tree:
    """What .proto files declare."""

    def __init__(self, image: bytes, files: list[str]):
        """Takes files out of a descriptor set, in which the imports are as well. Options are read by the extensions
        that the set declares itself."""
        self.image, self.files = image, files
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(image).file:
            self.pool.AddSerializedFile(file.SerializeToString())
        kind = self.pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet")
        self.set = message_factory.GetMessageClass(kind).FromString(image)
        self.things: dict[str, Thing] = {}
        for file in self.set.file:
            if file.name in self.files:
                Reader(self.things, file).run()

    @classmethod
    def compile(cls, folder: Path, vendor: Path, apart: tuple[str, ...] = ()) -> "Tree":
        """Every .proto file below a folder, but for those below folders of it that are `apart`."""
        paths = (path.relative_to(folder) for path in folder.rglob("*.proto"))
        files = sorted(str(path) for path in paths if path.parts[0] not in apart)
        if not files:
            raise NotCompiled(f"{folder} holds no .proto file")
        return cls(compiled([folder, vendor], files), files)

    def message(self, name: str):
        """An empty message of the tree."""
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))()


def compiled(folders: list[Path], files: list[str]) -> bytes:
    """The files and what they import as a descriptor set, with the places of everything in them."""
    with tempfile.TemporaryDirectory() as work:
        target = Path(work) / "image.binpb"
        roots = [f"-I{folder}" for folder in (*folders, well_known())]
        ended = subprocess.run(
            [sys.executable, "-m", "grpc_tools.protoc", *roots, "--include_imports", "--include_source_info",
             f"--descriptor_set_out={target}", *files, "google/protobuf/descriptor.proto"],
            capture_output=True, text=True)
        if ended.returncode != 0:
            raise NotCompiled("\n".join(line for line in ended.stderr.splitlines() if ": warning: " not in line))
        return target.read_bytes()


@functools.cache
def well_known() -> Path:
    import grpc_tools

    return Path(grpc_tools.__file__).parent / "_proto"


class Reader:
    """Puts the things of one file into a dictionary by their full names."""

    # Fields of a descriptor that are things of their own, or that say nothing to a caller.
    APART = {"name", "options", "source_code_info", "dependency", "weak_dependency", "option_dependency",
             "message_type", "enum_type", "service", "extension", "field", "nested_type", "oneof_decl", "value",
             "method"}

    def __init__(self, things: dict[str, Thing], file):
        self.things, self.file = things, file

    def run(self) -> None:
        file = self.file
        facts = self.facts(file)
        facts["public_dependency"] = tuple(file.dependency[index] for index in file.public_dependency)
        self.add("file", file.name, "", facts, file.options)
        package = file.package + "." if file.package else ""
        for service in file.service:
            name = package + service.name
            self.add("service", name, "", self.facts(service), service.options)
            for method in service.method:
                self.add("RPC", f"{name}.{method.name}", name, self.facts(method), method.options)
        for message in file.message_type:
            self.message(message, package, "")
        for enum in file.enum_type:
            self.enum(enum, package, "")
        for extension in file.extension:
            self.add("extension", package + extension.name, "", self.field_facts(extension), extension.options)

    def message(self, message, package: str, parent: str) -> None:
        name = package + message.name
        self.add("message", name, parent, self.facts(message), message.options)
        optional = {each.oneof_index for each in message.field if each.proto3_optional}
        for index, oneof in enumerate(message.oneof_decl):
            if index not in optional:
                self.add("oneof", f"{name}.{oneof.name}", name, {}, oneof.options)
        for each in message.field:
            facts = self.field_facts(each)
            if each.HasField("oneof_index") and not each.proto3_optional:
                facts["oneof"] = message.oneof_decl[each.oneof_index].name
            self.add("field", f"{name}.{each.name}", name, facts, each.options)
        for each in message.extension:
            self.add("extension", f"{name}.{each.name}", name, self.field_facts(each), each.options)
        for each in message.nested_type:
            self.message(each, name + ".", name)
        for each in message.enum_type:
            self.enum(each, name + ".", name)

    def enum(self, enum, package: str, parent: str) -> None:
        name = package + enum.name
        self.add("enum", name, parent, self.facts(enum), enum.options)
        for value in enum.value:
            self.add("enum value", f"{name}.{value.name}", name, self.facts(value), value.options)

    def add(self, kind: str, name: str, parent: str, facts: dict, options) -> None:
        if not parent and kind != "file":
            facts["file"] = self.file.name
        thing = Thing(kind, name, self.file.name, parent, facts)
        flatten(options, "", thing.options)
        self.things[name] = thing

    def facts(self, descriptor) -> dict[str, object]:
        """Every field of a descriptor that is set, whatever it is; a false one says what its absence says."""
        found = {}
        for each, value in descriptor.ListFields():
            if each.name not in self.APART and value is not False:
                found[each.name] = plain(each, value)
        return found

    def field_facts(self, descriptor) -> dict[str, object]:
        facts = self.facts(descriptor)
        facts.pop("oneof_index", None)
        if named := facts.pop("type_name", None):
            facts["type"] = named.lstrip(".")
        return facts


def flatten(options, prefix: str, into: list[Option]) -> None:
    """Every value that is set in options, extensions and messages in messages included."""
    for each, value in options.ListFields():
        leaf = each.full_name if each.is_extension else each.name
        path = f"{prefix}.({leaf})" if each.is_extension else f"{prefix}.{leaf}"
        whole = each.is_repeated or not each.message_type or each.message_type.full_name in VALUES
        if not whole:
            flatten(value, path, into)
            if value.ListFields() or each.message_type.full_name.startswith(RULES):
                continue
        holder = options.DESCRIPTOR.full_name
        into.append(Option(path.lstrip("."), prefix.lstrip("."), holder, leaf, plain(each, value)))


def plain(each, value) -> object:
    """A value that can be compared and printed."""
    if each.is_repeated:
        # No list of an API says anything by its order.
        return tuple(sorted((single(each, element) for element in value), key=str))
    return single(each, value)


def single(each, value) -> object:
    kind = each.message_type.full_name if each.message_type else ""
    if kind in ("google.protobuf.Duration", "google.protobuf.Timestamp"):
        return value.seconds * 10**9 + value.nanos
    if kind == "buf.validate.Rule":
        return f"{value.id}: {value.expression}"  # its message is words for people
    if kind.endswith(".ReservedRange"):
        return value.start, value.end
    if kind:
        return text_format.MessageToString(value, as_one_line=True)
    if each.enum_type:
        known = each.enum_type.values_by_number.get(value)
        return known.name if known else f"{each.enum_type.full_name} {value}"
    return value
