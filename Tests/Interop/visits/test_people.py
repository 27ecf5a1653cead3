"""A visit of several people through an official gRPC client: invitations, admission, consent of everybody, removal."""

import time
import uuid

import grpc
import pytest

from visit import Clinic, Watch, missing, reason
from waiting import eventually

FAILED = grpc.StatusCode.FAILED_PRECONDITION
DENIED = grpc.StatusCode.PERMISSION_DENIED
NOT_FOUND = grpc.StatusCode.NOT_FOUND
INVALID = grpc.StatusCode.INVALID_ARGUMENT
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED

WAITING, ADMITTED = 1, 2


@pytest.fixture
def clinic(service):
    channel = grpc.insecure_channel(service.address)
    clinic = Clinic(service, channel)
    clinic.register_documents()
    yield clinic
    channel.close()


def visit(clinic: Clinic, guardian: bool = False, agrees: bool = True) -> str:
    """Client and clinician are in; the client may agree that others take part."""
    session = clinic.create_session(clinic.book(guardian=guardian))
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    if agrees:
        clinic.consent("third_party_presence")
    clinic.join(session.session_id, "clinician")
    assert clinic.join(session.session_id, "client").outcome == ADMITTED
    return session.session_id


def guest(clinic: Clinic, sid: str, name: str = "guest") -> str:
    """Somebody without an account has come by a grant; the participant's id."""
    return clinic.redeem(clinic.invite(sid, "GUEST").grant, name).participant_id


def participant(clinic: Clinic, sid: str, participant_id: str, who: str = "clinician"):
    return next(p for p in clinic.session(sid, who).participants if p.participant_id == participant_id)


def attendees(simulator, meeting_id: str) -> set[str]:
    """AttendeeIds that Chime still knows in a meeting."""
    meeting = next(m for m in simulator.admin("GET", "/meetings")["meetings"] if m["meetingId"] == meeting_id)
    return {a["attendeeId"] for a in meeting["attendees"] if a["state"] == "LIVE"}


def redeem_refused(clinic: Clinic, code, word: str, grant: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        clinic.redeem(grant, "nobody")
    assert (caught.value.code(), reason(caught.value)) == (code, word)


def test_a_group_visit_with_an_interpreter_and_a_revocation(clinic, simulator):
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import participant_service_pb2 as p
    from telehealth.v1 import participant_service_pb2 as ppl
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m

    sid = visit(clinic, guardian=True)
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()

    # The guardian is of the appointment, the interpreter of the clinic: both come in with the clinician there.
    assert clinic.join(sid, "guardian").outcome == ADMITTED
    clinic.refused(NOT_FOUND, "SESSION_NOT_FOUND", clinic.telehealth.JoinSession, clinic.join_request(sid, "interpreter"), "interpreter")
    invited = clinic.invite(sid, "INTERPRETER", person_id=clinic.person("interpreter"))
    assert invited.participant.state == s.PARTICIPANT_STATE_EXPECTED and not invited.grant
    interpreter = clinic.join(sid, "interpreter")
    assert interpreter.outcome == ADMITTED
    assert interpreter.participant.capabilities.content == s.MEDIA_CAPABILITY_RECEIVE
    assert not any(each.HasField("pre_visit_check") for each in interpreter.session.participants)

    # A relative without an account comes by a grant, waits, sees nobody, is let in by name.
    guest_id = guest(clinic, sid)
    waiting = clinic.join(sid, "guest")
    assert waiting.outcome == WAITING and not waiting.HasField("credentials")
    assert [each.participant_id for each in waiting.session.participants] == [guest_id]
    assert not waiting.session.client_id
    clinic.admit(sid, guest_id)
    inside = clinic.join(sid, "guest")
    assert inside.outcome == ADMITTED and len(inside.session.participants) == 5
    meeting_id = inside.credentials.chime.meeting_id

    # Everybody in the picture must have agreed, whatever their role.
    start = rec.StartRecordingRequest(session_id=sid)
    consents = {}
    for who in ("clinician", "client", "guardian", "interpreter", "guest"):
        clinic.refused(FAILED, "RECORDING_CONSENT_MISSING", clinic.recordings.StartRecording, start, "clinician")
        consents[who] = clinic.consent("recording", who).consent_id
    start = rec.StartRecordingRequest(session_id=sid)
    recording = clinic.call(clinic.recordings.StartRecording, start, "clinician").recording
    watch.wait_for("recording_started")
    assert set(clinic.session(sid).active_recording.consent_ids) == set(consents.values())

    # Somebody who has not agreed is not let into the picture.
    late = guest(clinic, sid, "late guest")
    assert clinic.join(sid, "late guest").outcome == WAITING
    clinic.refused(
        FAILED, "RECORDING_CONSENT_MISSING", clinic.people.AdmitParticipant,
        ppl.AdmitParticipantRequest(session_id=sid, participant_id=late), "clinician",
    )

    # The interpreter takes it back: the capture stops at once.
    revoked = clinic.call(
        clinic.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=consents["interpreter"]), "interpreter"
    )
    assert list(revoked.stopped_recording_ids) == [recording.recording_id]
    watch.wait_for("recording_stopped")
    eventually(
        lambda: not any(
            each["status"] in ("Initializing", "InProgress") and each.get("meetingId") == meeting_id
            for each in simulator.admin("GET", "/pipelines")["pipelines"]
        ), "a capture still runs",
    )

    # The guest is removed: attendee, watch and token are invalid.
    guest_watch = Watch(clinic, sid, "guest")
    guest_watch.wait_for_snapshot()
    attendee_id = inside.credentials.chime.attendee_id
    assert attendee_id in attendees(simulator, meeting_id)
    assert clinic.treat("RemoveParticipant", sid, guest_id).state == s.PARTICIPANT_STATE_REMOVED
    guest_watch.wait_for_end()
    assert (guest_watch.error.code(), reason(guest_watch.error)) == (DENIED, "PARTICIPANT_REMOVED")
    eventually(lambda: attendee_id not in attendees(simulator, meeting_id), "the attendee lives on")
    for method, request in [
        (clinic.telehealth.JoinSession, clinic.join_request(sid, "guest")),
        (clinic.telehealth.GetSession, m.GetSessionRequest(session_id=sid)),
        (clinic.telehealth.Heartbeat, m.HeartbeatRequest(session_id=sid)),
        (clinic.telehealth.LeaveSession, m.LeaveSessionRequest(session_id=sid)),
    ]:
        clinic.refused(DENIED, "PARTICIPANT_REMOVED", method, request, "guest")
    again = Watch(clinic, sid, "guest")
    again.wait_for_end()
    assert reason(again.error) == "PARTICIPANT_REMOVED"

    # Letting in by name takes it back, with another attendee.
    clinic.admit(sid, guest_id)
    assert clinic.join(sid, "guest").credentials.chime.attendee_id != attendee_id
    ended = clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician").session
    assert ended.status == s.SESSION_STATUS_COMPLETED
    clinic.refused(
        FAILED, "INVALID_STATE", clinic.people.RemoveParticipant,
        p.RemoveParticipantRequest(session_id=sid, participant_id=guest_id), "clinician",
    )


def test_a_grant_is_good_once_for_one_person_and_for_a_while(clinic):
    from google.protobuf.duration_pb2 import Duration
    from telehealth.v1 import participant_service_pb2 as p
    from telehealth.v1 import telehealth_service_pb2 as m

    sid = visit(clinic)
    invited = clinic.invite(sid, "GUEST")
    attempt = str(uuid.uuid4())
    first = clinic.redeem(invited.grant, "guest", attempt)
    assert clinic.redeem(invited.grant, "guest", attempt).participant_id == first.participant_id
    redeem_refused(clinic, FAILED, "INVITATION_USED", invited.grant)
    head, code = invited.grant.rsplit(".", 1)
    for forged in (head + "." + "0" * 64, head.replace(".guest.", ".interpreter.") + "." + code, "thg1.grant", "x"):
        redeem_refused(clinic, UNAUTHENTICATED, "INVITATION_INVALID", forged)

    revoked = clinic.invite(sid, "GUEST")
    revoke = lambda each: p.RevokeInvitationRequest(session_id=sid, invitation_id=each.invitation.invitation_id)
    clinic.call(clinic.people.RevokeInvitation, revoke(revoked), "clinician")
    redeem_refused(clinic, FAILED, "INVITATION_REVOKED", revoked.grant)
    clinic.refused(FAILED, "INVITATION_USED", clinic.people.RevokeInvitation, revoke(invited), "clinician")
    unknown = p.RevokeInvitationRequest(session_id=sid, invitation_id="unknown")
    clinic.refused(NOT_FOUND, "INVITATION_NOT_FOUND", clinic.people.RevokeInvitation, unknown, "clinician")
    short = clinic.invite(sid, "GUEST", valid_for=Duration(seconds=1))
    time.sleep(1.1)
    redeem_refused(clinic, FAILED, "INVITATION_EXPIRED", short.grant)
    assert [each.state for each in clinic.session(sid).invitations if each.invitation_id == invited.invitation.invitation_id] == [2]

    # A guest's token is good for that visit and for a guest's calls; a grant is not a token.
    other = visit(Clinic(clinic.service, clinic.channel))
    clinic.refused(NOT_FOUND, "SESSION_NOT_FOUND", clinic.telehealth.GetSession, m.GetSessionRequest(session_id=other), "guest")
    clinic.refused(DENIED, "ROLE_NOT_ALLOWED", clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "guest")
    clinic.guests["grant"] = ("", clinic.invite(sid, "GUEST").grant)
    clinic.refused(UNAUTHENTICATED, "TOKEN_INVALID", clinic.telehealth.GetSession, m.GetSessionRequest(session_id=sid), "grant")


def test_invitations_are_refused_with_their_reason(clinic):
    from telehealth.v1 import participant_service_pb2 as p
    from telehealth.v1 import session_pb2 as s

    sid = visit(clinic)
    invite = clinic.people.InviteParticipant

    def request(role, subject=""):
        return p.InviteParticipantRequest(session_id=sid, role=s.ParticipantRole.Value("PARTICIPANT_ROLE_" + role), person_id=subject)

    clinic.refused(INVALID, "INVALID_FIELD", invite, request("CLIENT", "x"), "clinician")
    clinic.refused(INVALID, "INVALID_FIELD", invite, request("GUEST", "x"), "clinician")
    clinic.refused(INVALID, "INVALID_FIELD", invite, request("OBSERVER"), "clinician")
    clinic.refused(DENIED, "ROLE_NOT_ALLOWED", invite, request("GUEST"), "client")
    clinic.refused(grpc.StatusCode.ALREADY_EXISTS, "PARTICIPANT_EXISTS", invite, request("OBSERVER", clinic.clinician_id), "clinician")
    clinic.invite(sid, "INTERPRETER", person_id=clinic.person("interpreter"), by="scheduler")
    clinic.refused(DENIED, "NOT_ALLOWED", invite, request("GUEST"), "interpreter")
    stranger = Clinic(clinic.service, clinic.channel)
    stranger.refused(NOT_FOUND, "SESSION_NOT_FOUND", stranger.people.InviteParticipant, request("GUEST"), "clinician")
    # Seven places beside the capture's: three are taken.
    for _ in range(4):
        clinic.invite(sid, "GUEST")
    clinic.refused(FAILED, "ROSTER_FULL", invite, request("GUEST"), "clinician")


def test_who_is_denied_or_put_back_is_told_so(clinic, simulator):
    from telehealth.v1 import participant_service_pb2 as p
    from telehealth.v1 import session_pb2 as s

    sid = visit(clinic)
    first = guest(clinic, sid)
    deny = p.DenyParticipantRequest(session_id=sid, participant_id=first)
    clinic.refused(FAILED, "PARTICIPANT_NOT_WAITING", clinic.people.DenyParticipant, deny, "clinician")
    clinic.join(sid, "guest")
    watch = Watch(clinic, sid, "guest")
    watch.wait_for_snapshot()
    assert clinic.treat("DenyParticipant", sid, first).state == s.PARTICIPANT_STATE_DENIED
    watch.wait_for_end()
    assert reason(watch.error) == "PARTICIPANT_DENIED" and "participant_denied" in watch.kinds()
    clinic.refused(DENIED, "PARTICIPANT_DENIED", clinic.telehealth.JoinSession, clinic.join_request(sid, "guest"), "guest")

    # The client goes back to the waiting room, and no rule lets them in again.
    before = clinic.join(sid, "client")
    mine = before.participant.participant_id
    back = clinic.treat("ReturnToWaitingRoom", sid, mine)
    assert back.state == s.PARTICIPANT_STATE_WAITING and back.held
    meeting_id = before.credentials.chime.meeting_id
    eventually(
        lambda: before.credentials.chime.attendee_id not in attendees(simulator, meeting_id), "the attendee lives on"
    )
    again = clinic.join(sid, "client")
    assert again.outcome == WAITING and not again.HasField("credentials")
    clinic.join(sid, "clinician")
    assert participant(clinic, sid, mine).state == s.PARTICIPANT_STATE_WAITING
    returned = p.ReturnToWaitingRoomRequest(session_id=sid, participant_id=first)
    clinic.refused(FAILED, "PARTICIPANT_NOT_ADMITTED", clinic.people.ReturnToWaitingRoom, returned, "clinician")
    clinic.admit(sid, mine)
    assert clinic.join(sid, "client").outcome == ADMITTED

    # Nobody sends the clinician away, and an unknown person is told apart.
    chief = next(each for each in clinic.session(sid).participants if each.role == s.PARTICIPANT_ROLE_CLINICIAN)
    remove = p.RemoveParticipantRequest(session_id=sid, participant_id=chief.participant_id)
    clinic.refused(DENIED, "NOT_ALLOWED", clinic.people.RemoveParticipant, remove, "clinician")
    nobody = p.RemoveParticipantRequest(session_id=sid, participant_id="nobody")
    clinic.refused(NOT_FOUND, "PARTICIPANT_NOT_FOUND", clinic.people.RemoveParticipant, nobody, "clinician")


def test_capabilities_reach_chime_while_the_visit_runs(clinic, simulator):
    from telehealth.v1 import participant_service_pb2 as p
    from telehealth.v1 import session_pb2 as s

    sid = visit(clinic)
    joined = clinic.join(sid, "client")
    muted = s.AttendeeCapabilities(audio=s.MEDIA_CAPABILITY_RECEIVE, video=s.MEDIA_CAPABILITY_SEND_RECEIVE, content=s.MEDIA_CAPABILITY_RECEIVE)
    mine = joined.participant.participant_id
    assert clinic.treat("SetParticipantCapabilities", sid, mine, capabilities=muted).capabilities == muted

    def at_chime():
        meeting = next(m for m in simulator.admin("GET", "/meetings")["meetings"] if m["meetingId"] == joined.credentials.chime.meeting_id)
        mine = next(a for a in meeting["attendees"] if a["attendeeId"] == joined.credentials.chime.attendee_id)
        return {key.lower(): value for key, value in mine["capabilities"].items()}

    eventually(lambda: at_chime().get("audio") == "Receive", "Chime was not told")
    assert clinic.join(sid, "client").participant.capabilities == muted
    blind = s.AttendeeCapabilities(audio=1, video=4, content=3)
    request = p.SetParticipantCapabilitiesRequest(session_id=sid, participant_id=mine, capabilities=blind)
    clinic.refused(INVALID, "INVALID_FIELD", clinic.people.SetParticipantCapabilities, request, "clinician")
    clinic.refused(DENIED, "ROLE_NOT_ALLOWED", clinic.people.SetParticipantCapabilities, request, "client")


def test_a_second_device_takes_over_and_the_first_ones_leaving_takes_nobody_along(clinic):
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m

    sid = visit(clinic)
    watch = Watch(clinic, sid, "client")
    watch.wait_for_snapshot()

    def join(device):
        request = clinic.join_request(sid, "client")
        request.device_id = device
        return clinic.call(clinic.telehealth.JoinSession, request, "client")

    first, second = join("telephone"), join("desktop")
    assert first.credentials.chime.attendee_id == second.credentials.chime.attendee_id
    watch.wait_for("device_changed")
    leave = lambda device: clinic.call(clinic.telehealth.LeaveSession, m.LeaveSessionRequest(session_id=sid, device_id=device), "client")
    leave("telephone")
    mine = second.participant.participant_id
    assert participant(clinic, sid, mine).state == s.PARTICIPANT_STATE_ADMITTED
    leave("desktop")
    assert participant(clinic, sid, mine).state == s.PARTICIPANT_STATE_LEFT


def test_a_co_clinician_leads_as_the_clinician_does(clinic):
    session = clinic.create_session(clinic.book())
    sid = session.session_id
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    clinic.consent("third_party_presence")
    clinic.invite(sid, "CO_CLINICIAN", person_id=clinic.person("co-clinician"), by="scheduler")
    assert clinic.join(sid, "co-clinician").session.status == 3
    assert clinic.join(sid, "client").outcome == ADMITTED
    visitor = clinic.redeem(clinic.invite(sid, "GUEST", by="co-clinician").grant, "guest").participant_id
    assert clinic.join(sid, "guest").outcome == WAITING
    clinic.admit(sid, visitor, by="co-clinician")
    assert clinic.join(sid, "guest").outcome == ADMITTED


def test_another_clinician_ends_the_grants_of_the_one_before(clinic):
    from telehealth.v1 import appointment_service_pb2 as a

    from visit import in_seconds

    appointment_id = clinic.book(starts_in=300)
    sid = clinic.create_session(appointment_id).session_id
    grant = clinic.invite(sid, "GUEST").grant
    clinic.call(
        clinic.appointments.PutAppointment,
        a.PutAppointmentRequest(
            appointment_id=appointment_id, client_id=clinic.client_id, clinician_id="clinician-" + uuid.uuid4().hex,
            scheduled_start_time=in_seconds(300), scheduled_end_time=in_seconds(2100), time_zone="America/New_York", source_version=2,
        ), "scheduler",
    )
    redeem_refused(clinic, FAILED, "INVITATION_REVOKED", grant)
    clinic.refused(NOT_FOUND, "SESSION_NOT_FOUND", clinic.telehealth.JoinSession, clinic.join_request(sid, "clinician"), "clinician")


def test_nobody_else_takes_part_without_the_clients_consent(clinic, simulator):
    from telehealth.v1 import consent_pb2
    from telehealth.v1 import consent_service_pb2 as consents
    from telehealth.v1 import participant_service_pb2 as ppl
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import watch_pb2 as w

    sid = visit(clinic, agrees=False)
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    guest_id = guest(clinic, sid)
    assert clinic.join(sid, "guest").outcome == WAITING
    admit = lambda: ppl.AdmitParticipantRequest(session_id=sid, participant_id=guest_id)
    error = clinic.refused(FAILED, "THIRD_PARTY_CONSENT_MISSING", clinic.people.AdmitParticipant, admit(), "clinician")
    [gap] = missing(error)
    assert (gap.person_id, gap.type, gap.action) == (
        clinic.client_id, "third_party_presence", consent_pb2.CONSENT_ACTION_THIRD_PARTY)
    clinic.invite(sid, "INTERPRETER", person_id=clinic.person("interpreter"))
    waiting = clinic.join(sid, "interpreter")
    assert waiting.outcome == WAITING

    # The client agrees: the interpreter waited for that alone, the guest for their name as well.
    consent = clinic.consent("third_party_presence")
    inside = clinic.join(sid, "interpreter")
    assert inside.outcome == ADMITTED
    clinic.admit(sid, guest_id)
    guest_inside = clinic.join(sid, "guest")
    assert guest_inside.outcome == ADMITTED

    # Taken back: both are out at once, their attendees gone.
    clinic.call(clinic.consents.RevokeConsent, consents.RevokeConsentRequest(consent_id=consent.consent_id), "client")
    told = watch.wait_for("participant_returned").participant_returned
    assert told.reason == w.PARTICIPANT_RETURNED_REASON_THIRD_PARTY_CONSENT_MISSING
    for person in (guest_id, waiting.participant.participant_id):
        assert participant(clinic, sid, person).state == s.PARTICIPANT_STATE_WAITING
    meeting_id = inside.credentials.chime.meeting_id
    theirs = {each.credentials.chime.attendee_id for each in (inside, guest_inside)}
    eventually(lambda: not theirs & attendees(simulator, meeting_id), "an attendee lives on")
    assert clinic.join(sid, "interpreter").outcome == WAITING
    clinic.refused(FAILED, "THIRD_PARTY_CONSENT_MISSING", clinic.people.AdmitParticipant, admit(), "clinician")


def test_who_is_invited_finds_the_visit_in_their_list(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    listed = lambda who, **fields: clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(**fields), who).sessions
    sid = visit(clinic)
    assert not listed("interpreter")
    place = clinic.invite(sid, "INTERPRETER", person_id=clinic.person("interpreter")).participant
    [seen] = listed("interpreter")
    assert (seen.session_id, seen.client_id, seen.clinician_join_url) == (sid, clinic.client_id, "")
    assert [each.session_id for each in listed("interpreter", client_id=clinic.client_id)] == [sid]
    assert not listed("interpreter", client_id="somebody-else")

    # A guest sees the one visit, and not whose it is.
    guest(clinic, sid)
    [seen] = listed("guest")
    assert seen.session_id == sid and not seen.client_id and not seen.clinician_id and not seen.appointment_id
    assert not listed("guest", client_id=clinic.client_id)

    clinic.treat("RemoveParticipant", sid, place.participant_id)
    assert not listed("interpreter")
    assert [each.session_id for each in listed("client")] == [sid]


def test_a_grant_given_before_the_visit_outlives_a_restart(simulator, tmp_path):
    from service import Service

    service = Service(tmp_path / "data", simulator).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            clinic = Clinic(service, channel)
            sid = clinic.create_session(clinic.book()).session_id
            grant = clinic.invite(sid, "GUEST", by="scheduler").grant
        service.kill()
        service.start()
        with grpc.insecure_channel(service.address) as channel:
            again = Clinic(service, channel)
            assert again.redeem(grant, "guest").state == 1
    finally:
        assert service.stop() == 0
