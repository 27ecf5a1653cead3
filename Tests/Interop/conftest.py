import sys
from pathlib import Path

import grpc
import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / folder) for folder in ("support", "oracles")]

from contract import ELSEWHERE, Observer, contract  # noqa: E402
from service import Service, Simulator, generate_stubs  # noqa: E402

#: Files that wait the longest come first: where several run side by side, none is left over at the end.
LONG = ["test_watches_survive", "test_audit_walk", "test_trusted_proxies", "test_hostile_fields", "test_admission",
        "test_issuers", "test_proxies", "test_reasons", "test_contract", "test_provider_refusals", "test_presence",
        "test_documents", "test_written_before"]


#: Every channel that a test opens is watched.
OBSERVER = Observer()
for _name in ("insecure_channel", "secure_channel"):
    def _watched(target, *arguments, _open=getattr(grpc, _name), **options):
        return grpc.intercept_channel(_open(target, *arguments, **options), OBSERVER.watch(target))

    setattr(grpc, _name, _watched)


@pytest.fixture(autouse=True)
def every_error_is_as_the_contract_says():
    yield
    faults = list(dict.fromkeys(OBSERVER.faults))
    OBSERVER.faults.clear()
    assert not faults, "\n".join(faults)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """A worker's part of what was met, and of what there is to meet."""
    output = getattr(node, "workeroutput", {})
    OBSERVER.seen.update(output.get("seen", ()))
    OBSERVER.wanted.update(output.get("wanted", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """When every file ran: each reason was met by somebody, over the wire."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["seen"], config.workeroutput["wanted"] = sorted(OBSERVER.seen), sorted(OBSERVER.wanted)
        return
    asked = [Path(config.invocation_params.dir, argument).resolve() for argument in config.args]
    narrowed = config.option.keyword or config.option.markexpr or config.option.collectonly or session.shouldstop
    if narrowed or not any(path in (HERE, *HERE.parents) for path in asked):
        return
    if unmet := OBSERVER.wanted - OBSERVER.seen:
        print(f"\nreasons that no test met: {', '.join(sorted(unmet))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items):
    ranks = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def stubs(tmp_path_factory):
    generate_stubs(tmp_path_factory.mktemp("stubs"))
    OBSERVER.wanted.update(contract().reasons.keys() - ELSEWHERE.keys())


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
