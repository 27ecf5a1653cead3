"""Whatever a .proto can say before and after, tools/api-freeze says whether it may have changed so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from api_freeze.compare import Comparison  # noqa: E402
from api_freeze.tree import Tree  # noqa: E402

# What a .proto says before and after, and a word of the sentence that names the break; None where it may be. Every
# case is a package of its own, whose name stands for PACKAGE; a NUMBER is the case's own.
CASES = {
    "a file's option goes": ('option go_package = "a";', "", "go_package"),
    "a file's option comes": ("", "option java_multiple_files = true;", "java_multiple_files"),
    "a file is deprecated": ("", "option deprecated = true;", None),
    "a message is no longer deprecated": ("message M { option deprecated = true; }", "message M {}", None),
    "a reserved number is given free": (
        "message M { reserved 4, 6 to 9; }",
        "message M { reserved 6 to 9; }",
        "reserves"),
    "a reserved number is used": ("message M { reserved 4; }", "message M { int32 f = 4; }", "reserves"),
    "more numbers are reserved": ("message M { reserved 4; }", "message M { reserved 3 to 9; }", None),
    "a reserved name is used": ('message M { reserved "f"; }', "message M { int32 f = 4; }", "reserves [f]"),
    "a reserved number of an enum is given free": ("enum E { Z = 0; reserved 4; }", "enum E { Z = 0; }", "reserves"),
    "an enum value gets a second name": (
        "enum E { Z = 0; A = 1; }",
        "enum E { option allow_alias = true; Z = 0; A = 1; B = 1; }",
        "allow_alias"),
    "an enum value is renamed": ("enum E { Z = 0; A = 1; }", "enum E { Z = 0; B = 1; }", "is B now"),
    "two fields swap their numbers": (
        "message M { int32 a = 1; int32 b = 2; }",
        "message M { int32 a = 2; int32 b = 1; }",
        "number was"),
    "a field becomes optional": (
        "message M { int32 a = 1; }",
        "message M { optional int32 a = 1; }",
        "proto3 optional"),
    "a field is optional no more": (
        "message M { optional int32 a = 1; }",
        "message M { int32 a = 1; }",
        "proto3 optional"),
    "a field leaves its oneof": (
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        "message M { oneof o { int32 a = 1; } int32 b = 2; }",
        "oneof was"),
    "a oneof gets another name": (
        "message M { oneof o { int32 a = 1; } }",
        "message M { oneof p { int32 a = 1; } }",
        "is gone"),
    "fields in another order": (
        "message M { int32 a = 1; int32 b = 2; }",
        "message M { int32 b = 2; int32 a = 1; }",
        None),
    "a map holds another type": (
        "message M { map<string, int32> m = 1; }",
        "message M { map<string, int64> m = 1; }",
        "type was"),
    "a map becomes a list": (
        "message M { map<string, int32> m = 1; }",
        "message M { message E { string key = 1; int32 value = 2; } repeated E m = 1; }",
        "is gone"),
    "a kind of int is another": ("message M { int32 a = 1; }", "message M { uint32 a = 1; }", "type was"),
    "an enum becomes an int": (
        "enum E { Z = 0; } message M { E a = 1; }",
        "enum E { Z = 0; } message M { int32 a = 1; }",
        "type was"),
    "a message becomes an enum": ("message M {}", "enum M { Z = 0; }", "different kind"),
    "a message moves out of another": ("message M { message N {} }", "message M {} message N {}", "is gone"),
    "a field is packed otherwise": (
        "message M { repeated int32 a = 1; }",
        "message M { repeated int32 a = 1 [packed = false]; }",
        "packed"),
    "a number is a text in JavaScript": (
        "message M { int64 a = 1; }",
        "message M { int64 a = 1 [jstype = JS_STRING]; }",
        "jstype"),
    "a stream of requests": (
        "message M {} service S { rpc R(M) returns (M); }",
        "message M {} service S { rpc R(stream M) returns (M); }",
        "client streaming"),
    "reads are promised to be reads": (
        "message M {} service S { rpc R(M) returns (M); }",
        "message M {} service S { rpc R(M) returns (M) { option idempotency_level = NO_SIDE_EFFECTS; } }",
        "idempotency_level"),
    "reads are promised no more": (
        "message M {} service S { rpc R(M) returns (M) { option idempotency_level = IDEMPOTENT; } }",
        "message M {} service S { rpc R(M) returns (M); }",
        "idempotency_level"),
    "an extension moves to another message": (
        "extend google.protobuf.FieldOptions { string x = NUMBER; }",
        "extend google.protobuf.MessageOptions { string x = NUMBER; }",
        "extendee"),
    "a public import goes": (
        'import public "google/protobuf/any.proto";',
        'import "google/protobuf/any.proto";',
        "any.proto"),
    "an import goes": ('import "google/protobuf/any.proto";', "", None),
    "an option of our own is another": (
        'extend google.protobuf.FieldOptions { string x = NUMBER; } message M { int32 a = 1 [(x) = "1"]; }',
        'extend google.protobuf.FieldOptions { string x = NUMBER; } message M { int32 a = 1 [(x) = "2"]; }',
        "x)` was"),
    "an option without a word goes": (
        "message O {} extend google.protobuf.FieldOptions { O x = NUMBER; } message M { int32 a = 1 [(x) = {}]; }",
        "message O {} extend google.protobuf.FieldOptions { O x = NUMBER; } message M { int32 a = 1; }",
        "x)` was"),
    "a rule of our own is used where it was not": (
        "extend buf.validate.StringRules { RULE } message M { string a = 1; }",
        "extend buf.validate.StringRules { RULE } message M { string a = 1 [(buf.validate.field).string.(x) = "
        "true]; }",
        "x)` was"),
    "a rule of our own goes that nobody judged": (
        "extend buf.validate.StringRules { RULE } message M { string a = 1 [(buf.validate.field).string.(x) = "
        "true]; }",
        "extend buf.validate.StringRules { RULE } message M { string a = 1; }",
        "x)` was"),
    "a rule of our own means something else": (
        "extend buf.validate.StringRules { RULE }",
        'extend buf.validate.StringRules { optional bool x = NUMBER [(buf.validate.predefined).cel = {id: "x" '
        'expression: "false"}]; }',
        "predefined).cel` was"),
    "an expression goes": (
        'message M { int32 a = 1 [(buf.validate.field).cel = {id: "x" expression: "this > 1"}]; }',
        "message M { int32 a = 1; }",
        None),
    "an expression comes": (
        "message M { int32 a = 1; }",
        'message M { int32 a = 1 [(buf.validate.field).cel = {id: "x" expression: "this > 1"}]; }',
        "refuses more"),
    "a message gets an expression": (
        "message M { int32 a = 1; }",
        'message M { option (buf.validate.message).cel = {id: "x" expression: "true"}; int32 a = 1; }',
        "refuses more"),
    "fields exclude each other": (
        "message M { int32 a = 1; int32 b = 2; }",
        'message M { option (buf.validate.message).oneof = {fields: ["a", "b"]}; int32 a = 1; int32 b = 2; }',
        "refuses more"),
    "a oneof has to be set": (
        "message M { oneof o { int32 a = 1; } }",
        "message M { oneof o { option (buf.validate.oneof).required = true; int32 a = 1; } }",
        "required"),
    "a oneof need not be set": (
        "message M { oneof o { option (buf.validate.oneof).required = true; int32 a = 1; } }",
        "message M { oneof o { int32 a = 1; } }",
        None),
    "a field with a least value comes": (
        "message M {}",
        "message M { int32 a = 1 [(buf.validate.field).int32.gte = 1]; }",
        "new and required"),
    "an optional field with a least value comes": (
        "message M {}",
        "message M { optional int32 a = 1 [(buf.validate.field).int32.gte = 1]; }",
        None),
    "a list with a least count comes": (
        "message M {}",
        "message M { repeated int32 a = 1 [(buf.validate.field).repeated.min_items = 1]; }",
        "new and required"),
    "a field comes whose message has to hold something": (
        "message N { int32 b = 1 [(buf.validate.field).required = true]; } message M {}",
        "message N { int32 b = 1 [(buf.validate.field).required = true]; } message M { N a = 1; }",
        None),
    "a new message asks for its fields": (
        "",
        "message M { int32 a = 1 [(buf.validate.field).required = true]; }",
        None),
    "what is not a number is refused": (
        "message M { float a = 1; }",
        "message M { float a = 1 [(buf.validate.field).float.gte = -inf]; }",
        "takes less"),
    "the elements of a list are bound": (
        "message M { repeated string a = 1; }",
        "message M { repeated string a = 1 [(buf.validate.field).repeated.items.string.max_len = 9]; }",
        "items.string` takes less"),
    "the keys of a map are less bound": (
        "message M { map<string, int32> a = 1 [(buf.validate.field).map.keys.string.max_len = 9]; }",
        "message M { map<string, int32> a = 1 [(buf.validate.field).map.keys.string.max_len = 10]; }",
        None),
    "a time may be further from now": (
        "message M { google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.within = {seconds: 5}]; }",
        "message M { google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.within = {seconds: 6}]; }",
        None),
    "a time may be less far from now": (
        "message M { google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.within = {seconds: 5}]; }",
        "message M { google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.within = {seconds: 5 nanos: "
        "-1}]; }",
        "within"),
    "headers are taken strictly again": (
        "message M { string a = 1 [(buf.validate.field).string = {well_known_regex: KNOWN_REGEX_HTTP_HEADER_NAME "
        "strict: false}]; }",
        "message M { string a = 1 [(buf.validate.field).string = {well_known_regex: "
        "KNOWN_REGEX_HTTP_HEADER_NAME}]; }",
        "strict"),
    "an example is another": (
        "message M { int32 a = 1 [(buf.validate.field).int32.example = 1]; }",
        "message M { int32 a = 1 [(buf.validate.field).int32.example = 2]; }",
        None),
    "a list of roles in another order": (
        "message M {} service S { rpc R(M) returns (M) { option (telehealth.v1.call) = {roles: [CALLER_ROLE_ADMIN, "
        "CALLER_ROLE_CLIENT]}; } }",
        "message M {} service S { rpc R(M) returns (M) { option (telehealth.v1.call) = {roles: "
        "[CALLER_ROLE_CLIENT, CALLER_ROLE_ADMIN]}; } }",
        None),
    "a reason that is named comes to every call": (
        "enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {code: STATUS_CODE_NOT_FOUND}]; }",
        "enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {code: STATUS_CODE_NOT_FOUND scope: "
        "REASON_SCOPE_EVERY_CALL}]; }",
        None),
    "a key that is sometimes there goes": (
        'enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {metadata_sometimes: ["k", "l"]}]; }',
        'enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {metadata_sometimes: "l"}]; }',
        "lost k"),
    "a key that is sometimes there comes to be always": (
        'enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {metadata_sometimes: ["k", "l"]}]; }',
        'enum E { Z = 0; A = 1 [(telehealth.v1.reason) = {metadata: "k" metadata_sometimes: "l"}]; }',
        None),
}
RULE = 'optional bool x = NUMBER [(buf.validate.predefined).cel = {id: "x" expression: "!rule || this != \'\'"}];'


IMPORTS = ["buf/validate/validate.proto", *(f"google/protobuf/{name}.proto" for name in ("descriptor", "timestamp"))]


def write(folder: Path, side: int, cases: dict) -> None:
    """A file for each case, beside the files of proto/."""
    own = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/telehealth").rglob("*.proto"))
    for name in own:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / "proto" / name).read_bytes())
    imports = "".join(f'import "{name}";' for name in (*own, *IMPORTS))
    for name, case in cases.items():
        number = list(CASES).index(name)
        text = case[side].replace("RULE", RULE).replace("NUMBER", str(60000 + number))
        syntax = "proto3"
        if "extend buf." in text:  # only the older syntax extends anything but options
            syntax, text = "proto2", text.replace("string a", "optional string a")
        (folder / f"case{number}.proto").write_text(
            f'syntax = "{syntax}"; package case{number};\n{imports}\n{text}')


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Every difference of each case, all of them compiled in two trees."""
    trees = []
    for side in range(2):
        folder = tmp_path_factory.mktemp("cases")
        write(folder, side, CASES)
        trees.append(Tree.compile(folder, ROOT / "proto/vendor"))
    return Comparison(*trees).run()


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_says_something_else_is_judged(judged, case):
    number, word = list(CASES).index(case), CASES[case][2]
    breaks = [str(each) for each in judged if each.file == f"case{number}.proto" and each.breaks]
    if word is None:
        assert breaks == []
    else:
        assert any(word in each for each in breaks), breaks


def test_buf_has_nothing_against_what_may_be(tmp_path):
    may = {name: case for name, case in CASES.items() if case[2] is None}
    assert len(may) > 10
    write(tmp_path, 1, may)
    write(tmp_path / "baseline", 0, may)
    (tmp_path / "vendor").symlink_to(ROOT / "proto/vendor")
    (tmp_path / "buf.yaml").symlink_to(ROOT / "proto/buf.yaml")
    ended = subprocess.run([ROOT / "tools/api-freeze", tmp_path], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_moves_to_another_file_or_package_is_gone_from_where_it_was(tmp_path):
    declared = {"message": "message M {}", "enum": "enum M { Z = 0; }",
                "service": "message N {} service M { rpc R(N) returns (N); }"}
    for kind, text in declared.items():
        trees = []
        for side, (one, other) in enumerate(((text, ""), ("", text))):
            folder = tmp_path / f"{kind}{side}"
            folder.mkdir()
            (folder / "one.proto").write_text(f'syntax = "proto3"; package t; {one}')
            (folder / "other.proto").write_text(f'syntax = "proto3"; package t; {other}')
            (folder / "last.proto").write_text(f'syntax = "proto3"; package {"uv"[side]}; {text}')
            trees.append(Tree.compile(folder, ROOT / "proto/vendor"))
        told = [str(each) for each in Comparison(*trees).run() if each.breaks]
        assert f"other.proto: the {kind} t.M: file was file one.proto and is file other.proto." in told
        assert f"last.proto: the {kind} u.M is gone." in told
        assert "last.proto: the file last.proto: package was package u and is package v." in told
