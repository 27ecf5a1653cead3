"""What visits leave behind says nothing of their people: not in logs, errors, files, Chime, S3, webhooks or metrics."""

import datetime
import hashlib
import json
import subprocess
import urllib.request
import uuid

import grpc
import pytest

from markers import Markers, every_request, fill
from meeting_events import events_of, ingest, recording_of
from service import BIN, Service, Simulator
from visit import TEXTS, Clinic, Watch, in_seconds
from waiting import until
from webhook_receiver import SECRET, Receiver
from wiretap import Wiretap


class Scene:
    """A service that logs everything there is to log, with all that it may tell somebody of: each of them listens."""

    def __init__(self, folder):
        self.folder = folder
        self.simulator = Simulator("--pipeline-step-milliseconds", "100", log=folder / "simulator.log")
        self.cloud = Wiretap(self.simulator.address)
        self.receiver = Receiver()
        self.hooks = Wiretap(self.receiver.url.split("/")[2])
        (folder / "secret").write_bytes(SECRET + b"\n")
        (folder / "secret").chmod(0o600)
        (folder / "webhooks.json").write_text(json.dumps({"targets": [
            {"name": "records", "url": f"http://{self.hooks.address}/hook", "secret_file": str(folder / "secret")}]}))
        self.service = Service(folder / "data", self.simulator, env={
            "TELEHEALTH_LOG_LEVEL": "trace", "TELEHEALTH_MONITORING_LISTEN": "127.0.0.1:0",
            "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_CONCATENATION_POLL": "200ms",
            "TELEHEALTH_CLIENT_REPORT_INTERVAL": "1s", "AWS_ENDPOINT_URL": f"http://{self.cloud.address}",
            "TELEHEALTH_WEBHOOKS_FILE": str(folder / "webhooks.json"), "TELEHEALTH_WEBHOOKS_ON_LOOPBACK": "true",
        }).start()

    def metrics(self) -> bytes:
        with urllib.request.urlopen(f"http://{self.service.ready['monitoring']}/metrics", timeout=10) as answer:
            return answer.read()

    def seen_by_the_simulator(self) -> bytes:
        paths = ("/meetings", "/attendees", "/pipelines", "/events?limit=10000", "/objects")
        return json.dumps([self.simulator.admin("GET", path) for path in paths]).encode()

    def files(self) -> dict[str, bytes]:
        """Everything the service wrote: data, backups, log, audit heads. Keys lie there too, and hold no marker either."""
        return {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def close(self) -> None:
        if self.service.process.poll() is None:
            self.service.stop()
        self.simulator.stop()
        self.receiver.close()
        self.cloud.close()
        self.hooks.close()


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def sign(clinic: Clinic, by: str, kind: str, method: str = "ELECTRONIC", subject: str = "client", **fields):
    from telehealth.v1 import consent_pb2 as c
    from telehealth.v1 import consent_service_pb2 as m

    items = c.ConsentEvidence(**fields.pop("items", {}))
    submission = m.ConsentSubmission(
        decision=c.CONSENT_DECISION_GRANTED, document_version="test-1", language="en-US",
        text_sha256=hashlib.sha256(TEXTS[kind].encode()).digest(),
        method=c.ConsentMethod.Value("CONSENT_METHOD_" + method), evidence_items=items,
        acknowledgements=c.ConsentAcknowledgements(patient_rights=True, emergency_protocols=True, privacy_risks=True),
        recording_purposes=[1] if kind == "recording" else [], **fields)
    return clinic.call(
        clinic.consents.SubmitConsent,
        m.SubmitConsentRequest(
            person_id=clinic.person(subject), person_role=c.CONSENT_PERSON_ROLE_CLIENT,
            type=kind, submission=submission), by).consent


def recorded_visit_with_notes(clinic: Clinic, markers: Markers) -> str:
    """Refused, consented, recorded, revoked, ended; the recording is kept, held, noted and played."""
    from telehealth.v1 import consent_service_pb2 as cm
    from telehealth.v1 import recording_service_pb2 as r
    from telehealth.v1 import recording_service_pb2_grpc as rs
    from telehealth.v1 import telehealth_service_pb2 as m

    sid = clinic.create_session(clinic.book()).session_id
    request = markers.plant(clinic.join_request(sid, "client"))
    failed = grpc.StatusCode.FAILED_PRECONDITION
    clinic.refused(failed, "CONSENT_MISSING", clinic.telehealth.JoinSession, request, "client")
    sign(clinic, "client", "georgia_telehealth", evidence=markers.mark("ConsentSubmission.evidence"))
    sign(clinic, "clinician", "georgia_telehealth", "VERBAL", evidence=markers.mark("spoken"),
         items={"script_version": "s-1", "witness": markers.mark("ConsentEvidence.witness")})
    sign(clinic, "clinician", "hipaa_telehealth", "PAPER", evidence=markers.mark("filed"),
         items={"scan_reference": markers.mark("ConsentEvidence.scan_reference"), "scan_sha256": bytes(32)})
    watch = Watch(clinic, sid, "clinician")
    request.request_id = ""
    assert clinic.call(clinic.telehealth.JoinSession, request, "client").outcome == m.JOIN_OUTCOME_WAITING
    clinic.join(sid, "clinician")
    again = markers.plant(clinic.join_request(sid, "client"))
    assert clinic.call(clinic.telehealth.JoinSession, again, "client").outcome == m.JOIN_OUTCOME_ADMITTED
    given = sign(clinic, "client", "recording")
    clinic.consent("recording", "clinician")
    started = clinic.call(clinic.recordings.StartRecording, r.StartRecordingRequest(session_id=sid), "clinician")
    watch.wait_for("recording_started")
    revoke = markers.plant(cm.RevokeConsentRequest(consent_id=given.consent_id))
    clinic.call(clinic.consents.RevokeConsent, revoke, "clinician")
    watch.wait_for("recording_stopped")
    end = markers.plant(m.EndSessionRequest(session_id=sid))
    clinic.call(clinic.telehealth.EndSession, end, "clinician")
    watch.wait_for_end()
    assert clinic.session(sid).closing_note == end.note

    until("the file is there", lambda: recording_of(clinic, sid).state == 6)
    stub, rid = rs.RecordingServiceStub(clinic.channel), started.recording.recording_id
    held = clinic.call(stub.SetRecordingHold, markers.plant(r.SetRecordingHoldRequest(recording_id=rid)), "admin")
    assert held.recording.hold.reason in markers.planted.values()
    clinic.call(stub.ReleaseRecordingHold, markers.plant(r.ReleaseRecordingHoldRequest(recording_id=rid)), "admin")
    kept = r.SetRecordingRetentionRequest(recording_id=rid, retention_end_time=in_seconds(86400))
    clinic.call(stub.SetRecordingRetention, markers.plant(kept), "admin")
    note = markers.plant(r.LinkSessionNoteRequest(recording_id=rid), into_ids=True)
    assert note.session_note_id in markers.planted.values()
    clinic.call(stub.LinkSessionNote, note, "clinician")
    clinic.call(stub.GetRecordingManifest, r.GetRecordingManifestRequest(recording_id=rid), "admin")
    return sid


def visit_of_a_ward_and_guests(clinic: Clinic, markers: Markers) -> str:
    """A minor with a guardian, an interpreter and a guest by grant; somebody looks in an emergency; it is called off."""
    from telehealth.v1 import appointment_service_pb2 as a
    from telehealth.v1 import telehealth_service_pb2 as m

    born = (datetime.date.today() - datetime.timedelta(days=12 * 365 + 41)).isoformat()
    markers.planted["PutAppointmentRequest.client_birth_date"] = born
    appointment = "appt-" + uuid.uuid4().hex
    clinic.call(clinic.appointments.PutAppointment, a.PutAppointmentRequest(
        appointment_id=appointment, client_id=clinic.client_id, clinician_id=clinic.clinician_id,
        guardian_id=clinic.person("guardian"), client_birth_date=born, scheduled_start_time=in_seconds(60), scheduled_end_time=in_seconds(1800),
        time_zone="America/New_York", source_version=1), "scheduler")
    sid = clinic.create_session(appointment).session_id
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        sign(clinic, "guardian", kind)
    clinic.invite(sid, "INTERPRETER", person_id=clinic.person("interpreter"))
    grant = clinic.invite(sid, "GUEST", by="clinician").grant
    clinic.redeem(grant, "guest")
    markers.planted |= {"InviteParticipantResponse.grant": grant, "RedeemInvitationResponse.token": clinic.guests["guest"][1]}
    clinic.join(sid, "guest")
    clinic.call(clinic.telehealth.JoinSession, markers.plant(clinic.join_request(sid, "guardian")), "guardian")
    why = markers.mark("telehealth-emergency-reason") + " collapsed on camera"
    loud = [("authorization", "Bearer " + clinic.service.token("clinician", markers.mark("stranger"))),
            ("telehealth-emergency-reason", why)]
    assert clinic.telehealth.GetSession(m.GetSessionRequest(session_id=sid), metadata=loud, timeout=10).session
    clinic.call(clinic.telehealth.CancelSession, markers.plant(m.CancelSessionRequest(session_id=sid)), "admin")
    return sid


def told_by_chime_and_by_clients(clinic: Clinic, simulator: Simulator, markers: Markers) -> None:
    """Events with a person in every odd place, well formed or not, and a client's report while a visit runs."""
    from google.protobuf.duration_pb2 import Duration
    from telehealth.v1 import quality_service_pb2 as q
    from telehealth.v1 import quality_service_pb2_grpc as qs

    sid = clinic.create_session(clinic.book()).session_id
    clinic.join(sid, "clinician")
    joined = clinic.join(sid, "client")
    markers.planted["ChimeJoinInfo.join_token"] = joined.credentials.chime.join_token
    entries = events_of(simulator, clinic.session(sid).meeting.chime.meeting_id)
    spoilt = json.loads(entries[-1])
    spoilt["id"] = str(uuid.uuid4())
    spoilt["detail"]["externalUserId"] = markers.mark("event.externalUserId")
    spoilt["detail"]["networkType"] = markers.mark("event.networkType")
    answer = ingest(clinic, [*entries, json.dumps(spoilt), '{"id": "' + markers.mark("event.malformed")])
    assert answer.accepted and answer.malformed
    assert not markers.found_in(answer.SerializeToString())
    report = q.ReportClientMetricsRequest(session_id=sid, join_duration=Duration(seconds=2), drops=1)
    try:
        clinic.call(qs.QualityServiceStub(clinic.channel).ReportClientMetrics, report, "client")
    except grpc.RpcError as error:
        assert not markers.found_in(repr(error.trailing_metadata()).encode())


def errors_of_every_call(clinic: Clinic, markers: Markers) -> bytes:
    """Each method with a request full of markers, as each role: what is refused must not repeat what was said."""
    said = []
    for service, method, request_class in every_request():
        path = f"/{service.full_name}/{method.name}"
        call = clinic.channel.unary_unary(
            path, request_serializer=request_class.SerializeToString, response_deserializer=lambda data: data)
        for role in ("client", "clinician", "admin", "service"):
            request = fill(request_class(), markers)
            if "request_id" in request_class.DESCRIPTOR.fields_by_name:
                request.request_id = str(uuid.uuid4())
            try:
                call(request, metadata=clinic.credentials(role), timeout=5)
            except grpc.RpcError as error:
                said.append(repr((error.code(), error.details(), error.trailing_metadata())).encode())
                for key, value in error.trailing_metadata():
                    said.append(value if isinstance(value, bytes) else value.encode())
    return b"\n".join(said)


def said_by_the_probe(service: Service, sid: str) -> bytes:
    """What an operator's terminal keeps of a change and of an error, besides the answer that was asked for."""
    said = b""
    for role in ("admin", "client"):
        command = [BIN / "telehealth-probe", "call", "telehealth.v1.TelehealthService/CancelSession", "--target", service.address,
                   "--as", role, "--data-dir", service.data, "--verbose", "-d",
                   json.dumps({"sessionId": sid, "requestId": str(uuid.uuid4()), "reason": "CANCEL_REASON_OTHER", "note": PROBED})]
        run = subprocess.run(command, capture_output=True)
        said += run.stdout + run.stderr
    assert sid.encode() in said
    return said


PROBED = "mk-said-to-the-probe"


def test_no_marker_of_a_person_is_left_anywhere(scene):
    from telehealth.v1 import operations_service_pb2 as o
    from telehealth.v1 import operations_service_pb2_grpc as operations

    markers, service = Markers(), scene.service
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.client_id, clinic.clinician_id = markers.mark("client_id"), markers.mark("clinician_id")
    clinic.others = {who: (markers.mark(who), role) for who, (_, role) in clinic.others.items()}
    clinic.register_documents()

    sid = recorded_visit_with_notes(clinic, markers)
    told_by_chime_and_by_clients(clinic, scene.simulator, markers)
    visit_of_a_ward_and_guests(clinic, markers)
    for who in ("client", "clinician", "guardian"):
        markers.planted[f"token of {who}"] = dict(clinic.credentials(who))["authorization"].split()[1]
    said = errors_of_every_call(clinic, markers) + said_by_the_probe(service, sid)
    markers.planted["the probe's note"] = PROBED
    assert b"CONSENT_MISSING" in said or b"INVALID_FIELD" in said
    assert len(markers.planted) > 40, "the walk over the data classes finds the fields"
    assert not markers.found_in(said), "an error repeats what a person said"

    metrics = scene.metrics()
    assert b"GetSession" in metrics and not markers.found_in(metrics)
    until("the webhooks of the visit", lambda: "RECORDING_AVAILABLE" in {told["kind"] for told in scene.receiver.of(sid)})
    assert sid.encode() in scene.hooks.sent and not markers.found_in(bytes(scene.hooks.sent))
    assert b"POST /meetings" in scene.cloud.sent and b"HEAD /recordings/" in scene.cloud.sent
    assert not markers.found_in(bytes(scene.cloud.sent)), "Chime or S3 was told about a person"
    chime = scene.seen_by_the_simulator()
    assert b"attendee" in chime.lower() and not markers.found_in(chime)

    # While it runs: database, WAL, backup, heads and logs; after a kill, as a thief finds them; after a clean stop.
    clinic.result(operations.OperationsServiceStub(channel).BackupDatabase, o.BackupDatabaseRequest(), "admin")
    for step in ("running", "killed", "stopped"):
        if step == "killed":
            channel.close()
            service.kill()
        if step == "stopped":
            service.start()
            assert service.stop() == 0
        files = scene.files()
        left = {name: found for name, data in files.items() if (found := markers.found_in(data))}
        assert not left, f"{step}: {left}"
        # What is found where it may be, the search finds: it could have found the rest.
        for kind in ("telehealth.db", "backups", "telehealthd.log"):
            assert any(kind in name and sid.encode() in data for name, data in files.items()), f"{step}: {kind}"
        assert step == "stopped" or any(name.endswith("-wal") and data for name, data in files.items())
