"""Writes a descriptor back as the .proto file that declares it: a change made to a descriptor becomes a real edit."""

import json

from google.protobuf import text_format

SCALARS = {1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool",
           9: "string", 12: "bytes", 13: "uint32", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64"}


def text_of(file) -> str:
    """A FileDescriptorProto whose options know their extensions."""
    return "\n".join(Writer(file.syntax or "proto2").file(file)) + "\n"


class Writer:
    def __init__(self, syntax: str):
        self.syntax = syntax

    def file(self, file):
        yield f'syntax = "{self.syntax}";'
        if file.package:
            yield f"package {file.package};"
        for index, name in enumerate(file.dependency):
            yield f'import {"public " if index in file.public_dependency else ""}"{name}";'
        yield from statements(file.options)
        for message in file.message_type:
            yield from self.message(message)
        for enum in file.enum_type:
            yield from self.enum(enum)
        for extension in file.extension:
            yield f"extend {extension.extendee} {{ {self.field(extension)} }}"
        for service in file.service:
            yield f"service {service.name} {{"
            yield from statements(service.options)
            for method in service.method:
                sent, answered = ("stream " if streams else "" for streams in
                                  (method.client_streaming, method.server_streaming))
                yield f"rpc {method.name}({sent}{method.input_type}) returns ({answered}{method.output_type}) {{"
                yield from statements(method.options)
                yield "}"
            yield "}"

    def message(self, message):
        yield f"message {message.name} {{"
        yield from statements(message.options)
        for each in message.reserved_range:
            last = each.end - 1
            yield f"reserved {each.start} to {'max' if last > 536870910 else last};"
        for name in message.reserved_name:
            yield f'reserved "{name}";'
        for each in message.extension_range:
            yield f"extensions {each.start} to {each.end - 1};"
        entries = {each.name: each for each in message.nested_type if each.options.map_entry}
        written = set()
        for field in message.field:
            if not field.HasField("oneof_index") or field.proto3_optional:
                yield self.field(field, entries)
            elif field.oneof_index not in written:
                written.add(field.oneof_index)
                oneof = message.oneof_decl[field.oneof_index]
                yield f"oneof {oneof.name} {{"
                yield from statements(oneof.options)
                for member in message.field:
                    if member.HasField("oneof_index") and member.oneof_index == field.oneof_index:
                        yield self.field(member)
                yield "}"
        for each in message.nested_type:
            if not each.options.map_entry:
                yield from self.message(each)
        for each in message.enum_type:
            yield from self.enum(each)
        yield "}"

    def enum(self, enum):
        yield f"enum {enum.name} {{"
        yield from statements(enum.options)
        for each in enum.reserved_range:
            yield f"reserved {each.start} to {each.end};"
        for name in enum.reserved_name:
            yield f'reserved "{name}";'
        for value in enum.value:
            yield f"{value.name} = {value.number}{brackets(value.options)};"
        yield "}"

    def field(self, field, entries=()) -> str:
        kind, label = SCALARS.get(field.type, field.type_name), ""
        entry = field.type_name.rsplit(".", 1)[-1]
        if entry in entries:
            key, value = entries[entry].field
            kind = f"map<{SCALARS[key.type]}, {SCALARS.get(value.type, value.type_name)}>"
        elif field.label == 3:
            label = "repeated "
        elif field.label == 2:
            label = "required "
        elif field.proto3_optional or self.syntax == "proto2" and not field.HasField("oneof_index"):
            label = "optional "
        return f"{label}{kind} {field.name} = {field.number}{brackets(field.options)};"


def statements(options):
    for each in words(options):
        yield f"option {each};"


def brackets(options) -> str:
    named = list(words(options))
    return f" [{', '.join(named)}]" if named else ""


def words(options):
    for field, value in options.ListFields():
        name = f"({field.full_name})" if field.is_extension else field.name
        for each in value if field.is_repeated else [value]:
            yield f"{name} = {word(field, each)}"


def word(field, value) -> str:
    if field.message_type:
        return "{ " + text_format.MessageToString(value, as_one_line=True) + " }"
    if field.enum_type:
        return field.enum_type.values_by_number[value].name
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) else str(value)
