"""A clinic's front desk: places, texts and people who consent."""

import json
import uuid

import grpc
import pytest

from service import Service
from visit import Clinic, in_seconds

# A place with short terms, beside the ones that come with the program: a second file is a second place.
OREGON = {
    "place": "US-OR", "version": "test-7", "title": "Oregon as this test has it", "ageOfMajority": 18,
    "citations": [{"id": "test", "source": "This test", "says": "Texts are replaced at once."}],
    "evidence": {"PAPER": ["SCAN_SHA256"], "VERBAL": ["SCRIPT_VERSION", "WITNESS"]},
    "requirements": [
        {"action": "JOIN", "of": ["CLIENT"], "types": ["telehealth"], "methods": ["ELECTRONIC", "PAPER"],
         "alsoVerbal": True, "validity": "365d", "renewalWindow": "365d", "versionGrace": "0d", "citations": ["test"]},
        {"action": "RECORD", "of": ["*"], "types": ["recording"], "methods": ["ELECTRONIC"], "perSession": True,
         "validity": "1d", "renewalWindow": "0d", "versionGrace": "0d", "citations": ["test"]},
    ],
}


@pytest.fixture(scope="module")
def places(tmp_path_factory, simulator):
    """A service of its own: texts that replace others would disturb the tests that share one."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "oregon.json").write_text(json.dumps(OREGON))
    service = Service(tmp_path_factory.mktemp("consent") / "data", simulator, env={"TELEHEALTH_POLICY_DIR": str(folder)})
    service.start()
    yield service
    assert service.stop() == 0


class Office(Clinic):
    """A clinic that keeps its own texts per test."""

    def __init__(self, service, channel):
        super().__init__(service, channel)
        self.guardian_id = "guardian-" + uuid.uuid4().hex[:12]

    def credentials(self, role: str):
        if role == "guardian":
            return [("authorization", "Bearer " + self.service.token("client", self.guardian_id))]
        return super().credentials(role)

    def document(self, kind: str, version: str, text: str, effective: float = -60, language: str = "en-US"):
        from telehealth.v1 import consent_document_service_pb2 as m

        return self.call(
            self.documents.PutConsentDocument,
            m.PutConsentDocumentRequest(
                type=kind, version=version, language=language, text=text,
                effective_time=in_seconds(effective)),
            "admin").document

    def sign(self, document, role="client", method="ELECTRONIC", decision="GRANTED", subject=None, refused=None, **fields):
        from telehealth.v1 import consent_pb2
        from telehealth.v1 import consent_service_pb2 as m

        submission = m.ConsentSubmission(
            decision=consent_pb2.ConsentDecision.Value("CONSENT_DECISION_" + decision),
            document_version=document.version, language=document.language, text_sha256=document.text_sha256,
            method=consent_pb2.ConsentMethod.Value("CONSENT_METHOD_" + method),
            acknowledgements=consent_pb2.ConsentAcknowledgements(
                patient_rights=True, emergency_protocols=True, privacy_risks=True),
            recording_purposes=[1] if document.type == "recording" else [],
            evidence="" if method == "ELECTRONIC" else "told in the first minute, heard by the front desk",
        )
        items = fields.pop("evidence_items", None)
        if items:
            submission.evidence_items.CopyFrom(consent_pb2.ConsentEvidence(**items))
        for name, value in fields.items():
            setattr(submission, name, value)
        own = {"clinician": self.clinician_id, "guardian": self.client_id}.get(role, self.client_id)
        request = m.SubmitConsentRequest(
            person_id=subject or own, type=document.type, submission=submission,
            person_role=2 if (subject or own) == self.clinician_id else 1)
        if refused:
            code, word = refused
            return self.refused(code, word, self.consents.SubmitConsent, request, role)
        return self.call(self.consents.SubmitConsent, request, role).consent

    def judge(self, action: str, role: str = "clinician", **fields):
        from telehealth.v1 import consent_pb2

        action = consent_pb2.ConsentAction.Value("CONSENT_ACTION_" + action)
        [judged] = self.status(role, actions=[action], **fields).judgements
        assert judged.action == action and all(gap.action == action for gap in judged.missing)
        return judged

    def status(self, role: str = "clinician", **fields):
        from telehealth.v1 import consent_service_pb2 as m

        return self.call(self.consents.GetConsentStatus, m.GetConsentStatusRequest(**fields), role)

    def causes(self, *arguments, **fields) -> list[str]:
        from telehealth.v1 import consent_pb2

        prefix = len("MISSING_CONSENT_CAUSE_")
        judged = self.judge(*arguments, **fields)
        return [consent_pb2.MissingConsentCause.Name(gap.cause)[prefix:] for gap in judged.missing]

    def visit_of_ward(self, born: str | None = None, **fields) -> str:
        """Booked with a guardian; the birth date decides who signs."""
        from telehealth.v1 import appointment_service_pb2 as m

        appointment_id = "appt-" + uuid.uuid4().hex
        self.call(
            self.appointments.PutAppointment,
            m.PutAppointmentRequest(
                appointment_id=appointment_id, client_id=self.client_id, clinician_id=self.clinician_id,
                guardian_id=self.guardian_id, scheduled_start_time=in_seconds(60), scheduled_end_time=in_seconds(1860),
                time_zone="America/New_York", source_version=1, client_birth_date=born or "", **fields),
            "scheduler")
        return self.create_session(appointment_id).session_id

    def join_from(self, state: str, session_id: str, role: str = "client"):
        request = self.join_request(session_id, "client")
        request.pre_visit_check.location_state = state
        return self.call(self.telehealth.JoinSession, request, role)


@pytest.fixture
def office(places):
    channel = grpc.insecure_channel(places.address)
    office = Office(places, channel)
    office.register_documents()
    yield office
    channel.close()


@pytest.fixture
def texts(office):
    from telehealth.v1 import consent_document_service_pb2 as m

    def text(kind: str):
        request = m.GetConsentDocumentRequest(type=kind, version="test-1")
        return office.call(office.documents.GetConsentDocument, request, "client").document

    office.document("telehealth", "test-1", "Template: telehealth")
    return {
        kind: text(kind)
        for kind in ("georgia_telehealth", "hipaa_telehealth", "recording", "telehealth", "third_party_presence")
    }
