import tempfile
from pathlib import Path

import pytest

from service import Service, Simulator, generate_stubs


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
