"""telehealth-probe plays every scenario against a running service, and exits with 0 only when every step passed."""

import os
import re
import subprocess

import pytest

from service import BIN

SCENARIOS = ["pair", "group", "interpreter", "no-show", "revoked-consent", "network-break", "dead-meeting"]


def play(service, scenario: str, **environment: str) -> subprocess.CompletedProcess:
    command = [BIN / "telehealth-probe", "visit", "--scenario", scenario, "--data-dir", service.data, "--target", service.address]
    env = {**{k: v for k, v in os.environ.items() if k != "AWS_ENDPOINT_URL"}, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env=env)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_scenario_is_played_to_its_end(service, simulator, scenario):
    played = play(service, scenario, AWS_ENDPOINT_URL=f"http://{simulator.address}")
    assert played.returncode == 0, played.stdout + played.stderr
    assert re.search(r"(\d+) of \1 steps passed", played.stdout)


def test_a_dead_meeting_without_a_simulator_says_what_is_missing(service):
    unnamed = play(service, "dead-meeting")
    assert unnamed.returncode == 1 and "--simulator" in unnamed.stderr
    absent = play(service, "dead-meeting", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert absent.returncode == 2 and "no Chime simulator" in absent.stderr
