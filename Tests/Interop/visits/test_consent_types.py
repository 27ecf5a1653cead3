"""Types of consents are ids: the service knows five, a place's policy may define more."""

import base64
import json
import uuid

import grpc
import pytest

from consent_office import OREGON, Office
from service import Service
from visit import fields_at_fault, missing

FAILED = grpc.StatusCode.FAILED_PRECONDITION
INVALID = grpc.StatusCode.INVALID_ARGUMENT

# A place with a type of consent of its own.
CAROLINA = {
    "place": "US-SC", "version": "test-1", "title": "South Carolina as this test has it", "ageOfMajority": 18,
    "citations": [{"id": "test", "source": "This test", "says": "Something of its own is asked for."}],
    "consentTypes": [{"id": "carolina_telehealth", "title": "Telehealth in South Carolina"}],
    "requirements": [
        {"action": "JOIN", "of": ["CLIENT"], "types": ["carolina_telehealth"], "methods": ["ELECTRONIC"],
         "validity": "365d", "renewalWindow": "30d", "versionGrace": "0d", "citations": ["test"]},
        {"action": "RECORD", "of": ["*"], "types": ["recording"], "methods": ["ELECTRONIC"],
         "validity": "365d", "renewalWindow": "30d", "versionGrace": "0d", "citations": ["test"]},
        {"action": "THIRD_PARTY", "of": ["CLIENT"], "whenPresent": ["THIRD_PARTY"], "types": ["third_party_presence"],
         "methods": ["ELECTRONIC"], "validity": "365d", "renewalWindow": "30d", "versionGrace": "0d", "citations": ["test"]},
    ],
}


@pytest.fixture(scope="module")
def service_there(tmp_path_factory, simulator):
    folder = tmp_path_factory.mktemp("places")
    (folder / "carolina.json").write_text(json.dumps(CAROLINA))
    service = Service(tmp_path_factory.mktemp("types") / "data", simulator, env={"TELEHEALTH_POLICY_DIR": str(folder)})
    service.start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def office(service_there):
    with grpc.insecure_channel(service_there.address) as channel:
        office = Office(service_there, channel)
        office.register_documents()
        yield office


def test_a_type_that_a_place_defines_goes_through_a_whole_visit(office):
    from telehealth.v1 import consent_document_service_pb2 as d
    from telehealth.v1 import consent_service_pb2 as m
    from telehealth.v1 import person_service_pb2 as p
    from telehealth.v1 import recording_service_pb2 as r
    from telehealth.v1 import telehealth_service_pb2 as t

    kind = "carolina_telehealth"
    listed = office.call(office.documents.ListPlacePolicies, d.ListPlacePoliciesRequest(), "client").policies
    [carolina] = [each for each in listed if each.place == "US-SC"]
    assert [(each.type, each.title) for each in carolina.consent_types] == [(kind, "Telehealth in South Carolina")]
    assert [list(rule.types) for rule in carolina.requirements] == [[kind], ["recording"], ["third_party_presence"]]
    text = office.document(kind, "v-" + uuid.uuid4().hex[:8], "I agree, in Carolina, " + office.client_id)
    assert text.type == kind
    found = office.call(office.documents.GetConsentDocument, d.GetConsentDocumentRequest(type=kind), "client").document
    assert found == text

    session = office.create_session(office.book()).session_id
    request = office.join_request(session, "client")
    request.pre_visit_check.location_state = "SC"
    [gap] = missing(office.refused(FAILED, "CONSENT_MISSING", office.telehealth.JoinSession, request, "client"))
    assert (gap.type, gap.document_version) == (kind, text.version)
    given = office.sign(text)
    office.join_from("SC", session)
    office.join(session, "clinician")
    office.join_from("SC", session)
    judged = office.judge("JOIN", "client", session_id=session)
    assert judged.satisfied and [(each.consent_id, each.type) for each in judged.basis] == [(given.consent_id, kind)]
    # Of recordings the type of the place says nothing.
    start = r.StartRecordingRequest(session_id=session)
    gaps = missing(office.refused(FAILED, "RECORDING_CONSENT_MISSING", office.recordings.StartRecording, start, "clinician"))
    assert [gap.type for gap in gaps] == ["recording", "recording"]
    office.consent("recording")
    office.consent("recording", "clinician")
    recording = office.call(office.recordings.StartRecording, start, "clinician").recording
    office.call(office.consents.RevokeConsent, m.RevokeConsentRequest(consent_id=given.consent_id), "client")
    assert office.causes("JOIN", "client", session_id=session) == ["REVOKED"]
    assert recording.recording_id and office.session(session).recording_enabled, "the capture stands on another type"
    office.call(office.telehealth.EndSession, t.EndSessionRequest(session_id=session), "clinician")

    asked = m.ListConsentsRequest(person_id=office.client_id, type=kind)
    listed = office.call(office.consents.ListConsents, asked, "client").consents
    assert [(each.consent_id, each.type) for each in listed] == [(given.consent_id, kind)]
    pieces = office.persons.ExportPersonRecord(
        p.ExportPersonRecordRequest(person_id=office.client_id), metadata=office.credentials("client"), timeout=20)
    record = json.loads(b"".join(piece.chunk for piece in pieces))
    [exported] = [each["resource"] for each in record["entry"] if each["resource"].get("id") == given.consent_id]
    assert exported["scope"]["coding"][0]["code"] == "treatment"
    assert "CAROLINA_TELEHEALTH" in [each["code"] for each in exported["category"][0]["coding"]]
    assert base64.b64decode(exported["sourceAttachment"]["data"]).decode() == text.text


@pytest.mark.parametrize("kind", ["telehaelth", "GEORGIA_TELEHEALTH", "georgiaTelehealth", "Recording", "texas-telehealth", "1"])
def test_a_type_that_nobody_defines_is_refused_by_its_field(office, kind):
    from telehealth.v1 import consent_document_service_pb2 as d
    from telehealth.v1 import consent_service_pb2 as m

    given = office.document("recording", "v-" + uuid.uuid4().hex[:8], "Text " + kind)
    submission = m.ConsentSubmission(
        decision=1, document_version=given.version, language="en-US", text_sha256=given.text_sha256, method=1)
    for call, request, role in [
        (office.consents.SubmitConsent,
         m.SubmitConsentRequest(person_id=office.client_id, type=kind, submission=submission), "client"),
        (office.consents.ListConsents, m.ListConsentsRequest(person_id=office.client_id, type=kind), "client"),
        (office.documents.PutConsentDocument,
         d.PutConsentDocumentRequest(type=kind, version="1", language="en-US", text="Text"), "admin"),
        (office.documents.GetConsentDocument, d.GetConsentDocumentRequest(type=kind), "client"),
        (office.documents.ListConsentDocuments, d.ListConsentDocumentsRequest(type=kind), "client"),
    ]:
        assert fields_at_fault(office.refused(INVALID, "INVALID_FIELD", call, request, role)) == ["type"]


def test_the_names_of_the_release_before_are_taken_and_told_in_the_log(tmp_path, simulator):
    from telehealth.v1 import consent_document_service_pb2 as d

    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "old.json").write_text(json.dumps(OREGON).replace('["telehealth"]', '["TELEHEALTH"]').replace('["recording"]', '["RECORDING"]'))
    service = Service(tmp_path / "data", simulator, env={
        "TELEHEALTH_POLICY_DIR": str(folder), "TELEHEALTH_JOIN_CONSENTS": "HIPAA_TELEHEALTH,telehealth"}).start()
    with grpc.insecure_channel(service.address) as channel:
        office = Office(service, channel)
        listed = office.call(office.documents.ListPlacePolicies, d.ListPlacePoliciesRequest(), "client").policies
        [oregon] = [each for each in listed if each.place == "US-OR"]
        assert [list(rule.types) for rule in oregon.requirements] == [["telehealth"], ["recording"]]
        session = office.create_session(office.book()).session_id
        assert [gap.type for gap in office.judge("JOIN", session_id=session).missing] == ["hipaa_telehealth", "telehealth"]
    assert service.stop() == 0
    told = (tmp_path / "data/telehealthd.log").read_text()
    for sentence in (
            "TELEHEALTH_POLICY_DIR (--policy-dir): old.json: write telehealth instead of TELEHEALTH",
            "old.json: write recording instead of RECORDING",
            "old.json: requires no third_party_presence",
            "TELEHEALTH_JOIN_CONSENTS (--join-consents): write hipaa_telehealth instead of HIPAA_TELEHEALTH"):
        assert sentence in told
    assert "instead of telehealth," not in told
