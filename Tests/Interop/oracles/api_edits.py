"""Edits of an API, each made at a random place that its descriptors name: what breaks a promise and what may come."""

import random
from dataclasses import dataclass

STRING, BYTES, MESSAGE = 9, 12, 11
NAME = "made_by_an_edit"


class Api:
    """A copy of a tree's files that can be edited."""

    def __init__(self, tree, seed: str):
        self.pool, self.names, self.random = tree.pool, set(tree.files), random.Random(seed)
        self.set = type(tree.set)()
        self.set.CopyFrom(tree.set)
        for file in self.set.file:
            file.ClearField("source_code_info")
        self.files = [file for file in self.set.file if file.name in self.names]
        # Of each thing the place of its file: what stands before it, it may name.
        places = {file.name: place for place, file in enumerate(self.files)}
        self.place = {name: places[thing.file] for name, thing in tree.things.items()}
        # Every name and word that an option uses: without it the files do not compile.
        self.used = {word for thing in tree.things.values() for option in thing.options
                     for word in (option.value if isinstance(option.value, tuple) else (option.value,))}
        self.holders = {option.holder for thing in tree.things.values() for option in thing.options}

    def pick(self, places):
        places = list(places)
        assert places, "the API has no place for this edit"
        return self.random.choice(places)

    def option(self, options, name: str):
        return options.Extensions[self.pool.FindExtensionByName(name)]

    def has(self, options, name: str) -> bool:
        return options.HasExtension(self.pool.FindExtensionByName(name))

    def services(self):
        return [(file, service) for file in self.files for service in file.service]

    def methods(self):
        """(full name, service, method)"""
        return [(f"{file.package}.{service.name}.{method.name}", service, method)
                for file, service in self.services() for method in service.method]

    def messages(self):
        """(full name, message), those in messages too; not those that options are made of."""
        return [each for file in self.files for each in within(file.package, file.message_type)
                if each[0] not in self.holders]

    def other_message(self, name: str, than: str) -> str:
        """A message that the thing of that name may use as well."""
        return "." + self.pick(other for other, _ in self.messages()
                               if self.place[other] <= self.place[name] and f".{other}" != than)

    def fields(self, kept: bool = True):
        """(full name, message, field); none of a oneof with `kept`, since whoever goes from it may leave it empty."""
        return [(f"{name}.{field.name}", message, field) for name, message in self.messages()
                for field in message.field if not (kept and field.HasField("oneof_index"))]

    def enums(self):
        """(full name, enum)"""
        found = [(f"{file.package}.{enum.name}", enum) for file in self.files for enum in file.enum_type]
        return found + [(f"{name}.{enum.name}", enum)
                        for name, message in self.messages() for enum in message.enum_type]

    def rules(self, field):
        return self.option(field.options, "buf.validate.field")

    def bounds(self):
        """(full name of the field, message of rules, word of a bound in it)"""
        return [(name, rules, word) for name, _, field in self.fields(kept=False)
                if self.has(field.options, "buf.validate.field") for rules, word in words(self.rules(field))]

    def calls(self):
        """(full name, contract)"""
        return [(name, self.option(method.options, "telehealth.v1.call")) for name, _, method in self.methods()
                if self.has(method.options, "telehealth.v1.call")]

    def reasons(self):
        """(full name, contract)"""
        return [(f"{name}.{value.name}", self.option(value.options, "telehealth.v1.reason"))
                for name, enum in self.enums() for value in enum.value
                if self.has(value.options, "telehealth.v1.reason")]

    def add_field(self, message, **more):
        number = max([field.number for field in message.field] + [0]) + 1
        return message.field.add(**{"name": NAME, "number": number, "label": 1, "type": STRING, **more})


def within(prefix: str, messages):
    for message in messages:
        if not message.options.map_entry:
            yield f"{prefix}.{message.name}", message
            yield from within(f"{prefix}.{message.name}", message.nested_type)


def numbers(message, word: str) -> set[int]:
    """What an enum field of a contract can say."""
    return {value.number for value in message.DESCRIPTOR.fields_by_name[word].enum_type.values if value.number}


#: How far a bound moves to take less.
TIGHTER = {"max_len": -1, "max_bytes": -1, "max_items": -1, "lte": -1,
           "min_len": 1, "min_bytes": 1, "min_items": 1, "gte": 1}


def words(rules):
    """The bounds in the rules of a field, those of its elements included."""
    for field, value in rules.ListFields():
        if field.message_type and not field.is_repeated:
            yield from words(value)
        elif field.name in TIGHTER and not field.message_type and not equal_ends(rules, field.name):
            yield rules, field.name


def equal_ends(rules, word: str) -> bool:
    """A range of one number, whose ends would change places."""
    return word in ("lte", "gte") and rules.HasField("lte") and rules.HasField("gte") and rules.lte == rules.gte


@dataclass(frozen=True)
class Edit:
    name: str
    breaks: bool
    #: Whether it is made in the files as well and meets the whole tool: what a client is hurt by most.
    prepared: bool
    #: Makes the edit; answers the full name of what it was made to, and a word that has to stand in the sentence.
    make: object


EDITS: list[Edit] = []


def edit(breaks: bool, prepared: bool = False):
    def noted(make):
        EDITS.append(Edit(make.__name__.replace("_", " "), breaks, prepared, make))
        return make

    return noted


breaking, prepared, allowed = edit(True), edit(True, prepared=True), edit(False)
