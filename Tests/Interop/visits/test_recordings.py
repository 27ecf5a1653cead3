"""Recordings after they were made, and how well visits go, through the real daemon."""

import base64
import hashlib
import json
import subprocess
import time
import urllib.request
import uuid

import grpc
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.duration_pb2 import Duration

from meeting_events import recorded_visit, recording_of
from service import BIN, Service, Simulator
from visit import Clinic, fields_at_fault, in_seconds
from waiting import until

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
FAILED = grpc.StatusCode.FAILED_PRECONDITION
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def own_simulator(tmp_path_factory):
    simulator = Simulator(
        "--no-throttle", "--pipeline-step-milliseconds", "100", log=tmp_path_factory.mktemp("simulator") / "log")
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def own_service(tmp_path_factory, own_simulator):
    service = Service(
        tmp_path_factory.mktemp("recordings") / "data", own_simulator,
        env={"TELEHEALTH_CONCATENATION_POLL": "200ms", "TELEHEALTH_SWEEP_INTERVAL": "300ms",
             "TELEHEALTH_CLIENT_REPORT_INTERVAL": "1s"},
    ).start()
    yield service
    assert service.stop() == 0


@pytest.fixture()
def clinic(own_service):
    with grpc.insecure_channel(own_service.address) as channel:
        clinic = Clinic(own_service, channel)
        clinic.register_documents()
        yield clinic


def recordings(clinic):
    from telehealth.v1 import recording_service_pb2_grpc as services

    return services.RecordingServiceStub(clinic.channel)


def quality(clinic):
    from telehealth.v1 import quality_service_pb2_grpc as services

    return services.QualityServiceStub(clinic.channel)


def available(clinic, sid):
    """Ends the visit and waits for the file."""
    from telehealth.v1 import telehealth_service_pb2 as m

    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
    return until("the file is there", lambda: (r := recording_of(clinic, sid)).state == 6 and r)


def play_request(rid):
    from telehealth.v1 import recording_service_pb2 as rec

    return rec.GetRecordingPlaybackUrlRequest(recording_id=rid)


def test_retention_hold_and_deletion(clinic, own_simulator):
    from telehealth.v1 import recording_service_pb2 as r

    sid, rid, _ = recorded_visit(clinic)
    kept = available(clinic, sid)
    assert kept.HasField("retention_end_time") and kept.HasField("available_time") and kept.object_checksum.startswith("sha256:")
    stub = recordings(clinic)
    play = clinic.recordings.GetRecordingPlaybackUrl

    held = clinic.call(stub.SetRecordingHold, r.SetRecordingHoldRequest(recording_id=rid, reason="case 17"), "admin").recording
    assert held.hold.reason == "case 17" and held.hold.set_caller
    clinic.refused(FAILED, "RECORDING_ON_HOLD", play, play_request(rid), "clinician")
    due = r.SetRecordingRetentionRequest(recording_id=rid, retention_end_time=in_seconds(-60), reason="asked for")
    clinic.call(stub.SetRecordingRetention, due, "admin")
    time.sleep(1.0)  # three sweeps
    assert recording_of(clinic, sid).state == 6, "a hold keeps it past its time"
    key = kept.object_key
    assert key in own_simulator.admin("GET", "/objects")["keys"]

    clinic.call(stub.ReleaseRecordingHold, r.ReleaseRecordingHoldRequest(recording_id=rid, reason="closed"), "admin")
    gone = until("it is deleted", lambda: (x := recording_of(clinic, sid)).state == 9 and x)
    assert gone.HasField("delete_time") and gone.object_key == key
    assert key not in own_simulator.admin("GET", "/objects")["keys"]
    clinic.refused(FAILED, "RECORDING_DELETED", play, play_request(rid), "clinician")
    late = r.SetRecordingHoldRequest(recording_id=rid, reason="late")
    clinic.refused(FAILED, "RECORDING_DELETED", stub.SetRecordingHold, late, "admin")
    # The tombstone still says what it stood on.
    assert clinic.call(stub.GetRecordingManifest, r.GetRecordingManifestRequest(recording_id=rid), "admin").sha256


def test_the_manifest_binds_file_consents_and_people(clinic, own_simulator):
    from telehealth.v1 import recording_service_pb2 as r

    sid, rid, _ = recorded_visit(clinic)
    stub = recordings(clinic)
    request = r.GetRecordingManifestRequest(recording_id=rid)
    clinic.refused(FAILED, "RECORDING_NOT_READY", stub.GetRecordingManifest, request, "clinician")
    kept = available(clinic, sid)
    answer = clinic.call(stub.GetRecordingManifest, request, "clinician")
    assert hashlib.sha256(answer.canonical_json).digest() == answer.sha256
    text = json.loads(answer.canonical_json)
    assert json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == answer.canonical_json
    assert answer.canonical_json == clinic.call(stub.GetRecordingManifest, request, "admin").canonical_json
    manifest = answer.manifest
    from telehealth.v1 import consent_service_pb2 as c

    key = clinic.call(clinic.consents.GetReceiptKey, c.GetReceiptKeyRequest(), "clinician")
    assert key.key_id == answer.signature_key_id
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(answer.signature, answer.canonical_json)
    assert manifest.audit_numbers and list(manifest.audit_numbers) == sorted(manifest.audit_numbers)
    url = clinic.call(clinic.recordings.GetRecordingPlaybackUrl, play_request(rid), "clinician").url
    with urllib.request.urlopen(url, timeout=10) as file:
        content = file.read()
    assert text["object"]["checksum"] == "sha256:" + base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert text["object"] | {"bytes": manifest.object_byte_count} == text["object"] and manifest.object_etag == kept.object_etag
    assert sorted(manifest.consent_ids) == text["consent_ids"] and len(manifest.consent_ids) == 2
    assert sorted(person.role for person in manifest.people) == [1, 2]
    assert manifest.presence_source == r.PRESENCE_SOURCE_ROSTER
    assert manifest.stop_reason == 2 and text["stop_cause"] == "SESSION_ENDED"
    # The message has the API's names; the text that is signed keeps those that it always had.
    assert text["presence_source"] == "ROSTER" and {each["subject_id"] for each in text["people"]} == {
        each.person_id for each in manifest.people} == {clinic.client_id, clinic.clinician_id}
    began, ended = manifest.start_time, manifest.end_time
    assert (text["started_at"], text["stopped_at"]) == (began.ToJsonString(), ended.ToJsonString())
    for person in manifest.people:
        spans = [(each.start_time.ToDatetime(), each.end_time.ToDatetime()) for each in person.presence]
        assert spans and all(began.ToDatetime() <= begin < end <= ended.ToDatetime() for begin, end in spans)
    stranger = Clinic(clinic.service, clinic.channel)
    stranger.refused(NOT_FOUND, "RECORDING_NOT_FOUND", stub.GetRecordingManifest, request, "clinician")


def test_a_revocation_after_the_visit_ends_playback(clinic):
    from telehealth.v1 import consent_service_pb2 as c

    sid, rid, _ = recorded_visit(clinic)
    available(clinic, sid)
    play = clinic.recordings.GetRecordingPlaybackUrl
    assert clinic.call(play, play_request(rid), "clinician").url
    own = clinic.call(
        clinic.consents.ListConsents,
        c.ListConsentsRequest(person_id=clinic.client_id, type="recording"), "client").consents
    clinic.call(clinic.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=own[0].consent_id), "client")
    clinic.refused(FAILED, "RECORDING_CONSENT_REVOKED", play, play_request(rid), "clinician")


def test_a_note_is_linked_and_bad_input_names_its_field(clinic):
    from telehealth.v1 import recording_service_pb2 as r

    sid, rid, _ = recorded_visit(clinic)
    stub = recordings(clinic)
    linked = clinic.call(
        stub.LinkSessionNote, r.LinkSessionNoteRequest(recording_id=rid, session_note_id="note-17"), "clinician").recording
    assert linked.session_note_id == "note-17"
    bad = r.LinkSessionNoteRequest(recording_id=rid, session_note_id="not an id")
    error = clinic.refused(INVALID, "INVALID_FIELD", stub.LinkSessionNote, bad, "clinician")
    assert fields_at_fault(error) == ["session_note_id"]
    empty = r.SetRecordingHoldRequest(recording_id=rid)
    error = clinic.refused(INVALID, "INVALID_FIELD", stub.SetRecordingHold, empty, "admin")
    assert fields_at_fault(error) == ["reason"]
    hold = r.SetRecordingHoldRequest(recording_id=rid, reason="x")
    clinic.refused(DENIED, "ROLE_NOT_ALLOWED", stub.SetRecordingHold, hold, "clinician")
    unknown = r.SetRecordingHoldRequest(recording_id=str(uuid.uuid4()), reason="x")
    clinic.refused(NOT_FOUND, "RECORDING_NOT_FOUND", stub.SetRecordingHold, unknown, "admin")


def test_clients_reports_reach_watchers_and_the_service_report(clinic):
    from telehealth.v1 import quality_service_pb2 as q
    from telehealth.v1 import watch_pb2 as w

    began = in_seconds(0)
    sid, _, watch = recorded_visit(clinic)
    stub = quality(clinic)
    first = q.ReportClientMetricsRequest(
        session_id=sid, join_duration=Duration(seconds=2, nanos=500_000_000), window=Duration(seconds=30),
        video_height=720, frames_per_second=15, packet_loss_percent=0.5)
    assert clinic.call(stub.ReportClientMetrics, first, "client").next_after.seconds == 1
    too_fast = q.ReportClientMetricsRequest(session_id=sid, window=Duration(seconds=1))
    clinic.refused(EXHAUSTED, "METRICS_TOO_OFTEN", stub.ReportClientMetrics, too_fast, "client")
    time.sleep(1.1)
    poor = q.ReportClientMetricsRequest(
        session_id=sid, window=Duration(seconds=10), video_height=360, packet_loss_percent=12, drops=1)
    clinic.call(stub.ReportClientMetrics, poor, "client")
    told = watch.wait_for("connection_quality_changed").connection_quality_changed
    client = next(p for p in clinic.session(sid).participants if p.role == 2)
    assert (told.participant_id, told.quality) == (client.participant_id, w.CONNECTION_QUALITY_POOR)
    bad = q.ReportClientMetricsRequest(session_id=sid, window=Duration(seconds=5), packet_loss_percent=101)
    error = clinic.refused(INVALID, "INVALID_FIELD", stub.ReportClientMetrics, bad, "client")
    assert fields_at_fault(error) == ["packet_loss_percent"]

    request = q.GetServiceReportRequest(start_time=began, end_time=in_seconds(1))
    report = clinic.call(stub.GetServiceReport, request, "admin")
    for told, asked in ((report.start_time, request.start_time), (report.end_time, request.end_time)):
        assert told.ToMicroseconds() == asked.ToMicroseconds()
    assert report.average_join_seconds.value == 2.5 and report.p95_join_seconds.met
    assert report.video_720p_share.value == 0.75 and report.video_720p_share.met
    assert report.session_creation_success.value == 1 and report.session_creation_success.count == 1
    assert report.consent_coverage.value == 1 and report.consent_coverage.met and report.consent_coverage.total == 1
    assert report.recording_consent_coverage.met
    assert not report.connection_stability.HasField("value"), "no events came, so nothing is claimed"
    clinic.refused(DENIED, "ROLE_NOT_ALLOWED", stub.GetServiceReport, request, "clinician")
    backwards = q.GetServiceReportRequest(start_time=in_seconds(5), end_time=began)
    error = clinic.refused(INVALID, "INVALID_FIELD", stub.GetServiceReport, backwards, "admin")
    assert fields_at_fault(error) == ["end_time"]


@pytest.mark.parametrize("policy", ["CANNED", "CUSTOM"])
def test_playback_is_signed_for_cloudfront_when_that_is_set(own_simulator, tmp_path, policy):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    pem.chmod(0o600)
    service = Service(
        tmp_path / "data", own_simulator,
        env={"TELEHEALTH_CLOUDFRONT_URL": "https://d111111abcdef8.cloudfront.net", "TELEHEALTH_CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
             "TELEHEALTH_CLOUDFRONT_KEY_FILE": str(pem), "TELEHEALTH_CLOUDFRONT_POLICY": policy,
             "TELEHEALTH_CONCATENATION_POLL": "200ms"},
    ).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            clinic = Clinic(service, channel)
            clinic.register_documents()
            sid, rid, _ = recorded_visit(clinic)
            kept = available(clinic, sid)
            answer = clinic.call(clinic.recordings.GetRecordingPlaybackUrl, play_request(rid), "clinician")
    finally:
        assert service.stop() == 0
    address, _, query = answer.url.partition("?")
    assert address == "https://d111111abcdef8.cloudfront.net/" + kept.object_key
    parts = dict(part.split("=", 1) for part in query.split("&"))
    assert parts["Key-Pair-Id"] == "K2JCJMDEHXQW5F"

    def plain(text):
        return base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"))

    if policy == "CANNED":
        assert int(parts["Expires"]) == answer.expire_time.seconds or abs(int(parts["Expires"]) - answer.expire_time.seconds) <= 1
        signed = json.dumps(
            {"Statement": [{"Resource": address, "Condition": {"DateLessThan": {"AWS:EpochTime": int(parts["Expires"])}}}]},
            separators=(",", ":")).encode()
    else:
        signed = plain(parts["Policy"])
        condition = json.loads(signed)["Statement"][0]["Condition"]
        assert abs(condition["DateLessThan"]["AWS:EpochTime"] - answer.expire_time.seconds) <= 1
        assert "DateGreaterThan" in condition
    key.public_key().verify(plain(parts["Signature"]), signed, padding.PKCS1v15(), hashes.SHA1())


def probe(service, *words: str):
    """telehealth-probe as an operator of this service calls it."""
    command = [BIN / "telehealth-probe", *words]
    if "--help" not in words:
        command += ["--target", service.address, "--data-dir", str(service.data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_an_operator_keeps_and_plays_recordings_from_a_terminal(clinic, own_service):
    sid, rid, _ = recorded_visit(clinic)
    kept = available(clinic, sid)

    def run(*words: str) -> str:
        done = probe(own_service, "recording", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("list", sid).split()[:2] == [rid, "available"]
    held = json.loads(run("hold", rid, "--reason", "case 17", "--json"))
    assert held["hold"]["reason"] == "case 17" and "HELD" in run("list", sid)
    refused = probe(own_service, "recording", "play", rid)
    assert refused.returncode == 3 and "RECORDING_ON_HOLD" in refused.stderr
    assert "HELD" not in run("release", rid, "--reason", "closed")
    assert json.loads(run("retain", rid, "--until", "2100-01-01T00:00:00Z", "--reason", "asked for", "--json"))["retentionEndTime"].startswith("2100-01-01")
    told = json.loads(run("manifest", rid, "--json"))
    canonical = run("manifest", rid, "--canonical")
    assert hashlib.sha256(canonical.encode()).digest() == base64.b64decode(told["sha256"])
    assert kept.object_key in canonical
    assert run("play", rid).startswith("http")

    assert probe(own_service, "recording", "retain", rid, "--until", "tomorrow", "--reason", "x").returncode == 1
    assert probe(own_service, "recording", "hold", "no-such-recording", "--reason", "x").returncode == 3
    for verb in ("hold", "release", "retain", "manifest", "play", "list"):
        assert verb in probe(own_service, "recording", "--help").stdout


def test_the_report_is_a_table_against_the_targets(clinic, own_service):
    sid, _, _ = recorded_visit(clinic)
    available(clinic, sid)
    done = probe(own_service, "report")
    assert done.returncode in (0, 4), done.stderr
    rows = {line[:24].strip(): line for line in done.stdout.splitlines()}
    assert "met" in rows["sessions created"] and "target > 99.00 %" in rows["sessions created"]
    assert "100.00 %" in rows["consents of recordings"]
    told = json.loads(probe(own_service, "report", "--json").stdout)
    assert told["sessionCreationSuccess"]["met"] is True
    empty = probe(own_service, "report", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z")
    assert empty.returncode == 0 and "not measured" in empty.stdout
    assert probe(own_service, "report", "--from", "2020-01-02T00:00:00Z", "--to", "2020-01-01T00:00:00Z").returncode == 3
