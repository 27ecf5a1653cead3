"""What one may not see is as if it were not there: every call with the id of others' things and with an id of nothing."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import message_factory

from contract import methods
from service import Service
from test_events import recorded_visit
from visit import Clinic

STRANGERS = ("client", "clinician", "guest")


def filled(message, things: dict[str, str]):
    """A request that asks for something sensible, with each id of a thing taken from `things`."""
    for field in message.DESCRIPTOR.fields:
        if field.name in things:
            setattr(message, field.name, things[field.name])
        elif field.containing_oneof and message.WhichOneof(field.containing_oneof.name):
            continue
        elif getattr(field, "is_repeated", None) or (not hasattr(field, "is_repeated") and field.label == field.LABEL_REPEATED):
            continue
        elif field.type == field.TYPE_MESSAGE:
            part = getattr(message, field.name)
            part.SetInParent()
            if field.message_type.name == "Timestamp":
                part.FromSeconds(int(time.time()) + 3600)
            elif field.message_type.name == "Duration":
                part.FromSeconds(2)
            else:
                filled(part, things)
        elif field.type == field.TYPE_ENUM:
            setattr(message, field.name, 1)
        elif field.type == field.TYPE_BOOL:
            setattr(message, field.name, True)
        elif field.type == field.TYPE_STRING and field.name not in ("page_token", "request_id"):
            setattr(message, field.name, {"language": "en-US", "type": "georgia_telehealth"}.get(field.name, "x-1"))
    return message


def answer(clinic: Clinic, method, request, who: str):
    """Everything that a caller is told."""
    if "request_id" in method.input_type.fields_by_name:
        request.request_id = str(uuid.uuid4())
    call = clinic.channel.unary_stream(
        f"/{method.containing_service.full_name}/{method.name}", request_serializer=lambda m: m.SerializeToString())
    stream = call(request, metadata=clinic.credentials(who), timeout=20)
    try:
        return "OK", next(iter(stream), b"")
    except grpc.RpcError as error:
        return error.code().name, error.details(), [pair for pair in error.trailing_metadata() if pair[0] != "date"]
    finally:
        stream.cancel()


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
