"""Reasons that no other test meets, brought about through the wire, each as its contract says.

A front end branches on these words. conftest holds every error that any test meets against the contract, and a whole run
against the list of reasons.
"""

import hashlib
import shutil
import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import grpc
import pytest

from contract import ELSEWHERE, contract
from meeting_events import recorded_visit, recording_of
from service import ROOT, Service, Simulator
from visit import TEXTS, Clinic, in_seconds, reason
from waiting import until


def test_the_reasons_that_no_caller_can_bring_about_are_met_by_swift_tests():
    """Of all others conftest sees to it, over a whole run, that each was met."""
    for word, (file, sign) in ELSEWHERE.items():
        assert word in contract().reasons and sign in (ROOT / "Tests" / file).read_text(), word


@pytest.fixture(scope="module")
def own_simulator(tmp_path_factory):
    simulator = Simulator(
        "--no-throttle", "--pipeline-step-milliseconds", "100", log=tmp_path_factory.mktemp("simulator") / "log")
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def own_service(tmp_path_factory, own_simulator):
    service = Service(tmp_path_factory.mktemp("reasons") / "data", own_simulator, env={
        "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_LOCATION_STATES": "GA", "TELEHEALTH_CONCATENATION_POLL": "200ms",
        "TELEHEALTH_SWEEP_INTERVAL": "300ms"})
    yield service.start()
    assert service.stop() == 0


@pytest.fixture
def clinic(own_service, own_simulator):
    with grpc.insecure_channel(own_service.address) as channel:
        clinic = Clinic(own_service, channel)
        clinic.register_documents()
        yield clinic
    own_simulator.admin("DELETE", "/faults")


def refused(clinic: Clinic, word: str, method, request, role: str) -> grpc.RpcError:
    return clinic.refused(contract().reasons[word].code, word, method, request, role)


def ready(clinic: Clinic, **fields) -> str:
    """A session whose client has given what joining asks for."""
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    return clinic.create_session(clinic.book(**fields)).session_id


def test_appointments(clinic):
    from telehealth.v1 import appointment_service_pb2 as a
    from telehealth.v1 import telehealth_service_pb2 as m

    stub, unknown = clinic.appointments, "appt-" + uuid.uuid4().hex
    refused(clinic, "APPOINTMENT_NOT_FOUND", stub.GetAppointment, a.GetAppointmentRequest(appointment_id=unknown), "admin")
    begun = clinic.book(starts_in=-60)
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        clinic.consent(kind)
    visit = clinic.create_session(begun).session_id
    clinic.join(visit, "client")
    clinic.join(visit, "clinician")
    moved = a.PutAppointmentRequest(
        appointment_id=begun, client_id=clinic.client_id, clinician_id=clinic.clinician_id, scheduled_start_time=in_seconds(600),
        scheduled_end_time=in_seconds(1200), time_zone="America/New_York", source_version=2)
    refused(clinic, "APPOINTMENT_STARTED", stub.PutAppointment, moved, "scheduler")
    over = m.CreateSessionRequest(appointment_id=clinic.book(starts_in=-7200, lasts=1800))
    refused(clinic, "TOO_LATE", clinic.telehealth.CreateSession, over, "scheduler")
    cancelled = clinic.book()
    clinic.call(stub.CancelAppointment, a.CancelAppointmentRequest(appointment_id=cancelled, source_version=2), "scheduler")
    create = m.CreateSessionRequest(appointment_id=cancelled)
    refused(clinic, "APPOINTMENT_CANCELLED", clinic.telehealth.CreateSession, create, "scheduler")


def test_the_door(clinic):
    from telehealth.v1 import participant_service_pb2 as ppl
    from telehealth.v1 import telehealth_service_pb2 as m

    rpc, sid = clinic.telehealth, ready(clinic, starts_in=-60)
    refused(clinic, "PRE_VISIT_CHECK_REQUIRED", rpc.JoinSession, m.JoinSessionRequest(session_id=sid), "client")
    elsewhere = clinic.join_request(sid, "client")
    elsewhere.pre_visit_check.location_state = "FL"
    refused(clinic, "PRE_VISIT_CHECK_FAILED", rpc.JoinSession, elsewhere, "client")
    waiting = clinic.join(sid, "client").participant.participant_id
    admit = ppl.AdmitParticipantRequest(session_id=sid, participant_id=waiting)
    refused(clinic, "CLINICIAN_NOT_PRESENT", clinic.people.AdmitParticipant, admit, "clinician")
    refused(clinic, "CLIENT_WAS_HERE", rpc.MarkNoShow, m.MarkNoShowRequest(session_id=sid), "clinician")


def test_a_running_visit(clinic):
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as m

    rpc, sid = clinic.telehealth, ready(clinic)
    clinic.join(sid, "clinician")
    refused(clinic, "NOT_JOINED", rpc.StartScreenShare, m.StartScreenShareRequest(session_id=sid), "client")
    refused(clinic, "RECORDING_NOT_ACTIVE", clinic.recordings.StopRecording, rec.StopRecordingRequest(session_id=sid), "clinician")
    refused(clinic, "SCREEN_SHARE_NOT_ACTIVE", rpc.StopScreenShare, m.StopScreenShareRequest(session_id=sid), "clinician")
    clinic.call(rpc.StartScreenShare, m.StartScreenShareRequest(session_id=sid), "clinician")
    refused(clinic, "SCREEN_SHARE_ACTIVE", rpc.StartScreenShare, m.StartScreenShareRequest(session_id=sid), "clinician")


def test_recordings(clinic, own_simulator):
    from telehealth.v1 import recording_service_pb2 as r
    from telehealth.v1 import recording_service_pb2_grpc as services
    from telehealth.v1 import telehealth_service_pb2 as m

    sid, rid, _ = recorded_visit(clinic)
    again = r.StartRecordingRequest(session_id=sid)
    refused(clinic, "RECORDING_ACTIVE", clinic.recordings.StartRecording, again, "clinician")
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
    until("the file is there", lambda: recording_of(clinic, sid).state == 6)
    own_simulator.admin("POST", "/faults", {"operation": "*", "status": 503, "count": 100_000})
    stub = services.RecordingServiceStub(clinic.channel)
    due = r.SetRecordingRetentionRequest(recording_id=rid, retention_end_time=in_seconds(-60), reason="asked for")
    clinic.call(stub.SetRecordingRetention, due, "admin")
    until("it is being deleted", lambda: recording_of(clinic, sid).state == 8)
    late = r.SetRecordingHoldRequest(recording_id=rid, reason="late")
    refused(clinic, "RECORDING_BEING_DELETED", stub.SetRecordingHold, late, "admin")


def test_a_recording_before_its_meeting(clinic, own_simulator):
    from telehealth.v1 import recording_service_pb2 as rec

    sid = ready(clinic)
    own_simulator.admin("POST", "/faults", {"operation": "CreateMeetingWithAttendees", "delayMs": 3000})
    joining = threading.Thread(target=clinic.join, args=(sid, "clinician"))
    joining.start()
    until("the visit runs", lambda: clinic.session(sid).status == 3)
    start = rec.StartRecordingRequest(session_id=sid)
    refused(clinic, "MEETING_NOT_READY", clinic.recordings.StartRecording, start, "clinician")
    joining.join()


def test_a_service_without_a_bucket(tmp_path, own_simulator):
    from telehealth.v1 import recording_service_pb2 as rec

    service = Service(tmp_path / "data", own_simulator, env={"AWS_S3_RECORDINGS_BUCKET": ""}).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        sid = ready(clinic)
        clinic.join(sid, "clinician")
        start = rec.StartRecordingRequest(session_id=sid)
        refused(clinic, "RECORDING_NOT_CONFIGURED", clinic.recordings.StartRecording, start, "clinician")
    assert service.stop() == 0


def test_consents(clinic):
    from telehealth.v1 import consent_document_service_pb2 as d
    from telehealth.v1 import consent_pb2 as c
    from telehealth.v1 import consent_service_pb2 as m

    def submission(kind: str, **changes):
        given = dict(
            decision=c.CONSENT_DECISION_GRANTED, document_version="test-1", language="en-US",
            text_sha256=hashlib.sha256(TEXTS[kind].encode()).digest(), method=c.CONSENT_METHOD_ELECTRONIC,
            acknowledgements=c.ConsentAcknowledgements(
                patient_rights=True, emergency_protocols=True, privacy_risks=True))
        return m.ConsentSubmission(**{**given, **changes})

    def submit(kind: str, **changes):
        return m.SubmitConsentRequest(
            person_id=clinic.client_id, person_role=1, type=kind,
            submission=submission(kind, **changes))

    rpc, telehealth = clinic.consents, "georgia_telehealth"
    partly = submit(telehealth, acknowledgements=c.ConsentAcknowledgements(patient_rights=True))
    refused(clinic, "ACKNOWLEDGEMENTS_INCOMPLETE", rpc.SubmitConsent, partly, "client")
    refused(clinic, "TEXT_HASH_MISMATCH", rpc.SubmitConsent, submit(telehealth, text_sha256=bytes(32)), "client")
    clinic.create_session(clinic.book())
    spoken = submit("recording", method=c.CONSENT_METHOD_VERBAL, evidence="said so", recording_purposes=[1])
    refused(clinic, "WRITTEN_CONSENT_REQUIRED", rpc.SubmitConsent, spoken, "clinician")
    unknown = d.GetConsentDocumentRequest(type="recording", version="none", language="en-US")
    refused(clinic, "DOCUMENT_NOT_FOUND", clinic.documents.GetConsentDocument, unknown, "client")
    other = d.PutConsentDocumentRequest(
        type=telehealth, version="test-1", language="en-US", text="another",
        effective_time=in_seconds(-60))
    refused(clinic, "DOCUMENT_VERSION_EXISTS", clinic.documents.PutConsentDocument, other, "admin")
    given = clinic.consent(telehealth)
    clinic.call(rpc.RevokeConsent, m.RevokeConsentRequest(consent_id=given.consent_id), "client")
    update = m.UpdateConsentRequest(consent_id=given.consent_id, submission=submission(telehealth))
    refused(clinic, "CONSENT_NOT_CURRENT", rpc.UpdateConsent, update, "client")


def test_chimes_refusals(clinic, own_simulator):
    sid = ready(clinic)
    clinic.join(sid, "clinician")
    clinic.join(sid, "clinician")
    faults = [
        ("MEETING_REFUSED", 403, "ForbiddenException", 1),
        ("MEETING_QUOTA_EXCEEDED", 400, "ResourceLimitExceededException", 1),
        ("MEETING_UNAVAILABLE", 503, "ServiceUnavailableException", 1000),
    ]
    for word, status, code, count in faults:
        own_simulator.admin("POST", "/faults", {"operation": "*", "status": status, "code": code, "count": count})
        refused(clinic, word, clinic.telehealth.JoinSession, clinic.join_request(sid, "clinician"), "clinician")
        own_simulator.admin("DELETE", "/faults")


def test_tokens(clinic, tmp_path, own_simulator):
    from telehealth.v1 import telehealth_service_pb2 as m

    brief = clinic.service.token("admin", lifetime="1")
    foreign = Service(tmp_path / "data", own_simulator).start()
    stranger = foreign.token("admin")
    assert foreign.stop() == 0

    def said(token: str) -> str:
        try:
            identity = [("authorization", "Bearer " + token)]
            clinic.telehealth.ListSessions(m.ListSessionsRequest(), metadata=identity, timeout=10)
        except grpc.RpcError as error:
            return reason(error)
        return "OK"

    assert said(stranger) == "TOKEN_KEY_UNKNOWN"
    # A watch lasts as long as the token it was opened with.
    sid = clinic.create_session(clinic.book()).session_id
    short = [("authorization", "Bearer " + clinic.service.token("admin", subject="watcher", lifetime="3"))]
    watch = clinic.telehealth.WatchSession(m.WatchSessionRequest(session_id=sid), metadata=short, timeout=60)
    assert next(watch).HasField("snapshot")
    with pytest.raises(grpc.RpcError) as ended:
        list(watch)
    assert reason(ended.value) == "TOKEN_EXPIRED"
    assert until("an expired token", lambda: (word := said(brief)) != "OK" and word, seconds=60) == "TOKEN_EXPIRED"


def test_the_audit_log(tmp_path, own_simulator):
    from telehealth.v1 import audit_service_pb2 as a
    from telehealth.v1 import audit_service_pb2_grpc as audits
    from telehealth.v1 import consent_service_pb2 as r
    from telehealth.v1 import consent_service_pb2_grpc as consents

    service = Service(tmp_path / "data", own_simulator).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        given = clinic.consent("hipaa_telehealth").consent_id
        clinic.book()
    assert service.stop() == 0
    # A row that is not there stands for one that is not there yet.
    with closing(sqlite3.connect(service.data / "telehealth.db")) as database, database:
        database.execute("DROP TRIGGER audit_chain_no_delete")
        assert database.execute("DELETE FROM audit WHERE action = 'SubmitConsent'").rowcount == 1
    service.start()
    with grpc.insecure_channel(service.address) as channel:
        clinic.channel = channel
        stub = consents.ConsentServiceStub(channel)
        refused(clinic, "RECEIPT_NOT_READY", stub.GetConsentReceipt, r.GetConsentReceiptRequest(consent_id=given), "client")
        # Where the signed heads are kept is a file: nothing can be compared.
        heads = tmp_path / "data.audit/heads"
        shutil.rmtree(heads)
        heads.write_text("no folder")
        stub = audits.AuditServiceStub(channel)
        refused(clinic, "AUDIT_UNAVAILABLE", stub.VerifyAuditLog, a.VerifyAuditLogRequest(), "admin")
    service.kill()


def test_a_record_of_too_many_visits(clinic):
    from telehealth.v1 import person_service_pb2 as p

    with ThreadPoolExecutor(32) as many:
        list(many.map(lambda _: clinic.create_session(clinic.book()), range(3001)))
    # On a machine with much else to do a read of this length may be turned away: later, it says.
    word = "STORE_OVERLOADED"
    while word == "STORE_OVERLOADED":
        export = clinic.persons.ExportPersonRecord(
            p.ExportPersonRecordRequest(person_id=clinic.client_id), metadata=clinic.credentials("admin"), timeout=120)
        with pytest.raises(grpc.RpcError) as error:
            list(export)
        word = reason(error.value)
    assert word == "EXPORT_TOO_LARGE"
