"""An official gRPC client of another language plays whole visits: over plain HTTP/2 and over TLS, streams included."""

import subprocess
import time
import urllib.request
import uuid

import grpc
import pytest

from service import Service
from started_visit import started_visit
from visit import Clinic, Watch, fields_at_fault, in_seconds

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FAILED = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="session")
def tls_service(tmp_path_factory, simulator):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True,
    )
    env = {"TELEHEALTH_TLS_CERTIFICATE": str(folder / "cert.pem"), "TELEHEALTH_TLS_KEY": str(folder / "key.pem")}
    service = Service(folder / "data", simulator, env=env)
    service.start()
    service.certificate = (folder / "cert.pem").read_bytes()
    yield service
    assert service.stop() == 0


@pytest.fixture(params=["plain", "tls"])
def clinic(request):
    if request.param == "plain":
        service = request.getfixturevalue("service")
        channel = grpc.insecure_channel(service.address)
    else:
        service = request.getfixturevalue("tls_service")
        credentials = grpc.ssl_channel_credentials(root_certificates=service.certificate)
        port = service.address.rsplit(":", 1)[1]
        channel = grpc.secure_channel(f"localhost:{port}", credentials)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    yield clinic
    channel.close()


def test_a_whole_visit_goes_from_booking_to_playback(clinic, simulator):
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m

    appointment_id = clinic.book()
    session = clinic.create_session(appointment_id)
    assert session.status == s.SESSION_STATUS_SCHEDULED and not session.HasField("meeting")
    sid = session.session_id

    # Consent first: the refusal lists what is missing.
    clinic.refused(FAILED, "CONSENT_MISSING", clinic.telehealth.JoinSession, clinic.join_request(sid, "client"), "client")
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")

    watch = Watch(clinic, sid, "client")
    assert watch.wait_for_snapshot().session.session_id == sid

    waiting = clinic.join(sid, "client")
    assert waiting.outcome == m.JOIN_OUTCOME_WAITING and not waiting.HasField("credentials")
    assert waiting.session.status == s.SESSION_STATUS_WAITING_ROOM and waiting.session.client_in_waiting_room

    clinician = clinic.join(sid, "clinician")
    assert clinician.outcome == m.JOIN_OUTCOME_ADMITTED and clinician.session.status == s.SESSION_STATUS_IN_PROGRESS
    assert clinician.credentials.chime.join_token and clinician.credentials.chime.media_placement.audio_host_url
    watch.wait_for("participant_admitted")

    admitted = clinic.join(sid, "client")
    assert admitted.outcome == m.JOIN_OUTCOME_ADMITTED and admitted.credentials.chime.join_token
    assert admitted.credentials.chime.meeting_id == clinician.credentials.chime.meeting_id
    assert admitted.credentials.chime.attendee_id != clinician.credentials.chime.attendee_id
    assert admitted.session.HasField("start_time")
    again = clinic.join(sid, "client")
    assert again.credentials.chime.attendee_id == admitted.credentials.chime.attendee_id

    # Recording stands on the stored consent of both people.
    start = rec.StartRecordingRequest(session_id=sid)
    clinic.refused(FAILED, "RECORDING_CONSENT_MISSING", clinic.recordings.StartRecording, start, "clinician")
    clinic.consent("recording", "client")
    clinic.consent("recording", "clinician")
    recording = clinic.call(clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician").recording
    watch.wait_for("recording_started")

    share = clinic.call(clinic.telehealth.StartScreenShare, m.StartScreenShareRequest(session_id=sid), "clinician")
    assert clinic.session(sid).screen_sharing_active and share.screen_share.screen_share_id
    clinic.call(clinic.telehealth.StopScreenShare, m.StopScreenShareRequest(session_id=sid), "clinician")
    assert not clinic.session(sid).screen_sharing_active

    ended = clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician").session
    assert ended.status == s.SESSION_STATUS_COMPLETED and ended.HasField("duration_seconds")
    watch.wait_for_end()
    assert watch.error is None, watch.error
    sequences = [event.sequence for event in watch.events]
    assert sequences == sorted(set(sequences)), "no event comes twice or out of order"

    # The file comes when the concatenation is done; then a short-lived URL plays it.
    deadline = time.monotonic() + 60
    while True:
        listed = clinic.call(clinic.recordings.ListRecordings, rec.ListRecordingsRequest(session_id=sid), "clinician").recordings
        assert [r.recording_id for r in listed] == [recording.recording_id]
        if listed[0].state == 6:  # AVAILABLE
            break
        assert time.monotonic() < deadline, f"recording stays in state {listed[0].state}"
        simulator.admin("POST", "/clock/advance", {"seconds": 1})
        time.sleep(0.2)
    assert listed[0].object_byte_count > 0
    url = clinic.call(
        clinic.recordings.GetRecordingPlaybackUrl,
        rec.GetRecordingPlaybackUrlRequest(recording_id=recording.recording_id), "clinician",
    ).url
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert len(answer.read()) == listed[0].object_byte_count

    # Nothing is left running at Chime.
    deadline = time.monotonic() + 20
    meeting_id = clinician.credentials.chime.meeting_id
    while True:
        meetings = {each["meetingId"]: each for each in simulator.admin("GET", "/meetings")["meetings"]}
        if meeting_id not in meetings or meetings[meeting_id]["state"] == "ENDED":
            break
        assert time.monotonic() < deadline, "the meeting still runs"
        time.sleep(0.1)


def test_a_clinician_who_comes_first_lets_the_client_straight_in(clinic):
    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    first = clinic.join(session.session_id, "clinician")
    assert first.session.status == 3 and not first.session.HasField("start_time")
    second = clinic.join(session.session_id, "client")
    assert second.outcome == 2 and second.session.HasField("start_time")


def test_manual_admission_lets_in_only_who_is_named(clinic):
    from telehealth.v1 import participant_service_pb2 as ppl

    session = clinic.create_session(clinic.book(), admission_policy=2)
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    clinic.join(session.session_id, "clinician")
    waiting = clinic.join(session.session_id, "client")
    assert waiting.outcome == 1
    clinic.call(
        clinic.people.AdmitParticipant,
        ppl.AdmitParticipantRequest(session_id=session.session_id, participant_id=waiting.participant.participant_id),
        "clinician",
    )
    assert clinic.join(session.session_id, "client").outcome == 2


def test_revoking_the_recording_consent_stops_the_capture(clinic, simulator):
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import recording_service_pb2 as rec

    sid = started_visit(clinic)
    meeting_id = clinic.session(sid).meeting.chime.meeting_id
    consent = clinic.consent("recording", "client")
    clinic.consent("recording", "clinician")
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    clinic.call(clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician")
    watch.wait_for("recording_started")
    revoked = clinic.call(clinic.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=consent.consent_id), "client")
    assert len(revoked.stopped_recording_ids) == 1
    watch.wait_for("recording_stopped")
    clinic.refused(
        FAILED, "RECORDING_CONSENT_MISSING", clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician"
    )
    deadline = time.monotonic() + 20
    while any(each["status"] in ("Initializing", "InProgress") and each.get("meetingId") == meeting_id
              for each in simulator.admin("GET", "/pipelines")["pipelines"]):
        assert time.monotonic() < deadline, "a capture still runs"
        time.sleep(0.1)


def test_a_dead_meeting_is_replaced_on_the_next_join(clinic, simulator):
    sid = started_visit(clinic)
    before = clinic.join(sid, "clinician").credentials
    simulator.admin("POST", f"/meetings/{before.chime.meeting_id}/end")
    after = clinic.join(sid, "clinician").credentials
    assert after.chime.meeting_id != before.chime.meeting_id and after.generation == before.generation + 1
    assert clinic.join(sid, "client").credentials.chime.meeting_id == after.chime.meeting_id


def test_the_same_request_id_does_the_thing_once(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    appointment_id = clinic.book()
    request = m.CreateSessionRequest(request_id=str(uuid.uuid4()), appointment_id=appointment_id)
    first = clinic.call(clinic.telehealth.CreateSession, request, "scheduler").session
    assert clinic.call(clinic.telehealth.CreateSession, request, "scheduler").session.session_id == first.session_id
    other = m.CreateSessionRequest(request_id=request.request_id, appointment_id=clinic.book())
    clinic.refused(INVALID, "REQUEST_ID_REUSED", clinic.telehealth.CreateSession, other, "scheduler")
    twice = m.CreateSessionRequest(appointment_id=appointment_id)
    clinic.refused(grpc.StatusCode.ALREADY_EXISTS, "SESSION_EXISTS", clinic.telehealth.CreateSession, twice, "scheduler")


def test_a_watch_resumes_behind_a_number_without_gap_or_twin(clinic):
    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    watch = Watch(clinic, session.session_id, "clinician")
    seen = watch.wait_for_snapshot().sequence
    watch.stream.cancel()
    clinic.join(session.session_id, "client")
    clinic.join(session.session_id, "clinician")
    resumed = Watch(clinic, session.session_id, "clinician", after=seen)
    resumed.wait_for("participant_admitted")
    sequences = [event.sequence for event in resumed.events]
    assert resumed.snapshot is None and sequences[0] == seen + 1
    assert sequences == list(range(seen + 1, seen + 1 + len(sequences)))


def test_strangers_cannot_tell_a_foreign_session_from_an_unknown_one(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = clinic.create_session(clinic.book())
    stranger = Clinic(clinic.service, clinic.channel)
    get = stranger.telehealth.GetSession
    foreign = stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", get, m.GetSessionRequest(session_id=session.session_id), "client")
    unknown = stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", get, m.GetSessionRequest(session_id=str(uuid.uuid4())), "client")
    assert foreign.details() == unknown.details()
    stranger.refused(
        NOT_FOUND, "SESSION_NOT_FOUND", stranger.telehealth.JoinSession,
        stranger.join_request(session.session_id, "clinician"), "clinician",
    )


def test_a_role_may_not_use_what_is_not_its_own(clinic):
    from telehealth.v1 import appointment_service_pb2 as a
    from telehealth.v1 import recording_service_pb2 as rec

    denied = grpc.StatusCode.PERMISSION_DENIED
    put = a.PutAppointmentRequest(
        appointment_id="x", client_id="c", clinician_id="d", scheduled_start_time=in_seconds(60), scheduled_end_time=in_seconds(120), time_zone="UTC"
    )
    clinic.refused(denied, "ROLE_NOT_ALLOWED", clinic.appointments.PutAppointment, put, "client")
    sid = clinic.create_session(clinic.book()).session_id
    clinic.refused(denied, "ROLE_NOT_ALLOWED", clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "client")


def test_no_token_a_forged_token_and_an_expired_one_are_unauthenticated(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    from visit import reason

    good = clinic.service.token("admin")
    head, payload, signature = good.split(".")
    forged = ".".join([head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
    for metadata, word in [((), "TOKEN_MISSING"), ((("authorization", "Bearer " + forged),), "TOKEN_INVALID"),
                           ((("authorization", "Bearer nonsense"),), "TOKEN_INVALID")]:
        with pytest.raises(grpc.RpcError) as caught:
            clinic.telehealth.GetSession(m.GetSessionRequest(session_id="x"), metadata=metadata, timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert reason(caught.value) == word


def test_bad_input_names_its_field(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.CreateSessionRequest(request_id="not a uuid", appointment_id=clinic.book())
    error = clinic.refused(INVALID, "INVALID_FIELD", clinic.telehealth.CreateSession, request, "scheduler")
    assert "request_id" in fields_at_fault(error)


def test_a_join_outside_the_window_is_refused(clinic):
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    early = clinic.create_session(clinic.book(starts_in=7200)).session_id
    clinic.refused(FAILED, "TOO_EARLY", clinic.telehealth.JoinSession, clinic.join_request(early, "client"), "client")


def test_a_client_cannot_write_another_clients_consent(clinic):
    from telehealth.v1 import consent_pb2
    from telehealth.v1 import consent_service_pb2 as c

    other = Clinic(clinic.service, clinic.channel)
    request = c.SubmitConsentRequest(
        person_id=other.client_id, person_role=1, type="georgia_telehealth",
        submission=c.ConsentSubmission(
            decision=1, document_version="test-1", language="en-US", text_sha256=b"\0" * 32, method=1,
            acknowledgements=consent_pb2.ConsentAcknowledgements(patient_rights=True, emergency_protocols=True, privacy_risks=True),
        ),
    )
    with pytest.raises(grpc.RpcError) as caught:
        clinic.call(clinic.consents.SubmitConsent, request, "client")
    assert caught.value.code() in (grpc.StatusCode.PERMISSION_DENIED, NOT_FOUND)


def test_malformed_protobuf_and_oversized_messages_get_a_clear_status(clinic):
    raw = clinic.channel.unary_unary("/telehealth.v1.TelehealthService/GetSession")
    with pytest.raises(grpc.RpcError) as caught:
        raw(b"\xff\xff\xff\xff", metadata=clinic.credentials("admin"), timeout=10)
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    with pytest.raises(grpc.RpcError) as caught:
        raw(b"\x0a" + b"\x00" * (5 * 1024 * 1024), metadata=clinic.credentials("admin"), timeout=10)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert clinic.session(clinic.create_session(clinic.book()).session_id).session_id  # the connection goes on


def test_cancellation_and_no_show_are_reachable(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = clinic.create_session(clinic.book())
    cancel = m.CancelSessionRequest(session_id=session.session_id, note="moved to Monday")
    cancelled = clinic.call(clinic.telehealth.CancelSession, cancel, "clinician")
    assert (cancelled.session.status, cancelled.session.closing_note) == (5, "moved to Monday")
    assert not clinic.session(session.session_id, "client").closing_note
    late = clinic.create_session(clinic.book(starts_in=-1200)).session_id
    clinic.join(late, "clinician")
    assert clinic.session(late).status == 3
    missed = clinic.call(clinic.telehealth.MarkNoShow, m.MarkNoShowRequest(session_id=late), "clinician").session
    assert missed.status == 6 and missed.no_show_party == 1
    # Twice is OK; naming another party is not; another verb is told the state.
    assert clinic.call(clinic.telehealth.MarkNoShow, m.MarkNoShowRequest(session_id=late, party=1), "scheduler").session == missed
    clinic.refused(FAILED, "INVALID_STATE", clinic.telehealth.MarkNoShow, m.MarkNoShowRequest(session_id=late, party=2), "scheduler")
    clinic.refused(FAILED, "INVALID_STATE", clinic.telehealth.EndSession, m.EndSessionRequest(session_id=late), "clinician")


def test_a_no_show_is_taken_back_for_a_client_who_comes_late(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    for kind in ("georgia_telehealth", "hipaa_telehealth"):
        clinic.consent(kind)
    # The slot is over: by itself, nobody could come any more.
    sid = clinic.create_session(clinic.book(starts_in=-1798, lasts=1800)).session_id
    mark, undo = clinic.telehealth.MarkNoShow, clinic.telehealth.UndoNoShow
    clinic.refused(FAILED, "INVALID_STATE", undo, m.UndoNoShowRequest(session_id=sid), "scheduler")
    assert clinic.call(mark, m.MarkNoShowRequest(session_id=sid), "clinician").session.no_show_party == 2, "nobody came"
    clinic.refused(FAILED, "INVALID_STATE", clinic.telehealth.JoinSession, clinic.join_request(sid, "client"), "client")
    clinic.refused(grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", undo, m.UndoNoShowRequest(session_id=sid), "client")
    again = clinic.call(undo, m.UndoNoShowRequest(session_id=sid), "scheduler").session
    assert again.status == 1 and again.HasField("no_show_undo_time") and not again.no_show_party
    assert clinic.call(undo, m.UndoNoShowRequest(session_id=sid), "clinician").session == again
    assert clinic.join(sid, "clinician").credentials.chime.join_token
    assert clinic.join(sid, "client").credentials.chime.join_token
    clinic.refused(FAILED, "INVALID_STATE", mark, m.MarkNoShowRequest(session_id=sid), "clinician")


def test_health_says_serving(clinic):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    answer = health_pb2_grpc.HealthStub(clinic.channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
