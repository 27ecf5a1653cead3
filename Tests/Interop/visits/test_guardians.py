"""Appointments that change, guardians, and the feed's order, through the wire."""

import json
import time
import uuid
from datetime import datetime, timedelta, timezone

import grpc
import pytest

from service import ROOT, Service
from visit import Clinic, Watch, fields_at_fault, in_seconds, reason

FAILED = grpc.StatusCode.FAILED_PRECONDITION
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture
def clinic(service):
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    yield clinic
    channel.close()


def put(clinic, appointment_id, version=1, role="scheduler", starts=60, lasts=1800, **fields):
    from telehealth.v1 import appointment_service_pb2 as m

    told = {
        "client_id": clinic.client_id, "clinician_id": clinic.clinician_id, "time_zone": "America/New_York",
        "scheduled_start_time": in_seconds(starts), "scheduled_end_time": in_seconds(starts + lasts), **fields}
    request = m.PutAppointmentRequest(appointment_id=appointment_id, source_version=version, **told)
    return clinic.call(clinic.appointments.PutAppointment, request, role)


def cancel(clinic, appointment_id, version):
    from telehealth.v1 import appointment_service_pb2 as m

    request = m.CancelAppointmentRequest(appointment_id=appointment_id, source_version=version)
    return clinic.call(clinic.appointments.CancelAppointment, request, "scheduler")


def why(call, *arguments, **fields):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **fields)
    return reason(error.value)


def stored(clinic, appointment_id, role="admin"):
    from telehealth.v1 import appointment_service_pb2 as m

    request = m.GetAppointmentRequest(appointment_id=appointment_id)
    return clinic.call(clinic.appointments.GetAppointment, request, role).appointment


def fresh() -> str:
    return "appt-" + uuid.uuid4().hex


def sign(clinic, role, appointment_id="", kind="georgia_telehealth", **fields):
    import hashlib

    from telehealth.v1 import consent_pb2
    from telehealth.v1 import consent_service_pb2 as m

    from visit import TEXTS

    submission = m.ConsentSubmission(
        decision=consent_pb2.CONSENT_DECISION_GRANTED, document_version="test-1", language="en-US",
        text_sha256=hashlib.sha256(TEXTS[kind].encode()).digest(),
        method=consent_pb2.CONSENT_METHOD_ELECTRONIC,
        acknowledgements=consent_pb2.ConsentAcknowledgements(
            patient_rights=True, emergency_protocols=True, privacy_risks=True), **fields)
    request = m.SubmitConsentRequest(
        person_id=clinic.client_id, type=kind,
        appointment_id=appointment_id, submission=submission)
    return clinic.call(clinic.consents.SubmitConsent, request, role).consent


def test_a_colleague_takes_over_while_the_client_waits_and_the_one_who_was_in_is_out(clinic, simulator):
    appointment = fresh()
    put(clinic, appointment, starts=-60)
    session = clinic.create_session(appointment, admission_policy=2).session_id
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        sign(clinic, "client", kind=kind)
    clinic.join(session, "client")
    assert clinic.join(session, "clinician").HasField("credentials")
    watch = Watch(clinic, session, "clinician")
    watch.wait_for_snapshot()
    colleague = clinic.person("co-clinician")
    row = stored(clinic, appointment)
    moved = put(
        clinic, appointment, 2, clinician_id=colleague, scheduled_start_time=row.scheduled_start_time, scheduled_end_time=row.scheduled_end_time)
    assert moved.applied and moved.appointment.clinician_id == colleague
    watch.wait_for_end()
    assert reason(watch.error) == "PARTICIPANT_REMOVED"
    assert why(clinic.join, session, "clinician") == "SESSION_NOT_FOUND"
    joined = clinic.join(session, "co-clinician")
    assert joined.HasField("credentials") and joined.session.participants[0].person_id == colleague
    client = next(each for each in joined.session.participants if each.person_id == clinic.client_id)
    clinic.admit(session, client.participant_id, by="co-clinician")
    assert why(put, clinic, appointment, 3, scheduled_start_time=row.scheduled_start_time, scheduled_end_time=row.scheduled_end_time) == "APPOINTMENT_STARTED"
    longer = put(
        clinic, appointment, 3, clinician_id=colleague, scheduled_start_time=row.scheduled_start_time, scheduled_end_time=in_seconds(3600),
        guardian_id=clinic.person("guardian"))
    assert longer.applied and clinic.session(session, "admin").guardian_id == clinic.person("guardian")
    assert clinic.join(session, "guardian").session.session_id == session


def test_a_missed_visit_is_moved(clinic):
    appointment = fresh()
    put(clinic, appointment, starts=-1860, lasts=1800)
    assert put(clinic, appointment, 2, starts=3600).applied
    assert clinic.create_session(appointment).session_id


@pytest.mark.parametrize("named", [True, False])
def test_the_guardian_of_a_cancelled_appointment_signs_nothing_and_takes_back_what_was_signed(clinic, named):
    from telehealth.v1 import consent_service_pb2 as m

    appointment = fresh()
    put(clinic, appointment, guardian_id=clinic.person("guardian"), client_birth_date="2015-02-28")
    signed = sign(clinic, "guardian", appointment if named else "")
    assert signed.signer_id == clinic.person("guardian")
    cancel(clinic, appointment, 2)
    assert why(sign, clinic, "guardian", appointment if named else "") == "PERSON_NOT_FOUND"
    for request in (m.ListConsentsRequest, m.GetConsentStatusRequest):
        method = getattr(clinic.consents, request.DESCRIPTOR.name.removesuffix("Request"))
        clinic.refused(NOT_FOUND, "PERSON_NOT_FOUND", method, request(person_id=clinic.client_id), "guardian")
    revoke = m.RevokeConsentRequest(consent_id=signed.consent_id)
    assert clinic.call(clinic.consents.RevokeConsent, revoke, "guardian").consent.HasField("revoke_time")


def test_an_adults_guardian_is_named_as_such(clinic):
    guardian = clinic.person("guardian")
    appointment, other = fresh(), fresh()
    row = put(clinic, appointment, guardian_id=guardian, client_birth_date="1980-02-28").appointment
    assert not row.adult_guardian
    assert why(sign, clinic, "guardian") == "PERSON_NOT_FOUND"
    assert why(stored, clinic, appointment, "guardian") == "APPOINTMENT_NOT_FOUND"
    with pytest.raises(grpc.RpcError) as error:
        put(clinic, other, adult_guardian=True)
    assert fields_at_fault(error.value) == ["adult_guardian"]
    row = put(clinic, appointment, 2, guardian_id=guardian, adult_guardian=True).appointment
    assert row.adult_guardian and stored(clinic, appointment, "guardian").adult_guardian
    assert sign(clinic, "guardian").signer_id == guardian


def test_a_cancellation_that_overtakes_its_put_books_no_ghost(clinic):
    appointment = fresh()
    early = cancel(clinic, appointment, 2)
    assert early.applied and not early.HasField("appointment")
    assert not cancel(clinic, appointment, 2).applied
    assert why(stored, clinic, appointment) == "APPOINTMENT_NOT_FOUND"
    late = put(clinic, appointment, 1)
    assert not late.applied and not late.HasField("appointment")
    assert why(put, clinic, appointment, 3) == "APPOINTMENT_CANCELLED"
    assert why(stored, clinic, appointment) == "APPOINTMENT_NOT_FOUND"


def test_a_stale_cancellation_says_so(clinic):
    appointment = fresh()
    put(clinic, appointment, 5)
    for version in (4, 5):
        answer = cancel(clinic, appointment, version)
        assert not answer.applied and answer.appointment.status == 1
    assert cancel(clinic, appointment, 6).applied
    assert not cancel(clinic, appointment, 7).applied


@pytest.mark.parametrize("field, value", [
    ("time_zone", "Mars/Phobos"), ("time_zone", "   "), ("time_zone", "america/new_york"),
    ("client_birth_date", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))),
])
def test_a_name_or_day_that_is_none_is_refused(clinic, field, value):
    with pytest.raises(grpc.RpcError) as error:
        put(clinic, fresh(), **{field: value})
    assert fields_at_fault(error.value) == [field]


@pytest.mark.parametrize("field, value", [
    ("location_address", "   "), ("location_address", "\u00a0"), ("emergency_contact_name", "--"),
    ("emergency_contact_name", "é" * 201), ("location_address", "x" * 301), ("emergency_contact_phone", "()--"),
    ("emergency_contact_phone", "ask mother"),
])
def test_what_help_would_need_is_more_than_a_blank(clinic, field, value):
    session = clinic.create_session(clinic.book()).session_id
    request = clinic.join_request(session, "client")
    setattr(request.pre_visit_check, field, value)
    error = clinic.refused(INVALID, "INVALID_FIELD", clinic.telehealth.JoinSession, request, "client")
    assert fields_at_fault(error) == ["pre_visit_check." + field]


@pytest.mark.parametrize("field, value", [
    ("emergency_contact_phone", "+1 (404) 555-0100 ext. 12"), ("emergency_contact_phone", "404/555-0100 x7"),
    ("emergency_contact_phone", "404 555 0100#12"), ("emergency_contact_name", "é" * 200), ("location_address", "京" * 300),
])
def test_names_addresses_and_extensions_as_people_write_them_pass(clinic, field, value):
    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        sign(clinic, "client", kind=kind)
    session = clinic.create_session(clinic.book()).session_id
    request = clinic.join_request(session, "client")
    setattr(request.pre_visit_check, field, value)
    clinic.call(clinic.telehealth.JoinSession, request, "client")


def test_a_recording_consent_says_what_it_is_for(clinic):
    put(clinic, fresh())
    with pytest.raises(grpc.RpcError) as error:
        sign(clinic, "client", kind="recording")
    assert fields_at_fault(error.value) == ["submission.recording_purposes"]


def test_a_text_is_found_by_its_language_however_it_is_spelled(clinic):
    from telehealth.v1 import consent_document_service_pb2 as m

    version = "v-" + uuid.uuid4().hex[:8]

    def register(language, text):
        request = m.PutConsentDocumentRequest(
            type="georgia_telehealth", version=version, language=language, text=text, effective_time=in_seconds(-60))
        return clinic.call(clinic.documents.PutConsentDocument, request, "admin").document

    def find(language):
        request = m.GetConsentDocumentRequest(type="georgia_telehealth", version=version, language=language)
        return clinic.call(clinic.documents.GetConsentDocument, request, "client").document

    assert register("ES-us", "Acepto.").language == "es-US"
    assert register("es-US", "Acepto.").language == "es-US"
    assert why(register, "es-us", "No.") == "DOCUMENT_VERSION_EXISTS"
    assert find("es").text == find("es-us").text == find("es-US-x-clinic").text == "Acepto."
    assert why(find, "fr") == "DOCUMENT_NOT_FOUND"
    for language in ("english please", "english", "e", "zz"):
        with pytest.raises(grpc.RpcError) as error:
            register(language, "Yes.")
        assert fields_at_fault(error.value) == ["language"]


@pytest.mark.parametrize("zones, is_minor", [
    (["Pacific/Kiritimati"], False), (["Etc/GMT+12"], True), (["Pacific/Kiritimati", "Etc/GMT+12"], True),
])
def test_somebody_comes_of_age_with_the_day_at_the_place(simulator, tmp_path, zones, is_minor):
    # Where days begin first it is a later day than where they begin last, at any time.
    birthday = (datetime.now(timezone.utc) + timedelta(hours=14)).date()
    if (birthday.month, birthday.day) == (2, 29):
        pytest.skip("nobody of eighteen was born on this day")
    georgia = json.loads((ROOT / "Sources/TelehealthRules/Policy/Places/US-GA.json").read_text())
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "US-GA.json").write_text(json.dumps({**georgia, "timeZones": zones}))
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_POLICY_DIR": str(folder)}).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            clinic = Clinic(service, channel)
            clinic.register_documents()
            put(
                clinic, fresh(), guardian_id=clinic.person("guardian"),
                client_birth_date=birthday.replace(year=birthday.year - 18).isoformat())
            if is_minor:
                assert why(sign, clinic, "client") == "GUARDIAN_REQUIRED"
                assert sign(clinic, "guardian").signer_id == clinic.person("guardian")
            else:
                assert sign(clinic, "client").signer_id == clinic.client_id
                assert why(sign, clinic, "guardian") == "PERSON_NOT_FOUND"
    finally:
        assert service.stop() == 0
