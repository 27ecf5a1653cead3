"""Writes the descriptors that Python packages hold (`_pb2` modules) as one set, and prints the files to generate.

    described.py SET.binpb PACKAGE...
"""

import importlib
import pkgutil
import sys

from google.protobuf import descriptor_pb2


def modules_below(package):
    """Every `_pb2` module of a package."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, package + "."):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(module.name)


def add(file, files):
    """Adds a file behind those that it imports."""
    if file.name in files:
        return
    for imported in file.dependencies:
        add(imported, files)
    files[file.name] = descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb)


def main():
    files = {}
    for package in sys.argv[2:]:
        for module in modules_below(package):
            add(module.DESCRIPTOR, files)
    # The runtime has these already.
    own = [name for name in files if not name.startswith("google/protobuf/")]
    with open(sys.argv[1], "wb") as output:
        output.write(descriptor_pb2.FileDescriptorSet(file=files.values()).SerializeToString(deterministic=True))
    print("\n".join(sorted(own)))


if __name__ == "__main__":
    main()
