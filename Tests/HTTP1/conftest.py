import pytest

from http1_scene import attacked


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """One daemon for the attacks of a file: what one of them broke would be found by the next, or at the end."""
    with attacked(tmp_path_factory.mktemp("daemon")) as daemon:
        yield daemon
