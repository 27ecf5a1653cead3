"""The checks made of the contract's rules say what protovalidate says, on random messages of every request."""

import os
import random
import re

import pytest
from google.protobuf import descriptor_pb2

import rule_judge

MESSAGES = 2000


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def seed():
    return int(os.environ.get("TELEHEALTH_RULES_SEED", random.randrange(2**31)))


def check(schema, names, seed):
    verdicts, bad, good = rule_judge.Verdicts(), 0, 0
    for name in names:
        found, met = rule_judge.differences(schema, name, MESSAGES, seed, verdicts)
        assert not found, f"seed {seed}: {len(found)} differences, the first:\n" + "\n".join(found[:3])
        if any(field_rules(schema, name)):
            assert met["bad"] >= MESSAGES // 50, f"seed {seed}: {name} was hardly ever wrong: {met}"
        bad, good = bad + met["bad"], good + met["good"]
    print(f"seed {seed}: {len(names)} types, {good} good and {bad} bad messages")
    return good, bad


def field_rules(schema, name):
    """Whether each field of a type has rules that anything can break."""
    always = 3  # IGNORE_ALWAYS
    rules = [schema.rules_of(field) for field in schema.type(name).DESCRIPTOR.fields]
    return [bool(own.ListFields()) and own.ignore != always for own in rules]


def test_every_request_gets_protovalidates_verdict_and_field_paths(work, seed):
    schema = rule_judge.api(work)
    names = schema.requests()
    assert len(names) >= 60, "the requests were not found"
    good, bad = check(schema, names, seed)
    assert good > 10 * MESSAGES and bad > 10 * MESSAGES, "nearly all messages were alike"


def test_every_rule_on_every_kind_of_field_gets_protovalidates_verdict(work, seed):
    schema = rule_judge.fixture(work)
    check(schema, schema.messages("fixture.rules"), seed)


def test_every_field_of_a_request_that_has_a_bound_says_so_in_the_contract(work):
    """Ids, texts, enums and numbers of requests: what is taken without a rule is listed here, with the reason."""
    schema = rule_judge.api(work)
    unbound = {
        # Not a shape but a word of the service's own: PAGE_TOKEN_INVALID.
        "page_token",
        # A day, which no rule can say: the domain reads it.
        "client_birth_date",
    }
    free = []
    for name in schema.requests():
        for field in schema.type(name).DESCRIPTOR.fields:
            if field.message_type or field.type == field.TYPE_BOOL or field.name in unbound:
                continue
            if not schema.rules_of(field).ListFields():
                free.append(f"{name}.{field.name}")
    assert not free, free


def test_every_field_that_a_refusal_names_is_one_that_a_request_has(work):
    schema = rule_judge.api(work)
    places = [schema.type(name).DESCRIPTOR for name in schema.requests()]

    def resolves(message, path):
        first, _, rest = re.sub(r"\[[^]]*\]", "", path).partition(".")
        if not rest and first in message.oneofs_by_name:
            return True
        field = message.fields_by_name.get(first)
        return field is not None and (not rest or (field.message_type is not None and resolves(field.message_type, rest)))

    named = {}
    for folder in ("TelehealthRules", "TelehealthEngine", "TelehealthHandlers"):
        for file in (rule_judge.ROOT / "Sources" / folder).rglob("*.swift"):
            calls = re.findall(r'(?:\.invalid|\.refuse|fields\.\w+)\(\s*"([^"]*)"', file.read_text())
            named.update({field: file.name for field in calls})
    assert len(named) > 40, "the refusals were not found"
    # What is put together when it is said: the part before.
    fixed = {re.sub(r"[.[]?\\\(.*|\.$", "", field): file for field, file in named.items()}
    lost = {field: file for field, file in fixed.items() if field and not any(resolves(place, field) for place in places)}
    assert not lost, lost


def alterations(schema, name):
    """One change of every rule of a type's own fields, each so small that only a message at the very edge shows it."""
    for field in schema.type(name).DESCRIPTOR.fields:
        rules = schema.rules_of(field)
        if rules.required:
            yield field.name, "required", lambda own: own.ClearField("required")
        kind = rules.WhichOneof("type")
        if kind is None:
            continue
        for described, value in getattr(rules, kind).ListFields():
            if described.name in ("max_len", "max_bytes", "min_len", "max_items", "min_items", "gte", "lte", "len", "gt"):
                if described.message_type:
                    yield field.name, described.name, lambda own, kind=kind, part=described.name: setattr(
                        getattr(getattr(own, kind), part), "nanos", getattr(getattr(own, kind), part).nanos + 1)
                else:
                    yield field.name, described.name, lambda own, kind=kind, part=described.name: setattr(
                        getattr(own, kind), part, getattr(getattr(own, kind), part) + 1)
            elif described.is_extension:
                yield field.name, described.name, lambda own, kind=kind, part=described: getattr(own, kind).ClearExtension(part)
            elif described.name in ("defined_only", "uuid", "unique"):
                yield field.name, described.name, lambda own, kind=kind, part=described.name: getattr(own, kind).ClearField(part)
            elif described.name == "not_in":
                yield field.name, "not_in", lambda own, kind=kind: getattr(own, kind).not_in.pop()


def planted(schema, name, field_name, change):
    """The schema with one rule of one field changed."""

    def alter(file: descriptor_pb2.FileDescriptorProto):
        for message in file.message_type:
            if f"{file.package}.{message.name}" != name:
                continue
            for field in message.field:
                if field.name == field_name:
                    options = schema.type("RuleOptions").FromString(field.options.SerializeToString())
                    change(options.field)
                    field.options.Clear()
                    field.options.MergeFromString(options.SerializeToString())

    return alter


def test_a_rule_that_is_a_little_wrong_is_found(work, seed):
    """The negative control: each rule of each request is changed in turn for the judge alone."""
    sound, tried, missed = rule_judge.api(work), 0, []
    for name in sound.requests():
        for field, rule, change in list(alterations(sound, name)):
            tried += 1
            crooked = sound.altered(planted(sound, name, field, change))
            # In steps: most are found at once, and a limit of 262,144 bytes seldom.
            if not any(rule_judge.differences(crooked, name, 1500, seed + step, rule_judge.Verdicts(), stop=True)[0] for step in range(8)):
                missed.append(f"{name}.{field} {rule}")
    print(f"seed {seed}: {tried} rules were bent, {len(missed)} passed")
    assert tried > 150 and not missed, missed
