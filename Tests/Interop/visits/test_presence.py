"""Who counts as present when the way to them is gone without a word."""

import time

import grpc
import pytest

from relay import Relay
from service import Service
from visit import Clinic, Watch

LOST_AFTER_SECONDS = 6
#: How often the view of who is present is asked for.
LOOK_SECONDS = 0.2


@pytest.fixture
def clinic(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator, flags=[
        "--presence-lost-after", f"{LOST_AFTER_SECONDS}s", "--heartbeat-interval", "2s", "--sweep-interval", "1s"]).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic
    assert service.stop() == 0


def is_present(clinic: Clinic, session_id: str) -> bool:
    return any(person.present for person in clinic.session(session_id).participants
               if person.person_id == clinic.client_id)


def until_gone(clinic: Clinic, session_id: str, begun: float) -> float:
    while is_present(clinic, session_id):
        assert time.monotonic() - begun < 5 * LOST_AFTER_SECONDS, "the client still counts as present"
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


def test_behind_a_relay_that_goes_silent_a_watch_counts_no_longer_than_a_heartbeat_would(clinic):
    session_id = clinic.create_session(clinic.book()).session_id
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        clinic.consent(kind)
    clinic.join(session_id, "client")
    relay = Relay(clinic.service.address)
    with grpc.insecure_channel(relay.address) as channel:
        watch = watching(clinic, channel, session_id)
        watch.wait_for_snapshot()
        # Longer than a heartbeat counts: only the watch says that the client is here, and the client answers PINGs.
        time.sleep(1.5 * LOST_AFTER_SECONDS)
        assert is_present(clinic, session_id)
        relay.silence()
        took = until_gone(clinic, session_id, time.monotonic())
        assert took < LOST_AFTER_SECONDS + 2
    relay.close()


def watching(clinic: Clinic, channel: grpc.Channel, session_id: str) -> Watch:
    """The client's watch over a channel of its own."""
    own = Clinic(clinic.service, channel)
    own.client_id = clinic.client_id
    return Watch(own, session_id, "client")
