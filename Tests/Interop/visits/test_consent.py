"""Consents through the wire: what a place asks for, document versions, pairs, guardians, evidence, revocation."""

import hashlib
import json
import uuid

import grpc
import pytest

from consent_office import OREGON, Office, office, places, texts  # noqa: F401: fixtures
from service import Service
from visit import Watch, reason

FAILED = grpc.StatusCode.FAILED_PRECONDITION
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
DENIED = grpc.StatusCode.PERMISSION_DENIED


def test_what_is_missing_is_told_with_what_would_do(office, texts):
    from telehealth.v1 import consent_pb2 as c

    session = office.create_session(office.book()).session_id
    judged = office.judge("JOIN", session_id=session)
    assert (judged.place, judged.satisfied) == ("US-GA", False)
    assert [(gap.person_id, gap.type) for gap in judged.missing] == [
        (office.client_id, "georgia_telehealth"), (office.client_id, "hipaa_telehealth")]
    remedy = judged.missing[0].remedy
    assert list(remedy.methods) == [c.CONSENT_METHOD_ELECTRONIC, c.CONSENT_METHOD_PAPER]
    named = remedy.documents[0]
    assert (named.version, named.language) == ("test-1", "en-US")
    assert named.text_sha256 == texts["georgia_telehealth"].text_sha256
    assert hashlib.sha256(texts["georgia_telehealth"].text.encode()).digest() == named.text_sha256
    assert "Ga. Comp. R. & Regs. 135-11-.01 (TeleMental Health)" in [each.source for each in judged.citations]
    assert {each.id for each in judged.citations} >= set(remedy.citation_ids)

    office.sign(texts["georgia_telehealth"])
    given = office.sign(texts["hipaa_telehealth"])
    judged = office.judge("JOIN", session_id=session)
    assert judged.satisfied and given.consent_id in [each.consent_id for each in judged.basis]
    assert all(each.HasField("expire_time") and not each.expires_soon for each in judged.basis)


def test_a_client_is_told_of_own_gaps_only(office, texts):
    session = office.create_session(office.book()).session_id
    office.sign(texts["recording"])
    judged = office.judge("RECORD", "client", session_id=session)
    assert not judged.satisfied and judged.others_missing and not judged.missing
    assert [each.person_id for each in judged.basis] == [office.client_id]
    judged = office.judge("RECORD", "clinician", session_id=session)
    assert [gap.person_id for gap in judged.missing] == [office.clinician_id]


def test_strangers_learn_nothing(office, places):
    from telehealth.v1 import consent_service_pb2 as m

    session = office.create_session(office.book()).session_id
    stranger = Office(places, office.channel)
    status, asks = office.consents.GetConsentStatus, m.GetConsentStatusRequest
    stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", status, asks(session_id=session), "client")
    stranger.refused(NOT_FOUND, "PERSON_NOT_FOUND", status, asks(person_id=office.client_id), "client")
    # Both are asked for: each is a matter of its own.
    stranger.refused(NOT_FOUND, "PERSON_NOT_FOUND", status, asks(person_id=office.client_id, session_id=session), "client")
    stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", status, asks(person_id=stranger.client_id, session_id=session), "client")
    office.refused(NOT_FOUND, "PERSON_NOT_FOUND", status, asks(person_id=stranger.client_id, session_id=session), "client")
    office.refused(DENIED, "ROLE_NOT_ALLOWED", status, asks(session_id=session), "scheduler")


def test_where_the_client_is_decides_what_is_asked(office, texts):
    from telehealth.v1 import recording_service_pb2 as rec

    session = office.create_session(office.book()).session_id
    office.sign(texts["georgia_telehealth"])
    office.sign(texts["hipaa_telehealth"])
    assert office.judge("JOIN", session_id=session).satisfied
    with pytest.raises(grpc.RpcError) as error:
        office.join_from("CA", session)
    assert reason(error.value) == "CONSENT_MISSING"
    office.sign(texts["telehealth"])
    office.join_from("CA", session)
    assert office.judge("JOIN", session_id=session).place == "US-CA"
    # On the way, in a place nobody has looked up: the strictest rules hold.
    with pytest.raises(grpc.RpcError) as error:
        office.join_from("WY", session)
    assert reason(error.value) == "CONSENT_MISSING"
    office.join_from("GA", session)
    assert office.judge("JOIN", session_id=session).place == "US-GA"
    office.refused(
        FAILED, "INVALID_STATE", office.recordings.StartRecording, rec.StartRecordingRequest(session_id=session), "clinician")


def test_a_folder_adds_places_and_all_are_listed(office):
    from telehealth.v1 import consent_document_service_pb2 as m

    listed = office.call(office.documents.ListPlacePolicies, m.ListPlacePoliciesRequest(), "client")
    assert listed.home_place == "US-GA"
    found = {policy.place: policy for policy in listed.policies}
    assert set(found) == {"US-GA", "US-CA", "US-OR", "default"}
    assert found["US-OR"].version == "test-7"
    for policy in found.values():
        cited = {each.id for each in policy.citations}
        assert all(set(rule.citation_ids) <= cited and rule.citation_ids for rule in policy.requirements)


def test_a_policy_tells_whose_consent_it_asks_for_by_role(office):
    from telehealth.v1 import consent_document_service_pb2 as m
    from telehealth.v1 import session_pb2 as s

    listed = office.call(office.documents.ListPlacePolicies, m.ListPlacePoliciesRequest(), "client").policies
    rules = {rule.action: rule for policy in listed if policy.place == "default" for rule in policy.requirements}
    join, record, third = rules[1], rules[2], rules[4]
    assert list(join.roles) == [s.PARTICIPANT_ROLE_CLIENT] and not join.when_present
    assert not record.roles, "everybody's"
    assert list(third.when_present) == [
        s.PARTICIPANT_ROLE_SUPERVISOR, s.PARTICIPANT_ROLE_INTERPRETER, s.PARTICIPANT_ROLE_OBSERVER, s.PARTICIPANT_ROLE_GUEST]


def test_a_written_and_a_spoken_consent_stand_side_by_side(office, texts):
    from telehealth.v1 import consent_pb2 as c
    from telehealth.v1 import consent_service_pb2 as m

    session = office.create_session(office.book()).session_id
    written = office.sign(texts["georgia_telehealth"])
    assert office.causes("CONDUCT", session_id=session) == ["VERBAL_MISSING"]
    office.sign(texts["georgia_telehealth"], "client", "VERBAL", refused=(DENIED, "NOT_ALLOWED"))
    spoken = office.sign(texts["georgia_telehealth"], "clinician", "VERBAL", subject=office.client_id)
    judged = office.judge("CONDUCT", session_id=session)
    assert judged.satisfied
    assert [each.consent_id for each in judged.basis] == [written.consent_id, spoken.consent_id]
    assert not spoken.supersedes_consent_id, "the spoken one replaces nothing written"
    # Taking one back takes back what it accompanies.
    office.call(office.consents.RevokeConsent, m.RevokeConsentRequest(consent_id=written.consent_id), "client")
    assert office.causes("JOIN", session_id=session)[0] == "REVOKED"
    listed = office.call(office.consents.ListConsents, m.ListConsentsRequest(person_id=office.client_id), "client")
    assert [each.state for each in listed.consents] == [c.CONSENT_STATE_REVOKED] * 2


def test_the_pair_can_be_asked_for_before_joining(office, texts):
    session = office.create_session(office.book()).session_id
    office.sign(texts["telehealth"])
    with pytest.raises(grpc.RpcError) as error:
        office.join_from("OR", session)
    assert reason(error.value) == "CONSENT_MISSING"
    items = {"script_version": "s-3", "witness": "front desk"}
    office.sign(texts["telehealth"], "clinician", "VERBAL", subject=office.client_id, evidence_items=items)
    office.join_from("OR", session)
    judged = office.judge("JOIN", session_id=session)
    assert judged.satisfied and all(each.expires_soon for each in judged.basis), "its renewal window is the whole year"


def test_evidence_is_asked_for_by_method_and_place(office, texts):
    session = office.create_session(office.book()).session_id
    for kind in ("georgia_telehealth", "hipaa_telehealth", "telehealth"):
        office.sign(texts[kind])
    items = {"script_version": "s-3", "witness": "front desk"}
    office.sign(texts["telehealth"], "clinician", "VERBAL", subject=office.client_id, evidence_items=items)
    office.join_from("OR", session)
    paper = dict(role="clinician", method="PAPER", subject=office.client_id)
    error = office.sign(texts["telehealth"], **paper, refused=(INVALID, "EVIDENCE_INCOMPLETE"))
    from google.rpc import error_details_pb2, status_pb2

    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    assert dict(info.metadata) == {"missing": "SCAN_SHA256", "place": "US-OR"}
    scan = {"scan_reference": "dms://7/1", "scan_sha256": hashlib.sha256(b"scan").digest()}
    filed = office.sign(texts["telehealth"], **paper, evidence_items=scan)
    assert filed.evidence_items.scan_sha256 == scan["scan_sha256"]
    bad = dict(scan, scan_sha256=b"short")
    office.sign(texts["telehealth"], **paper, evidence_items=bad, refused=(INVALID, "INVALID_FIELD"))


def test_an_older_text_counts_until_the_grace_is_over(office, texts):
    from telehealth.v1 import consent_document_service_pb2 as p
    from telehealth.v1 import consent_service_pb2 as m

    old = office.document("telehealth", "v-" + uuid.uuid4().hex[:8], "Old " + office.client_id, -30, "es-US")
    session = office.create_session(office.book()).session_id
    items = {"script_version": "s-3", "witness": "front desk"}
    office.sign(old)
    office.sign(old, "clinician", "VERBAL", subject=office.client_id, evidence_items=items)
    office.join_from("OR", session)
    new = office.document("telehealth", "w-" + uuid.uuid4().hex[:8], "New " + office.client_id, -1, "es-US")
    # Oregon's grace is over at once, California's has two weeks to go.
    judged = office.judge("JOIN", session_id=session)
    assert office.causes("JOIN", session_id=session) == ["OUTDATED_VERSION"]
    assert new.version in [each.version for each in judged.missing[0].remedy.documents]
    office.sign(old, refused=(FAILED, "DOCUMENT_OUTDATED"))
    office.sign(texts["hipaa_telehealth"])
    office.join_from("CA", session)
    judged = office.judge("JOIN", session_id=session)
    replaced = [each for each in judged.basis if each.text_replaced]
    assert judged.satisfied and replaced and all(each.expires_soon for each in replaced)
    listed = office.call(
        office.consents.ListConsents,
        m.ListConsentsRequest(person_id=office.client_id, renewal_required_only=True), "client").consents
    assert listed and {each.document_version for each in listed} == {old.version}
    # Old texts stay readable to the letter.
    page = office.call(
        office.documents.ListConsentDocuments,
        p.ListConsentDocumentsRequest(type=old.type, language="es-US", page_size=1), "client")
    assert [(each.text_sha256, each.text) for each in page.documents] == [(new.text_sha256, "")] and page.next_page_token
    page = office.call(
        office.documents.ListConsentDocuments,
        p.ListConsentDocumentsRequest(type=old.type, language="es-US", page_size=1, page_token=page.next_page_token), "client")
    [listed_old] = page.documents
    assert listed_old.text_sha256 == old.text_sha256
    read = office.call(
        office.documents.GetConsentDocument,
        p.GetConsentDocumentRequest(type=old.type, version=listed_old.version, language=listed_old.language), "client").document
    assert read.text == old.text and hashlib.sha256(read.text.encode()).digest() == listed_old.text_sha256
    current = office.call(
        office.documents.ListConsentDocuments,
        p.ListConsentDocumentsRequest(type=old.type, in_force_only=True), "client").documents
    assert sorted(each.language for each in current) == ["en-US", "es-US"]
    office.sign(new)
    office.sign(new, "clinician", "VERBAL", subject=office.client_id, evidence_items=items)
    assert office.judge("JOIN", session_id=session).satisfied


def test_a_guardian_signs_for_a_minor(office, texts):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = office.visit_of_ward(born="2015-02-28")
    office.sign(texts["georgia_telehealth"], refused=(FAILED, "GUARDIAN_REQUIRED"))
    signed = office.sign(texts["georgia_telehealth"], "guardian")
    assert (signed.person_id, signed.signer_id) == (office.client_id, office.guardian_id)
    # Paper names whose signature is on it: the subject alone will not do, a stranger neither.
    paper = dict(role="clinician", method="PAPER", subject=office.client_id)
    office.sign(texts["hipaa_telehealth"], **paper, refused=(FAILED, "GUARDIAN_REQUIRED"))
    office.sign(texts["hipaa_telehealth"], **paper, signer_id="somebody", refused=(INVALID, "INVALID_FIELD"))
    filed = office.sign(texts["hipaa_telehealth"], **paper, signer_id=office.guardian_id)
    assert filed.signer_id == office.guardian_id
    assert office.judge("JOIN", session_id=session).satisfied
    # A minor may always say no.
    office.sign(texts["recording"], decision="DECLINED")
    assert sorted(office.causes("RECORD", session_id=session)) == ["DECLINED", "NONE_GIVEN"], "the clinician gave none yet"
    # The guardian finds the ward's visit.
    listed = office.call(office.telehealth.ListSessions, m.ListSessionsRequest(), "guardian").sessions
    assert [each.session_id for each in listed] == [session]
    listed = office.call(office.telehealth.ListSessions, m.ListSessionsRequest(client_id=office.client_id), "guardian").sessions
    assert [each.session_id for each in listed] == [session]


def test_an_adult_signs_alone(office, texts):
    session = office.visit_of_ward(born="1980-02-28")
    office.sign(texts["georgia_telehealth"])
    office.sign(texts["hipaa_telehealth"])
    assert office.judge("JOIN", session_id=session).satisfied


def test_revoking_while_recording_stops_it_and_says_so_every_time(office, texts, simulator):
    from telehealth.v1 import consent_service_pb2 as m
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as t

    session = office.create_session(office.book()).session_id
    office.sign(texts["georgia_telehealth"])
    office.sign(texts["hipaa_telehealth"])
    mine = office.sign(texts["recording"])
    office.sign(texts["recording"], "clinician")
    office.join(session, "client")
    office.join(session, "clinician")
    office.join(session, "client")
    watch = Watch(office, session, "clinician")
    recording = office.call(office.recordings.StartRecording, rec.StartRecordingRequest(session_id=session), "clinician").recording
    watch.wait_for("recording_started")
    revoke = m.RevokeConsentRequest(request_id=str(uuid.uuid4()), consent_id=mine.consent_id, reason="changed my mind")
    first = office.call(office.consents.RevokeConsent, revoke, "client")
    assert list(first.stopped_recording_ids) == [recording.recording_id]
    watch.wait_for("recording_stopped")
    office.call(office.telehealth.EndSession, t.EndSessionRequest(session_id=session), "clinician")
    # The same attempt again, after the visit is over, tells the same.
    assert list(office.call(office.consents.RevokeConsent, revoke, "client").stopped_recording_ids) == [recording.recording_id]
    again = m.RevokeConsentRequest(consent_id=mine.consent_id)
    assert not office.call(office.consents.RevokeConsent, again, "client").stopped_recording_ids


@pytest.mark.parametrize("change, sentence", [
    ({"ageOfMajorty": 18}, "the policy: unknown member ageOfMajorty"),
    ({"consentTypes": [{"id": "recording", "title": "Mine"}]}, "recording is a built-in type, which a policy cannot define"),
    ({"consentTypes": [{"id": "third_party_presence", "title": "Mine"}]},
     "third_party_presence is a built-in type, which a policy cannot define"),
    ({"requirements": OREGON["requirements"][:1]}, "recording requires the type recording"),
    ({"requirements": [{**OREGON["requirements"][1], "types": ["telehealth"]}]}, "RECORD requires exactly the type recording"),
    ({"requirements": [{**OREGON["requirements"][0], "types": ["oregon_telehealth"]}, OREGON["requirements"][1]]},
     "'oregon_telehealth' is none of georgia_telehealth"),
])
def test_a_broken_policy_folder_keeps_the_service_from_starting(tmp_path, simulator, change, sentence):
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "bad.json").write_text(json.dumps({**OREGON, **change}))
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_POLICY_DIR": str(folder)})
    with pytest.raises(RuntimeError):
        service.start()
    assert service.process.wait(10) == 2
    service.log.close()
    told = (tmp_path / "data/telehealthd.log").read_text()
    assert "bad.json: " in told and sentence in told


def test_the_calls_that_only_read_promise_so():
    """Whatever names no attempt may be repeated by anybody on the way."""
    from google.protobuf.descriptor_pb2 import MethodOptions
    from telehealth.v1 import consent_document_service_pb2 as d
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import person_service_pb2 as p

    for module in (c, d, p):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                level = method.GetOptions().idempotency_level
                changes = "request_id" in method.input_type.fields_by_name
                assert level == (MethodOptions.IDEMPOTENCY_UNKNOWN if changes else MethodOptions.NO_SIDE_EFFECTS), method.name
