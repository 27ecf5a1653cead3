"""Our codec as another process: protobuf-conformance, asked as Google's conformance runner asks it."""

import os
import struct
import subprocess
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from service import BIN, ROOT

SUITE = ROOT / "tools/.cache/conformance/source/protobuf-3.21.12"
BINARY, JSON, TEXT = 1, 2, 4
PAYLOADS = {BINARY: "protobuf_payload", JSON: "json_payload", TEXT: "text_payload"}


def compile_schemas(into: Path) -> Path:
    """A descriptor set of the suite's messages and of the whole telehealth API."""
    import grpc_tools
    from grpc_tools import protoc

    api = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/telehealth").rglob("*.proto"))
    path = into / "schemas.binpb"
    status = protoc.main([
        "protoc", f"-I{SUITE / 'conformance'}", f"-I{SUITE / 'src'}", f"-I{ROOT / 'proto'}", f"-I{ROOT / 'proto/vendor'}",
        f"-I{Path(grpc_tools.__file__).parent / '_proto'}", "--include_imports", f"--descriptor_set_out={path}",
        "conformance.proto", "google/protobuf/test_messages_proto2.proto", "google/protobuf/test_messages_proto3.proto", *api])
    assert status == 0, "protoc could not compile the schemas"
    return path


def load(path: Path) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    return pool


class CodecPeer:
    """Answers one question after the other, each in a few hundred microseconds."""

    def __init__(self, schemas: Path, pool, codec: str):
        self.process = subprocess.Popen(
            [BIN / "protobuf-conformance"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "CONFORMANCE_DESCRIPTORS": str(schemas), "CONFORMANCE_CODEC": codec})
        find = pool.FindMessageTypeByName
        self.request = message_factory.GetMessageClass(find("conformance.ConformanceRequest"))
        self.response = message_factory.GetMessageClass(find("conformance.ConformanceResponse"))

    def ask(self, type_name: str, form: int, payload: bytes | str, wanted: int, **options):
        """The answer in the wanted format, or None when the payload is refused."""
        request = self.request(message_type=type_name, requested_output_format=wanted, **options)
        setattr(request, PAYLOADS[form], payload)
        data = request.SerializeToString()
        self.process.stdin.write(struct.pack("<I", len(data)) + data)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        assert len(head) == 4, f"the codec died of {type_name} in {payload!r:.3000}"
        response = self.response.FromString(self.process.stdout.read(struct.unpack("<I", head)[0]))
        result = response.WhichOneof("result")
        self.complaint = response.parse_error
        if result == "parse_error":
            return None
        assert result == PAYLOADS[wanted], f"{response} for {type_name} in {payload!r:.3000}"
        return getattr(response, result)

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(timeout=10)
