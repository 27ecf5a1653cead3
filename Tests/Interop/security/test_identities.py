"""Identities are bytes: callers whose names only look alike share nothing."""

import uuid

import grpc
import pytest

from audit_log import rows
from service import Service
from visit import Clinic, in_seconds, reason

# Each pair is one text to whoever compares by canonical equivalence.
PAIRS = [("drK", "dr\u212a"), ("caf\u00e9", "cafe\u0301"), ("a;b", "a\u037eb")]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, simulator):
    service = Service(
        tmp_path_factory.mktemp("identities") / "data", simulator,
        env={"TELEHEALTH_RATE_LIMITS": "scheduler=1/3"}).start()
    with grpc.insecure_channel(service.address) as channel:
        yield Clinic(service, channel)
    assert service.stop() == 0


def as_subject(clinic: Clinic, role: str, subject: str) -> list[tuple[str, str]]:
    return [("authorization", "Bearer " + clinic.service.token(role, subject))]


def document(request_id: str, version: str):
    from telehealth.v1 import consent_document_service_pb2 as m

    return m.PutConsentDocumentRequest(
        request_id=request_id, type="recording", version=version, language="en-US", text="t",
        effective_time=in_seconds(-3600))


@pytest.mark.parametrize("one, other", PAIRS)
def test_a_request_id_is_its_callers_own(clinic, one, other):
    request_id = str(uuid.uuid4())
    put = clinic.documents.PutConsentDocument
    for subject in (one, other):
        # Had they one name, the second would be a repetition with another body.
        put(document(request_id, uuid.uuid4().hex), metadata=as_subject(clinic, "admin", subject), timeout=20)
    with pytest.raises(grpc.RpcError) as refused:
        put(document(request_id, uuid.uuid4().hex), metadata=as_subject(clinic, "admin", one), timeout=20)
    assert reason(refused.value) == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("one, other", PAIRS)
def test_the_audit_log_tells_them_apart(clinic, one, other):
    from telehealth.v1 import telehealth_service_pb2 as m

    def seen(subject: str) -> list[str]:
        return [row.caller for row in rows(clinic, caller=subject, action="ListSessions")]

    before = {subject: len(seen(subject)) for subject in (one, other)}
    for subject, calls in ((one, 2), (other, 3)):
        for _ in range(calls):
            clinic.telehealth.ListSessions(
                m.ListSessionsRequest(), metadata=as_subject(clinic, "admin", subject), timeout=20)
    for subject, calls in ((one, 2), (other, 3)):
        assert seen(subject) == [subject] * (before[subject] + calls)


@pytest.mark.parametrize("one, other", PAIRS)
def test_one_does_not_use_up_the_others_calls(clinic, one, other):
    from telehealth.v1 import telehealth_service_pb2 as m

    def call(subject: str) -> str:
        try:
            clinic.telehealth.ListSessions(
                m.ListSessionsRequest(), metadata=as_subject(clinic, "scheduler", subject), timeout=20)
        except grpc.RpcError as error:
            return reason(error)
        return "OK"

    said = [call(one) for _ in range(8)]
    assert said[0] == "OK" and said[-1] == "RATE_LIMITED"
    assert call(other) == "OK"
