"""Holds the checks that our generator makes of buf.validate's rules against protovalidate, which is not ours."""

import copy
import json
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import protovalidate
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from rule_messages import Maker

ROOT = Path(__file__).resolve().parents[3]
UNREADABLE = 2**32 - 1


class Schema:
    """Message types out of .proto files, in a pool of their own."""

    def __init__(self, folders: list[Path], files: list[str], work: Path):
        import grpc_tools
        from grpc_tools import protoc

        target = work / f"{files[0].replace('/', '_')}.binpb"
        well_known = Path(grpc_tools.__file__).parent / "_proto"
        roots = [f"-I{folder}" for folder in (*folders, ROOT / "proto/vendor", well_known)]
        status = protoc.main(["protoc", *roots, "--include_imports", f"--descriptor_set_out={target}", *files])
        assert status == 0, f"protoc could not compile {files}"
        self.files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
        self.build()

    def build(self, change=None):
        """Puts the files, altered or not, into a new pool."""
        pool = descriptor_pool.DescriptorPool()
        for file in self.files.file:
            altered = descriptor_pb2.FileDescriptorProto()
            altered.CopyFrom(file)
            if change:
                change(altered)
            pool.AddSerializedFile(altered.SerializeToString())
        # Options are messages of the default pool, which knows nothing of the extension: they are read as this instead.
        options = descriptor_pb2.FileDescriptorProto(name="rule_options.proto", dependency=["buf/validate/validate.proto"])
        field = options.message_type.add(name="RuleOptions").field.add(name="field", number=1159, label=1, type=11)
        field.type_name = ".buf.validate.FieldRules"
        pool.AddSerializedFile(options.SerializeToString())
        self.pool, self.rules = pool, {}

    def altered(self, change) -> "Schema":
        """The same files with something changed about each."""
        other = copy.copy(self)
        other.build(change)
        return other

    def rules_of(self, field):
        """The rules of one field."""
        if field.full_name not in self.rules:
            self.rules[field.full_name] = self.type("RuleOptions").FromString(field.GetOptions().SerializeToString()).field
        return self.rules[field.full_name]

    def type(self, name: str):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def requests(self) -> list[str]:
        """Every type that a method of the files takes."""
        methods = (method for file in self.files.file for service in file.service for method in service.method)
        return sorted({method.input_type.lstrip(".") for method in methods})

    def messages(self, package: str) -> list[str]:
        """Every message outside any other of the files of a package."""
        return [f"{package}.{message.name}" for file in self.files.file if file.package == package for message in file.message_type]


def api(work: Path) -> Schema:
    """The API as it is in proto/."""
    files = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/telehealth").rglob("*.proto"))
    return Schema([ROOT / "proto"], files, work)


def fixture(work: Path) -> Schema:
    """The messages with every rule on every kind of field."""
    return Schema([ROOT / "tools/rule-verdicts"], ["every_rule.proto", "alphabet.proto"], work)


class Verdicts:
    """Our checks, in the program that has them compiled in. Messages are asked in batches."""

    def __init__(self):
        self.program = Path(os.environ.get("TELEHEALTH_BIN_DIR", ROOT / ".build/release")) / "rule-verdicts"

    def on(self, name: str, messages: list[bytes]) -> list[list[tuple[str, str]] | None]:
        """Of each message its violations as path and rule, None for bytes that are not such a message."""
        head = struct.pack("<I", len(name)) + name.encode()
        sent = b"".join(head + struct.pack("<I", len(message)) + message for message in messages)
        ended = subprocess.run([self.program], input=sent, capture_output=True, timeout=600)
        assert ended.returncode == 0, ended.stderr.decode()
        data, at, verdicts = ended.stdout, 0, []

        def number() -> int:
            nonlocal at
            at += 4
            return struct.unpack_from("<I", data, at - 4)[0]

        def text() -> str:
            nonlocal at
            count = number()
            at += count
            return data[at - count : at].decode()

        for _ in messages:
            count = number()
            verdicts.append(None if count == UNREADABLE else [(text(), text()) for _ in range(count)])
        assert at == len(data), "the program said more than it was asked"
        return verdicts


def path(violation) -> str:
    """A field's path in the form that people read: `statuses[2]`, `m["k"].name`."""
    parts = []
    for element in violation.proto.field.elements:
        part = element.field_name
        if element.subscript is not None:
            value = element.subscript.value
            if isinstance(value, str):
                value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            elif isinstance(value, bool):
                value = str(value).lower()
            part += f"[{value}]"
        parts.append(part)
    return ".".join(parts)


def judged(validator, message) -> list[tuple[str, str]]:
    """What protovalidate says, in the form of our verdicts."""
    return [(path(violation), violation.proto.rule_id) for violation in validator.collect_violations(message)]


def has_wide_map(message) -> bool:
    """Whether a map with several entries is in a message: nobody says in which order they are looked at."""
    for field, value in message.ListFields():
        if not field.message_type:
            continue
        if field.message_type.GetOptions().map_entry:
            held = value.values() if field.message_type.fields_by_name["value"].message_type else []
            if len(value) > 1 or any(has_wide_map(each) for each in held):
                return True
        elif any(has_wide_map(each) for each in (value if field.is_repeated else [value])):
            return True
    return False


def read_back(kind, data: bytes):
    """What Google's parser makes of bytes; None where they are not a message. What it does not know is left out: a map's
    entry with such a field is one to some parsers and none to others, which says nothing about rules."""
    try:
        message = kind.FromString(data)
    except DecodeError:
        return None
    message.DiscardUnknownFields()
    return message


def differences(schema: Schema, name: str, count: int, seed: int, verdicts: Verdicts, stop: bool = False) -> tuple[list[str], dict]:
    """Where we and protovalidate do not say the same of random messages of a type; and what was met."""
    maker = Maker(schema.rules_of, random.Random(f"{seed} {name}"))
    kind = schema.type(name)
    validator = protovalidate.Validator()
    met = {"messages": 0, "good": 0, "bad": 0, "unreadable": 0, "rules": set()}
    found: list[str] = []
    size = 50  # small at first: what is learned from one batch makes the next
    while met["messages"] < count and not (stop and found):
        encoded = []
        for _ in range(min(size, count - met["messages"])):
            made = maker.message(kind)
            if maker.random.random() < 0.15:
                made = read_back(kind, maker.mutated(made.SerializeToString()))
            if made is None:
                met["unreadable"] += 1
            else:
                encoded.append(made.SerializeToString())
        met["messages"], size = met["messages"] + len(encoded), min(1000, 2 * size)
        for data, ours in zip(encoded, verdicts.on(name, encoded), strict=True):
            message = kind.FromString(data)
            if ours is None:
                found.append(f"{name} {data.hex()}: we cannot read this")
                continue
            theirs = judged(validator, message)
            met["bad" if theirs else "good"] += 1
            maker.learn(message, [field for field, _ in theirs])
            met["rules"].update(rule for _, rule in theirs)
            if has_wide_map(message):
                ours, theirs = sorted(ours), sorted(theirs)
            if ours != theirs:
                found.append(f"{name} {data.hex()}:\n  ours   {ours}\n  theirs {theirs}")
    return found, met


def main():
    """rule_judge.py COUNT WORK-FOLDER [SEED]: COUNT messages of every type of the API and of the fixture."""
    count, work = int(sys.argv[1]), Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(2**31)
    print(f"rules: {count} messages a type, seed {seed}", flush=True)
    contract, every = api(work), fixture(work)
    names = [(contract, name) for name in contract.requests()] + [(every, name) for name in every.messages("fixture.rules")]
    failed, began = 0, time.monotonic()
    for schema, name in names:
        started = time.monotonic()
        found, met = differences(schema, name, count, seed, Verdicts())
        failed += bool(found)
        met["rules"], met["seconds"] = len(met["rules"]), round(time.monotonic() - started, 1)
        print(f"{'FAILED' if found else 'ok    '} {name} {json.dumps(met)}", flush=True)
        print("\n".join(found[:3]), flush=True)
    print(f"seed {seed}, {time.monotonic() - began:.0f} s")
    print(f"{len(names) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
