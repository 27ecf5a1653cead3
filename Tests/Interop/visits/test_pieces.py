"""A whole visit over connections that hand every byte on by itself, or seven at a time: nobody relies on where reads end."""

import json
import urllib.request

import grpc
import pytest

from meeting_events import recorded_visit, recording_of
from service import Service, Simulator
from visit import Clinic
from waiting import until
from webhook_receiver import SECRET, Receiver
from wiretap import Wiretap


@pytest.mark.parametrize("piece", [1, 7])
def test_a_visit_goes_over_connections_in_pieces(tmp_path, piece):
    """Front end, Chime, S3, webhooks and probers: both directions of each. Whole reads are what every other test has."""
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as m

    simulator = Simulator("--pipeline-step-milliseconds", "100", log=tmp_path / "simulator.log")
    cloud, receiver = Wiretap(simulator.address, piece), Receiver()
    hooks = Wiretap(receiver.url.split("/")[2], piece)
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "webhooks.json").write_text(json.dumps({"targets": [
        {"name": "records", "url": f"http://{hooks.address}/hook", "secret_file": str(tmp_path / "secret")}]}))
    service = Service(tmp_path / "data", simulator, env={
        "AWS_ENDPOINT_URL": f"http://{cloud.address}", "TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0",
        "TELEHEALTH_CONCATENATION_POLL": "200ms", "TELEHEALTH_WEBHOOKS_FILE": str(tmp_path / "webhooks.json"),
        "TELEHEALTH_WEBHOOKS_ON_LOOPBACK": "true"}).start()
    front, prober = Wiretap(service.address, piece), Wiretap(service.ready["monitoring"], piece)
    with grpc.insecure_channel(front.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        sid, _, watch = recorded_visit(clinic)
        clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
        watch.wait_for_end()
        until("the file is there", lambda: recording_of(clinic, sid).state == 6)
        play = rec.GetRecordingPlaybackUrlRequest(recording_id=recording_of(clinic, sid).recording_id)
        assert clinic.call(clinic.recordings.GetRecordingPlaybackUrl, play, "clinician").url
        until("the webhooks", lambda: "RECORDING_AVAILABLE" in {told["kind"] for told in receiver.of(sid)})
        assert not receiver.problems
        with urllib.request.urlopen(f"http://{prober.address}/metrics", timeout=10) as answer:
            assert b"JoinSession" in answer.read()
    assert service.stop() == 0
    simulator.stop()
    receiver.close()
    for tap in (cloud, hooks, front, prober):
        assert len(tap.sent) > 20 and len(tap.answered) > 20
        tap.close()
