"""Writes .proto files in which every name that the generator or Swift uses stands at every place a name can.

    grid.py NAMES FOLDER    NAMES holds a name a line; each folder made in FOLDER is one Swift module's protos
"""

import pathlib
import re
import sys

SCALARS = (
    "double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes".split()
)
# One message field of every shape, so that the code of a message uses every name that generated code can use.
EVERY_SHAPE = "\n".join(
    [f"  optional {kind} s_{kind} = {number};" for number, kind in enumerate(SCALARS, 1)]
    + [f"  repeated {kind} r_{kind} = {number};" for number, kind in enumerate(SCALARS, 101)]
    + [f"  repeated {kind} p_{kind} = {number} [packed = true];" for number, kind in enumerate(SCALARS[:13], 201)]
    + [f"  map<string, {kind}> m_{kind} = {number};" for number, kind in enumerate(SCALARS, 301)]
    + [f"  oneof o_{kind} {{ {kind} o1_{kind} = {number}; }}" for number, kind in enumerate(SCALARS, 401)]
    # Rules whose checks have every form.
    + [
        "  optional string k_text = 501 [(.buf.validate.field).string = {uuid: true, in: ['a'], min_len: 1, prefix: 'b'}];",
        "  repeated string k_list = 502 [(.buf.validate.field).repeated = {unique: true, items: {string: {max_bytes: 1}}}];",
        "  map<string, int32> k_map = 503 [(.buf.validate.field).map = {keys: {string: {len: 1}}, values: {int32: {gt: 1}}}];",
        "  oneof k_one { option (.buf.validate.oneof).required = true; double k_half = 504 [(.buf.validate.field).double.finite = true]; }",
    ]
)
RULES = 'import "buf/validate/validate.proto";'


def snake(name):
    """`unknownFields` to `unknown_fields`: the spelling that becomes it again in Swift."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def distinct(names, key=lambda name: name):
    """The first of the names that have the same key."""
    found = {}
    for name in names:
        found.setdefault(key(name), name)
    return list(found.values())


def loose(name):
    """What protoc holds two fields of one proto3 message apart by."""
    return name.replace("_", "").lower()


class Grid:
    """The folders and files of the grid."""

    def __init__(self, names, folder):
        self.folder = pathlib.Path(folder)
        self.names = names
        self.spelled = distinct(names + [snake(name) for name in names])

    def write(self, path, *parts):
        """Writes one file of the grid."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(parts) + "\n", newline="")

    def fields(self):
        """Every name as a field of every kind, as a map, as a oneof and as a oneof's member."""
        types = "message Small { optional int32 n = 1; }\nmessage Deep { optional Deep deep = 1; }\n"
        types += "enum Color { RED = 0; }"
        # One kind for each form that a field's code has.
        proto2 = ["int32", "bool", "double", "string", "bytes", "Small", "Deep", "Color"]
        messages = []
        for label in ("optional", "repeated"):
            for kind in proto2:
                messages.append(self.message(f"{label}_{kind}", [f"{label} {kind} {{}} = {{}};"], self.spelled))
        messages.append(self.message("packed", ["repeated Color {} = {} [packed = true];"], self.spelled))
        for value in ("string", "Small", "Color"):
            names = distinct(self.spelled, loose)
            messages.append(self.message(f"map_{value}", [f"map<int32, {value}> {{}} = {{}};"], names))
        for kind in ("string", "Small", "Deep", "Color"):
            for oneof in ("value", "reader"):
                fields = [f"{kind} {{}} = {{}};"]
                inner = [name for name in self.spelled if name != oneof]
                messages.append(self.message(f"of_{oneof}_{kind}", fields, inner, f"oneof {oneof}"))
        oneofs = [
            f"  oneof {name} {{ string a{i} = {3 * i}; Small b{i} = {3 * i + 1}; Deep c{i} = {3 * i + 2}; }}"
            for i, name in enumerate(self.spelled, 10_000)
        ]
        messages.append("message Oneofs {\n" + "\n".join(oneofs) + "\n}")
        groups = [name[0].upper() + name[1:] for name in self.names if name[0].isalpha()]
        groups = distinct(groups, str.lower)
        for label in ("optional", "repeated"):
            body = [f"{label} group {g} = {i} {{ optional string s = 1; }}" for i, g in enumerate(groups, 20_000)]
            messages.append(f"message {label}_groups {{\n" + "\n".join(body) + "\n}")
        messages.append("message Extended { extensions 1 to max; }\nmessage Scope {\n  extend Extended {")
        messages.append("\n".join(f"    optional int32 {name} = {i};" for i, name in enumerate(self.spelled, 20_000)))
        messages.append("  }\n}")
        self.write("fields/fields2.proto", 'syntax = "proto2";', "package grid.fields2;", types, *messages)

        names = distinct(self.spelled, loose)
        types = "message Small { int32 n = 1; }\nmessage Deep { Deep deep = 1; }\nenum Color { RED = 0; }"
        messages = []
        for label in ("", "optional ", "repeated "):
            for kind in proto2:
                name = f"{label.strip()}_{kind}"
                messages.append(self.message(name, [f"{label}{kind} {{}} = {{}};"], names))
        self.write("fields/fields3.proto", 'syntax = "proto3";', "package grid.fields3;", types, *messages)

    @staticmethod
    def message(name, fields, names, inside=None):
        """A message with each of the fields' patterns for each of the names."""
        lines = []
        for number, each in enumerate(names):
            for place, pattern in enumerate(fields):
                lines.append("  " + pattern.format(each, 20_000 + number * len(fields) + place))
        body = "\n".join(lines)
        if inside:
            body = f"  {inside} {{\n{body}\n  }}"
        return f"message K_{name} {{\n{body}\n}}"

    def nested(self):
        """Every name as a nested message and as a nested enum, beside code that uses every name."""
        messages = ["message User {\n" + EVERY_SHAPE + "\n}"]
        inner = "\n".join(f"  message {name} {{ optional {name} again = 1; }}" for name in self.spelled)
        used = "\n".join(f"  optional {name} f{i} = {i};" for i, name in enumerate(self.spelled, 20_000))
        user = "  message User_ {\n" + EVERY_SHAPE + "\n  }"
        messages.append(f"message Messages {{\n{EVERY_SHAPE}\n{inner}\n{used}\n{user}\n}}")
        inner = "\n".join(f"  enum {name} {{ V{i} = 0; }}" for i, name in enumerate(self.spelled))
        messages.append(f"message Enums {{\n{EVERY_SHAPE}\n{inner}\n{used}\n{user}\n}}")
        for i, name in enumerate(self.names):
            messages.append(
                f"message Twice{i} {{ message {name} {{ message {name} {{ optional Twice{i}.{name} up = 1; }} "
                f"optional {name} again = 1; }} map<string, {name}> m = 2; }}"
            )
        self.write("nested/nested.proto", 'syntax = "proto2";', "package grid.nested;", RULES, *messages)

    def top(self):
        """Every name as a message, an enum and a service of a package, of none, and of one that flattens to it."""
        for module, package in (("top", "package grid.t;"), ("bare", "")):
            lines = [f"message {name} {{ optional string s = 1; optional {name} again = 2; }}" for name in self.spelled]
            kinds = ("{0} : {0}", "stream {0} : {0}", "{0} : stream {0}", "stream {0} : stream {0}")
            calls = []
            for kind, pattern in enumerate(kinds):
                # Each name is a method of one kind; in the package all names are methods of each.
                for name in self.spelled[kind :: 1 if package else 4]:
                    request, response = pattern.format("." + self.full(package, name)).split(" : ")
                    calls.append((kind, f"  rpc {name}({request}) returns ({response});"))
            for kind in range(4):
                methods = "\n".join(line for k, line in calls if k == kind)
                lines.append(f"service Methods_{kind}_ {{\n{methods}\n}}")
            lines.append("message User_ {\n" + EVERY_SHAPE + "\n}")
            used = "\n".join(f"  optional {name} f{i} = {i};" for i, name in enumerate(self.spelled, 20_000))
            lines.append(f"message Holder_ {{\n{used}\n}}")
            used = "\n".join(
                f"  optional .{self.full(package, name)} {name} = {i};" for i, name in enumerate(self.spelled, 20_000)
            )
            lines.append(f"message Same_ {{\n{used}\n}}")
            self.write(f"{module}_messages/m.proto", 'syntax = "proto2";', package, RULES, *lines)
            lines = [f"enum {name} {{ V{i} = 0; }}" for i, name in enumerate(self.spelled)]
            lines.append("message User_ {\n" + EVERY_SHAPE + "\n}")
            lines.append(f"message Holder_ {{\n{used}\n}}")
            self.write(f"{module}_enums/e.proto", 'syntax = "proto2";', package, RULES, *lines)
            lines = ["message M_ { optional string s = 1; }"]
            lines += [f"service {name} {{ rpc {name}(M_) returns (stream M_); }}" for name in self.spelled]
            lines.append("message User_ {\n" + EVERY_SHAPE + "\n}")
            self.write(f"{module}_services/s.proto", 'syntax = "proto2";', package, RULES, *lines)

    @staticmethod
    def full(package, name):
        """The name behind its package."""
        return (package.removeprefix("package ").removesuffix(";") + "." + name).lstrip(".")

    def enum_values(self):
        """Every name as a value: alone, behind the enum's name, in capitals, and as another name of a value."""
        lines = []
        spellings = {
            "Plain": lambda name: name,
            "Form": lambda name: "FORM_" + snake(name).upper(),
            "Kept": lambda name: "Kept_" + name,
        }
        for enum, spell in spellings.items():
            values = distinct([spell(name) for name in self.spelled])
            body = "\n".join(f"    {value} = {i};" for i, value in enumerate(values))
            lines.append(f"message In{enum} {{ enum {enum} {{\n{body}\n  }}\n  optional {enum} e = 1; }}")
            body = "\n".join(f"    {value} = 0;" for value in values)
            lines.append(f"message Alias{enum} {{ enum {enum} {{\n    option allow_alias = true;\n{body}\n  }} }}")
        self.write("values/values.proto", 'syntax = "proto2";', "package grid.v;", *lines)

    def packages(self):
        """Every name as a package or a part of one, and as the name of its file; each file uses the one before."""
        before = None
        for i, name in enumerate(self.names):
            # A file costs the compiler more than a declaration: hence not both for each name.
            own, package = (f"{name}.proto", name) if i % 2 else (f"p/{name}.proto", f"p.{name}.{name}")
            imports = f'import "{before[0]}";' if before else ""
            field = f"  optional .{before[1]}.M m = 1;" if before else ""
            self.write(
                f"packages/{own}", 'syntax = "proto2";', f"package {package};", imports, "enum E { A = 0; }",
                f"message M {{\n{field}\n  optional string s = 2;\n  optional E e = 3;\n}}",
                "service S { rpc Call(M) returns (M); }",
            )
            before = (own, package)


def main():
    names = [line for line in pathlib.Path(sys.argv[1]).read_text().split("\n") if line]
    grid = Grid(names, sys.argv[2])
    grid.fields()
    grid.nested()
    grid.top()
    grid.enum_values()
    grid.packages()


if __name__ == "__main__":
    main()
