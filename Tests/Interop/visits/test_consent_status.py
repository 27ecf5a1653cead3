"""What may be done now, and what is missing for it, through the wire."""

import grpc
import pytest

from audit_log import rows
from consent_office import office, places, texts  # noqa: F401: fixtures
from visit import fields_at_fault, missing

FAILED = grpc.StatusCode.FAILED_PRECONDITION
INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("fields, at_fault", [
    ({}, "person_id"), ({"actions": [0]}, "actions[0]"), ({"actions": [1, 2, 1]}, "actions"), ({"actions": [1, 49]}, "actions[1]"),
    ({"purpose": 9}, "purpose"), ({"session_id": "no id"}, "session_id")])
def test_what_is_asked_for_wrongly_is_named(office, fields, at_fault):
    from telehealth.v1 import consent_service_pb2 as m

    session = {} if not fields else {"session_id": office.create_session(office.book()).session_id}
    request = m.GetConsentStatusRequest(**session | fields)
    error = office.refused(INVALID, "INVALID_FIELD", office.consents.GetConsentStatus, request, "client")
    assert fields_at_fault(error) == [at_fault]


def test_every_action_is_judged_where_none_is_named_and_only_those_that_are(office, texts):
    from telehealth.v1 import consent_pb2 as c

    session = office.create_session(office.book()).session_id
    judged = office.status(session_id=session).judgements
    assert [each.action for each in judged] == [number for number in c.ConsentAction.values() if number]
    assert [each.satisfied for each in judged] == [False, False, False, True], "nobody else takes part"
    asked = [c.CONSENT_ACTION_CONDUCT, c.CONSENT_ACTION_JOIN]
    judged = office.status(session_id=session, actions=asked).judgements
    assert [each.action for each in judged] == asked
    before = office.status("client", person_id=office.client_id, actions=asked)
    assert [each.place for each in before.judgements] == ["US-GA", "US-GA"] and before.HasField("evaluate_time")


def test_a_persons_records_are_told_beside_the_judgement(office, texts):
    session = office.create_session(office.book()).session_id
    office.sign(texts["georgia_telehealth"], decision="DECLINED")
    standing = office.sign(texts["georgia_telehealth"])
    own = office.sign(texts["recording"], session_id=session)
    told = office.status("client", person_id=office.client_id)
    assert {each.consent_id for each in told.consents} == {standing.consent_id, own.consent_id}
    record = {each.action: each for each in told.judgements}[2]
    assert [gap.type for gap in record.missing] == [own.type], "it is for that visit alone"
    told = office.status("client", person_id=office.client_id, session_id=session)
    assert {each.consent_id for each in told.consents} == {standing.consent_id, own.consent_id}
    record = {each.action: each for each in told.judgements}[2]
    assert record.others_missing and not record.missing, "the clinician's gaps do not concern the client"
    assert [each.consent_id for each in record.basis] == [own.consent_id]
    assert not office.status("client", session_id=session).consents


def test_a_recording_is_judged_for_its_purpose(office, texts):
    from telehealth.v1 import recording_pb2 as r

    office.sign(texts["recording"])
    assert office.judge("RECORD", "client", person_id=office.client_id).satisfied
    training = office.judge("RECORD", "client", person_id=office.client_id, purpose=r.RECORDING_PURPOSE_TRAINING)
    assert not training.satisfied and training.missing[0].cause == 6, "NOT_COVERED"


def test_what_would_fill_a_gap_is_told_by_the_status_and_not_by_the_refusal(office, texts):
    session = office.create_session(office.book()).session_id
    told = office.judge("JOIN", "client", session_id=session).missing
    refused = missing(office.refused(
        FAILED, "CONSENT_MISSING", office.telehealth.JoinSession, office.join_request(session, "client"), "client"))
    assert all(gap.HasField("remedy") for gap in told) and not any(gap.HasField("remedy") for gap in refused)
    for gap in told:
        gap.ClearField("remedy")
    assert list(told) == list(refused) and {gap.document_version for gap in refused} == {"test-1"}


def test_each_question_leaves_one_row_in_the_log(office, texts):
    from telehealth.v1 import consent_service_pb2 as m

    session = office.create_session(office.book()).session_id

    def told():
        return [(row.session_id, row.outcome) for row in rows(office, person_id=office.client_id, action="GetConsentStatus")]

    office.status(session_id=session)
    office.status("client", session_id=session, person_id=office.client_id)
    office.status("client", person_id=office.client_id)
    assert sorted(session for session, _ in told()) == ["", session, session]
    stranger = type(office)(office.service, office.channel)
    request = m.GetConsentStatusRequest(person_id=office.client_id, session_id=session)
    stranger.refused(grpc.StatusCode.NOT_FOUND, "PERSON_NOT_FOUND", office.consents.GetConsentStatus, request, "client")
    assert len(told()) == 4 and len({outcome for _, outcome in told()}) == 2
