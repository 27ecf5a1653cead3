"""Prints every name that generated code could meet: what the generator writes, what its runtime offers, Swift's words.

    names.py GRAPHS GENERATED.swift ...    GRAPHS is a folder of symbol graphs (swift symbolgraph-extract)

Nothing here is a list kept by hand: a name that the generator, the runtime or Swift gains is covered from then on.
"""

import json
import pathlib
import re
import sys

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def words_of_swift(graphs):
    """The compiler's own list of keywords, contextual ones too."""
    for symbol in symbols(graphs, "SwiftSyntax"):
        path = symbol["pathComponents"]
        if path[0] == "Keyword" and symbol["kind"]["identifier"] == "swift.enum.case":
            yield path[1]


def symbols(graphs, module):
    """The symbols of one module."""
    return json.loads((graphs / f"{module}.symbols.json").read_text())["symbols"]


def names_of_runtime(graphs):
    """Every name a caller of the runtime can write: types, members and the labels of their parameters."""
    for module in ("ProtobufWire", "RPCModel"):
        yield module
        for symbol in symbols(graphs, module):
            for component in symbol["pathComponents"]:
                yield from IDENTIFIER.findall(component)


def names_of_standard_library(graphs):
    """The members of what every message and enum conforms to or is wrapped in."""
    wrappers = {"Optional", "Hashable", "Equatable", "CustomStringConvertible", "CustomReflectable"}
    yield "Swift"
    for symbol in symbols(graphs, "Swift"):
        if symbol["pathComponents"][0] in wrappers:
            yield from IDENTIFIER.findall(symbol["pathComponents"][-1])


def names_of_generator(files):
    """Every word of generated code but the names that its schema gave, which hold the package's prefix."""
    for file in files:
        code = re.sub(r'"""(.*?)"""|//[^\n]*', " ", pathlib.Path(file).read_text(), flags=re.DOTALL)
        for word in IDENTIFIER.findall(code):
            if not word.startswith(("Fixture_", "Google_")):
                yield word


def main():
    graphs = pathlib.Path(sys.argv[1])
    found = {"_", "__", "_1"}
    for source in (words_of_swift, names_of_runtime, names_of_standard_library):
        found.update(source(graphs))
    found.update(names_of_generator(sys.argv[2:]))
    # Google's names are packages of their own here.
    names = [name for name in found if IDENTIFIER.fullmatch(name) and not name.startswith("Google_")]
    print("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
