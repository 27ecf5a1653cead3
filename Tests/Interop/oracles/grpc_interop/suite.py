"""What the Python client and server share: stubs made from the suite's contracts, and its numbers.

`tools/interop prepare` puts the contracts under tools/.cache/interop.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
CACHE = ROOT / "tools/.cache/interop"

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
LOAD_TRAILER = "endpoint-load-metrics-bin"
FILES = [
    f"src/proto/grpc/testing/{name}.proto"
    for name in ("empty", "messages", "test", "xds/v3/orca_load_report", "xds/v3/orca_service")
]


def import_stubs():
    """Makes the stubs where the contracts are, once per generator and contracts, and imports the suite's own."""
    import grpc_tools
    from grpc_tools import protoc

    sources = sorted(CACHE.glob("source/grpc-*/src/proto/grpc/testing/test.proto"))
    if not sources:
        raise RuntimeError("the suite's contracts are missing: run tools/interop prepare")
    source = sources[-1].parents[4]
    contracts = hashlib.sha256(b"".join((source / file).read_bytes() for file in FILES)).hexdigest()[:8]
    stubs = CACHE / "python" / f"{sys.version_info.major}.{sys.version_info.minor}-{protoc_version()}-{contracts}"
    if not stubs.exists():
        stubs.parent.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(dir=stubs.parent)
        well_known = Path(grpc_tools.__file__).parent / "_proto"
        status = protoc.main(
            ["protoc", f"-I{source}", f"-I{well_known}", f"--python_out={fresh}", f"--grpc_python_out={fresh}", *FILES])
        if status != 0:
            raise RuntimeError("protoc could not compile the suite's contracts")
        try:
            os.rename(fresh, stubs)
        except OSError:  # another process was faster
            pass
    sys.path.insert(0, str(stubs))
    from src.proto.grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc

    return empty_pb2, messages_pb2, test_pb2_grpc


def import_load_stubs():
    """The contracts of load reports, behind `import_stubs`."""
    from src.proto.grpc.testing.xds.v3 import orca_load_report_pb2, orca_service_pb2, orca_service_pb2_grpc

    return orca_load_report_pb2, orca_service_pb2, orca_service_pb2_grpc


def load_report(load):
    """A load report that says what the suite's message does."""
    report, _, _ = import_load_stubs()
    return report.OrcaLoadReport(
        cpu_utilization=load.cpu_utilization, mem_utilization=load.memory_utilization,
        request_cost=load.request_cost, utilization=load.utilization)


def protoc_version():
    from importlib.metadata import version

    return version("grpcio-tools")
