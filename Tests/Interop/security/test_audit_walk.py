"""Walks every RPC of the service and looks for its row in the audit log: a method without a line here fails."""

import importlib
import time
import uuid
from pathlib import Path

import grpc
import pytest

from audit_log import rows
from service import ROOT, Service
from visit import Clinic, in_seconds, reason

# They show nothing of anybody: the service's own public key, and rules that are the same for all.
SHOW_NOBODY = {"GetReceiptKey", "ListPlacePolicies"}


def methods() -> dict:
    """Every method that the proto files offer: name to (service, descriptor)."""
    found = {}
    for path in sorted((ROOT / "proto/telehealth/v1").glob("*.proto")):
        module = importlib.import_module(f"telehealth.v1.{path.stem}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                assert method.name not in found, "a row names its method alone"
                found[method.name] = (service, method)
    assert len(found) > 30
    return found


@pytest.fixture(scope="module")
def walked(tmp_path_factory, simulator):
    env = {"TELEHEALTH_PRESENCE_LOST_AFTER": "2s", "TELEHEALTH_HEARTBEAT_INTERVAL": "1s"}
    service = Service(tmp_path_factory.mktemp("walked") / "data", simulator, env=env).start()
    yield service
    assert service.stop() == 0


class Walk:
    def __init__(self, service: Service, channel: grpc.Channel):
        self.clinic = Clinic(service, channel)
        self.methods = methods()

    def call(self, name: str, role: str, fields: dict):
        """Calls with so many fields; a refusal is an answer too."""
        service, method = self.methods[name]
        module = importlib.import_module(Path(method.input_type.file.name).with_suffix("").as_posix().replace("/", ".") + "_pb2")
        request = getattr(module, method.input_type.name)(**fields)
        answer = getattr(importlib.import_module(
            Path(method.output_type.file.name).with_suffix("").as_posix().replace("/", ".") + "_pb2"), method.output_type.name)
        if "request_id" in method.input_type.fields_by_name and not request.request_id:
            request.request_id = str(uuid.uuid4())
        path = f"/{service.full_name}/{name}"
        kind = self.clinic.channel.unary_stream if method.server_streaming else self.clinic.channel.unary_unary
        stub = kind(path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)
        metadata = self.clinic.credentials(role) if role else None
        try:
            got = stub(request, metadata=metadata, timeout=20)
            if method.server_streaming:
                # Long work to its result; what may go on for ever is left at its first word.
                got = list(got)[-1] if "result" in answer.DESCRIPTOR.fields_by_name else next(iter(got))
            return got, "OK"
        except grpc.RpcError as error:
            return None, reason(error)


def test_every_rpc_that_is_let_through_leaves_its_row(walked):
    channel = grpc.insecure_channel(walked.address)
    walk = Walk(walked, channel)
    clinic = walk.clinic
    clinic.register_documents()
    granted = [clinic.consent(kind) for kind in ("georgia_telehealth", "hipaa_telehealth")]
    session = clinic.create_session(clinic.book()).session_id
    clinic.join(session, "client")
    clinic.join(session, "clinician")
    clinic.join(session, "client")
    other = clinic.create_session(clinic.book(starts_in=3600)).session_id
    nobody, pair = f"none-{uuid.uuid4().hex}", {"client_id": clinic.client_id, "clinician_id": clinic.clinician_id}
    of = {"session_id": session}
    lost = {**of, "participant_id": nobody}
    times = {"scheduled_start_time": in_seconds(7200), "scheduled_end_time": in_seconds(9000), "time_zone": "UTC"}

    # Method, role, fields (None: done by the set-up or below): done where that is simple, else refused for an id that belongs to nobody, which is a row as well.
    steps = [
        ("PutAppointment", "scheduler", {"appointment_id": nobody, **pair, **times, "source_version": 1}),
        ("GetAppointment", "scheduler", {"appointment_id": nobody}),
        ("CancelAppointment", "scheduler", {"appointment_id": nobody, "source_version": 2}),
        ("CreateSession", "scheduler", {"appointment_id": f"{nobody}-2"}),
        ("GetSession", "clinician", of), ("ListSessions", "clinician", {}), ("JoinSession", "clinician", of),
        ("AdmitParticipant", "clinician", lost), ("WatchSession", "admin", of),
        ("WatchSessions", "admin", {"start_time": in_seconds(-60), "end_time": in_seconds(60)}),
        ("UpdateSessionStatus", "clinician", {**of, "status": 3}),
        ("StartRecording", "clinician", {"session_id": nobody}), ("StopRecording", "clinician", {"session_id": nobody}),
        ("ListRecordings", "clinician", of), ("GetRecordingPlaybackUrl", "clinician", {"recording_id": nobody}),
        ("StartScreenShare", "clinician", of), ("StopScreenShare", "clinician", of),
        ("LeaveSession", "clinician", of), ("CancelSession", "clinician", {"session_id": other}),
        ("MarkNoShow", "clinician", {"session_id": nobody}), ("UndoNoShow", "clinician", {"session_id": nobody}),
        ("EndSession", "clinician", {"session_id": nobody}),
        ("SetRecordingHold", "admin", {"recording_id": nobody, "reason": "a case"}),
        ("ReleaseRecordingHold", "admin", {"recording_id": nobody, "reason": "the case is over"}),
        ("SetRecordingRetention", "admin", {"recording_id": nobody, "retention_end_time": in_seconds(864_000), "reason": "asked"}),
        ("LinkSessionNote", "clinician", {"recording_id": nobody, "session_note_id": "note-1"}),
        ("GetRecordingManifest", "admin", {"recording_id": nobody}),
        ("IngestMeetingEvents", "service", {"events": ["{"]}),
        ("ReportClientMetrics", "client", {"session_id": nobody, "window": {"seconds": 10}}),
        ("GetServiceReport", "admin", {"start_time": in_seconds(-3600), "end_time": in_seconds(0)}),
        ("SubmitConsent", "client", None), ("GetConsentStatus", "client", {"person_id": clinic.client_id}),
        ("UpdateConsent", "client", {"consent_id": nobody, "submission": {
            "decision": 2, "document_version": "test-1", "language": "en-US", "text_sha256": bytes(32), "method": 1}}),
        ("ListConsents", "client", {"person_id": clinic.client_id}), ("PutConsentDocument", "admin", None),
        ("GetConsentDocument", "client", {"type": "recording"}),
        ("ListConsentDocuments", "client", {}),
        ("GetConsentReceipt", "client", {"consent_id": granted[0].consent_id}),
        ("ExportPersonRecord", "client", {"person_id": clinic.client_id}),
        ("RevokeConsent", "client", {"consent_id": granted[1].consent_id}),
        ("InviteParticipant", "clinician", {"session_id": nobody, "role": 3}),
        ("RevokeInvitation", "clinician", {**of, "invitation_id": nobody}),
        ("RedeemInvitation", "client", {"grant": "none"}),
        ("DenyParticipant", "clinician", lost), ("ReturnToWaitingRoom", "clinician", lost),
        ("RemoveParticipant", "clinician", lost), ("SetParticipantCapabilities", "clinician", {**lost, "capabilities": {"audio": 1, "video": 1, "content": 1}}),
        ("GetServiceStatus", "admin", {}), ("BackupDatabase", "admin", {}), ("CheckDatabase", "admin", {}),
        ("GetRecordingProviderDetails", "admin", {"recording_id": nobody}), ("ListFailedOperations", "admin", {}),
        ("RetryOperation", "admin", {"operation_id": nobody}),
        ("ListAuditEvents", "admin", {}), ("ListSessionAccesses", "client", of), ("VerifyAuditLog", "admin", {}),
        ("ExportAuditLog", "admin", {}), ("GetAuditProof", "admin", {"number": 1}), ("Heartbeat", "clinician", None),
    ]
    without_line = set(walk.methods) - {name for name, _, _ in steps} - SHOW_NOBODY
    assert not without_line, f"no line for {without_line}"
    answers = {name: walk.call(name, role, fields)[1] for name, role, fields in steps if fields is not None}
    # Somebody who was not heard of for a while comes back.
    clinic.join(session, "clinician")
    time.sleep(2.2)
    answers["Heartbeat"] = walk.call("Heartbeat", "clinician", of)[1]

    told = {row.action for row in rows(clinic)}
    missing = {name for name, _, _ in steps if name not in told}
    assert not missing, {name: answers.get(name) for name in missing}
    channel.close()


def test_every_rpc_that_is_refused_for_its_token_leaves_its_row(walked):
    channel = grpc.insecure_channel(walked.address)
    walk = Walk(walked, channel)
    open_to_all = set()
    for name in walk.methods:
        # Slower than denials are summed, so that each has its own row.
        _, why = walk.call(name, "", {})
        if why != "TOKEN_MISSING":
            open_to_all.add(name)
        time.sleep(0.3)
    told = {row.action for row in rows(walk.clinic, caller="unauthenticated") if row.reason == "TOKEN_MISSING"}
    assert set(walk.methods) - open_to_all <= told
    # Who has a grant and nothing else has no token yet.
    assert open_to_all <= {"RedeemInvitation"}
    channel.close()
