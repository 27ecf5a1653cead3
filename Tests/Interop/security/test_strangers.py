"""What one may not see is as if it were not there: every call with the id of others' things and with an id of nothing."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import message_factory

from contract import methods
from meeting_events import recorded_visit
from request_filler import answer, filled
from service import Service
from visit import Clinic

STRANGERS = ("client", "clinician", "guest")


@pytest.fixture(scope="module")
def world(tmp_path_factory, simulator):
    """A visit of others with everything in it, and strangers who have a visit of their own."""
    service = Service(
        tmp_path_factory.mktemp("strangers") / "data", simulator, env={"TELEHEALTH_RATE_LIMITS": "none"}).start()
    with grpc.insecure_channel(service.address) as channel:
        theirs, own = Clinic(service, channel), Clinic(service, channel)
        theirs.register_documents()
        sid, rid, _ = recorded_visit(theirs)
        session = theirs.session(sid)
        invited = theirs.invite(sid, "GUEST")
        things = {
            "session_id": sid, "recording_id": rid, "appointment_id": session.appointment_id,
            "participant_id": session.participants[0].participant_id, "invitation_id": invited.invitation.invitation_id,
            "consent_id": theirs.consent("hipaa_telehealth").consent_id, "person_id": theirs.client_id,
            "client_id": theirs.client_id, "clinician_id": theirs.clinician_id,
        }
        mine = own.create_session(own.book()).session_id
        own.redeem(own.invite(mine, "GUEST", by="admin").grant, "guest")
        yield own, things
    assert service.stop() == 0


@pytest.mark.parametrize("who", STRANGERS)
def test_the_things_of_others_are_answered_as_nothing(world, who):
    own, things = world
    nothing = {name: f"none-{uuid.uuid4().hex[:12]}" if name in ("person_id", "client_id", "clinician_id") else str(uuid.uuid4())
               for name in things}
    naming = [method for method in methods() if set(things) & set(method.input_type.fields_by_name)]

    def ask(method):
        kind = message_factory.GetMessageClass(method.input_type)
        return method.name, [answer(own, method, filled(kind(), ids), who) for ids in (things, nothing)]

    # Side by side: many denials of one identity wait for the second in which they are summed.
    with ThreadPoolExecutor(16) as askers:
        answers = dict(askers.map(ask, naming))
    told = {name: real for name, (real, _) in answers.items()}
    assert {name: pair for name, pair in answers.items() if pair[0] != pair[1]} == {}
    assert not [name for name, said in told.items() if said[0] == "OK" and name not in ("ListSessions",)], told
    unseen = [name for name, said in told.items() if said[0] == "NOT_FOUND"]
    assert len(unseen) >= (6 if who == "guest" else 18), {name: said[:2] for name, said in told.items() if said[0] != "NOT_FOUND"}
