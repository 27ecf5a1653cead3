"""What somebody may still do in a visit, and about themself, after they were sent away from it: every call of the API."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import message_factory

from contract import methods
from request_filler import answer, filled
from service import Service
from visit import Clinic, Watch, reason
from waiting import eventually

DENIED = grpc.StatusCode.PERMISSION_DENIED
ADMITTED, WAITING = 1, 2

# Who stands how in one and the same recorded visit. "other visit" has one of their own.
STANDINGS = {
    "client": "removed", "guardian": "denied", "interpreter": "removed", "guest": "removed", "observer": "denied",
    "co-clinician": "removed", "supervisor": "left", "stranger": "other visit", "other clinician": "other visit",
}
REFUSALS = {"removed": "PARTICIPANT_REMOVED", "denied": "PARTICIPANT_DENIED", "other visit": "SESSION_NOT_FOUND"}
# What names a session and belongs to no visit: what the service holds about the caller. For the client's side alone.
OWN_RECORD = {"ListSessionAccesses"}
# What is about the caller's consents, given or asked for a session as one field of several.
NAMES_NO_VISIT = {"SubmitConsent", "UpdateConsent"}


@pytest.fixture(scope="module")
def world(tmp_path_factory, simulator):
    """A recorded visit that still goes on, from which people were sent away in every way there is."""
    from telehealth.v1 import recording_service_pb2 as rec
    from telehealth.v1 import telehealth_service_pb2 as m

    service = Service(
        tmp_path_factory.mktemp("standings") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"}).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic, other = Clinic(service, channel), Clinic(service, channel)
        tag = uuid.uuid4().hex[:12]
        clinic.others |= {
            "supervisor": (f"supervisor-{tag}", "clinician"), "stranger": (other.client_id, "client"),
            "other clinician": (other.clinician_id, "clinician"),
        }
        clinic.register_documents()
        sid = clinic.create_session(clinic.book(guardian=True), admission_policy=2).session_id
        for kind in ("georgia_telehealth", "hipaa_telehealth", "third_party_presence"):
            clinic.consent(kind)
        clinic.join(sid, "clinician")
        places = {}
        for who in ("client", "guardian"):
            places[who] = clinic.join(sid, who).participant.participant_id

        def invite(who: str, role: str) -> None:
            places[who] = clinic.invite(sid, role, person_id=clinic.person(who)).participant.participant_id
            clinic.join(sid, who)

        for who, role in (("interpreter", "INTERPRETER"), ("supervisor", "SUPERVISOR"), ("co-clinician", "CO_CLINICIAN")):
            invite(who, role)
        places["guest"] = clinic.redeem(clinic.invite(sid, "GUEST").grant, "guest").participant_id
        clinic.join(sid, "guest")
        for who in ("client", "guest"):
            clinic.admit(sid, places[who])
        recorded = ("clinician", "client", "interpreter", "guest", "supervisor", "co-clinician")
        consents = {who: clinic.consent("recording", who).consent_id for who in recorded}
        watch = Watch(clinic, sid, "clinician")
        watch.wait_for_snapshot()
        recording = clinic.call(clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician").recording
        watch.wait_for("recording_started")
        joined = {who: clinic.join_request(sid, who) for who in ("client", "guardian", "interpreter", "guest")}
        for who, request in joined.items():
            clinic.call(clinic.telehealth.JoinSession, request, who)
        for who, standing in STANDINGS.items():
            if who == "observer":
                invite(who, "OBSERVER")  # On the place of one who was sent away: a visit has seven.
            if standing == "left":
                clinic.call(clinic.telehealth.LeaveSession, m.LeaveSessionRequest(session_id=sid), who)
            elif standing != "other visit":
                clinic.treat({"removed": "RemoveParticipant", "denied": "DenyParticipant"}[standing], sid, places[who])
        other.create_session(other.book())
        session = clinic.session(sid)
        states = {p.participant_id: p.state for p in session.participants}
        assert {who: states[places[who]] for who in places} == {
            who: {"removed": 5, "denied": 6, "left": 4}[STANDINGS[who]] for who in places}
        things = {
            "session_id": sid, "recording_id": recording.recording_id, "appointment_id": session.appointment_id,
            "participant_id": places["client"], "invitation_id": session.invitations[0].invitation_id,
        }
        yield clinic, things, consents, joined
    assert service.stop() == 0


def of_the_visit():
    """Every method that names a session or a recording of one."""
    return [m for m in methods() if {"session_id", "recording_id"} & set(m.input_type.fields_by_name)]


def test_a_removed_guest_takes_back_the_consent_that_the_running_recording_stands_on(world):
    """Whoever was sent away is in it: they do not steer it any more, and have not lost their word on it."""
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import recording_service_pb2 as rec

    clinic, things, consents, _ = world
    stop = rec.StopRecordingRequest(session_id=things["session_id"])
    clinic.refused(DENIED, "PARTICIPANT_REMOVED", clinic.recordings.StopRecording, stop, "client")
    assert clinic.session(things["session_id"]).recording_enabled
    revoked = clinic.call(clinic.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=consents["guest"]), "guest")
    assert list(revoked.stopped_recording_ids) == [things["recording_id"]]
    eventually(lambda: not clinic.session(things["session_id"]).recording_enabled, "the capture goes on")


@pytest.mark.parametrize("who", STANDINGS)
def test_every_call_that_names_the_visit_follows_one_rule(world, who):
    clinic, things, consents, _ = world
    standing = STANDINGS[who]

    def ask(method):
        kind = message_factory.GetMessageClass(method.input_type)
        ids = things | {"person_id": clinic.person(who), "consent_id": consents.get(who, "none")}
        request = filled(kind(), ids)
        if method.name == "GetConsentStatus":
            request.ClearField("person_id")  # Named by the session.
        if method.name == "JoinSession":
            request.ClearField("pre_visit_check")
            request.MergeFrom(clinic.join_request(things["session_id"], who))
        code, details, *rest = answer(clinic, method, request, who)
        if code == "OK":
            return method.name, "OK"
        error = type("Error", (), {"trailing_metadata": lambda self: rest[0] if rest else (),
                                   "code": lambda self: grpc.StatusCode[code]})()
        return method.name, reason(error)

    with ThreadPoolExecutor(8) as askers:
        told = dict(askers.map(ask, of_the_visit()))
    allowed = {name: word for name, word in told.items() if word != "ROLE_NOT_ALLOWED" and name not in NAMES_NO_VISIT}
    assert len(allowed) >= 5, told
    if standing == "left":
        # May come back, and sees what they saw: nothing here speaks of being sent away.
        assert not {name: word for name, word in allowed.items() if word in REFUSALS.values()}
        assert allowed["GetSession"] == "OK"
        return
    for name, word in allowed.items():
        if name in OWN_RECORD and standing != "other visit":
            assert word == "OK", f"{name} of who was {standing}: {word}"
        elif standing == "other visit":
            assert word in ("SESSION_NOT_FOUND", "RECORDING_NOT_FOUND"), f"{name}: {word}"
        else:
            assert word == REFUSALS[standing], f"{name} of who was {standing}: {word}"


@pytest.mark.parametrize("who", ["client", "guardian", "interpreter", "guest"])
def test_a_repeated_join_of_somebody_sent_away_since_is_refused(world, who):
    clinic, _, _, joined = world
    word = REFUSALS[STANDINGS[who]]
    error = clinic.refused(DENIED, word, clinic.telehealth.JoinSession, joined[who], who)
    assert error.details()


@pytest.mark.parametrize("who", ["client", "guardian", "interpreter", "guest"])
def test_the_visit_is_in_no_list_of_theirs(world, who):
    from telehealth.v1 import telehealth_service_pb2 as m

    clinic, things, _, _ = world
    listed = clinic.call(clinic.telehealth.ListSessions, m.ListSessionsRequest(), who).sessions
    assert things["session_id"] not in [session.session_id for session in listed]


def test_the_persons_own_rights_stay(world):
    from telehealth.v1 import audit_service_pb2 as a
    from telehealth.v1 import audit_service_pb2_grpc as audit
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import person_service_pb2 as p

    clinic, things, consents, _ = world
    accesses = audit.AuditServiceStub(clinic.channel)
    for who in ("client", "interpreter", "guest", "co-clinician"):
        listed = clinic.call(clinic.consents.ListConsents, c.ListConsentsRequest(person_id=clinic.person(who)), who)
        assert consents[who] in [each.consent_id for each in listed.consents]
        status = clinic.call(clinic.consents.GetConsentStatus, c.GetConsentStatusRequest(person_id=clinic.person(who)), who)
        assert status
    for who in ("client", "interpreter", "co-clinician"):
        eventually(lambda who=who: receipt_of(clinic, consents[who], who), "no receipt")
    assert clinic.call(accesses.ListSessionAccesses, a.ListSessionAccessesRequest(session_id=things["session_id"]), "client")
    export = p.ExportPersonRecordRequest(person_id=clinic.client_id)
    assert b"".join(part.chunk for part in clinic.persons.ExportPersonRecord(
        export, metadata=clinic.credentials("client"), timeout=20))


def receipt_of(clinic, consent_id, who):
    from telehealth.v1 import consent_service_pb2 as c

    try:
        return clinic.call(clinic.consents.GetConsentReceipt, c.GetConsentReceiptRequest(consent_id=consent_id), who)
    except grpc.RpcError as error:
        if reason(error) == "RECEIPT_NOT_READY":
            return None
        raise
