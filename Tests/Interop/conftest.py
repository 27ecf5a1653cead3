import tempfile
from pathlib import Path

import pytest

from service import Service, Simulator, generate_stubs

#: Files that wait the longest come first: where several run side by side, none is left over at the end.
LONG = ["test_watches_survive", "test_audit_walk", "test_trusted_proxies", "test_hostile_fields", "test_admission",
        "test_issuers", "test_proxies", "test_reasons", "test_provider_refusals", "test_presence", "test_readme",
        "test_written_before"]


def pytest_collection_modifyitems(items):
    ranks = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def stubs(tmp_path_factory):
    generate_stubs(tmp_path_factory.mktemp("stubs"))


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    simulator = Simulator(log=tmp_path_factory.mktemp("simulator") / "log")
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("plain") / "data", simulator).start()
    yield service
    assert service.stop() == 0, "telehealthd must leave with 0 on SIGTERM"
