"""The whole API against its contract: every call as everybody, every required field absent, every promise with a lie.

Who somebody is to a visit is asked of one that is over: there nothing that is allowed changes anything for whoever asks
next, and what was decided about people stands.
"""

import dataclasses
import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import grpc
import pytest
from google.protobuf import message_factory

from contract import Call, Contract, Details, contract, details, required, resolves
from meeting_events import recording_of
from request_filler import filled
from service import ROOT, Service
from visit import TEXTS, Clinic, Watch
from waiting import eventually

SYSTEMS = ("service", "scheduler", "admin")
# What a caller is to a visit, by the word that the test calls them by; "lead", "client side" and so on follow from it.
LEADS, CLIENT_SIDE, SEES_ALL = {"clinician", "co-clinician"}, {"client", "guardian"}, {"supervisor"}
# Answers that speak of the caller's rights. All others mean that the caller was let in.
NOT_FOUND = {"SESSION_NOT_FOUND", "RECORDING_NOT_FOUND", "CONSENT_NOT_FOUND", "PERSON_NOT_FOUND", "APPOINTMENT_NOT_FOUND"}
SENT_AWAY = {"removed": "PARTICIPANT_REMOVED", "denied": "PARTICIPANT_DENIED"}


@dataclasses.dataclass
class Visit:
    clinic: Clinic
    things: dict[str, str]
    # Who was sent away, and how.
    away: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who asks: `who` to the visit, or a stranger to it, with a token of `role`."""

    who: str
    role: str | None
    is_stranger: bool = False


def visit_that_is_over(clinic: Clinic, away: dict[str, str]) -> Visit:
    """With everybody in it, recorded, some sent away; its client's consents stand."""
    from telehealth.v1 import appointment_service_pb2 as a
    from telehealth.v1 import recording_service_pb2 as r
    from telehealth.v1 import recording_service_pb2_grpc as recordings
    from telehealth.v1 import telehealth_service_pb2 as m

    clinic.others["supervisor"] = (f"supervisor-{uuid.uuid4().hex[:12]}", "clinician")
    appointment, cancelled = clinic.book(guardian=True), clinic.book(guardian=True)
    cancel = a.CancelAppointmentRequest(appointment_id=cancelled, source_version=2)
    clinic.call(clinic.appointments.CancelAppointment, cancel, "scheduler")
    sid = clinic.create_session(appointment, admission_policy=2).session_id
    for kind in ("georgia_telehealth", "hipaa_telehealth", "third_party_presence"):
        consent = clinic.consent(kind)
    places = {who: clinic.join(sid, who).participant.participant_id for who in ("clinician", "client", "guardian")}
    for who in ("interpreter", "supervisor", "co-clinician"):
        role = who.upper().replace("-", "_")
        places[who] = clinic.invite(sid, role, person_id=clinic.person(who)).participant.participant_id
        clinic.join(sid, who)
    invited = clinic.invite(sid, "GUEST")
    places["guest"] = clinic.redeem(invited.grant, "guest").participant_id
    clinic.join(sid, "guest")
    for who in ("client", "guest"):
        clinic.admit(sid, places[who])
    for who in ("clinician", "client", "interpreter", "guest", "supervisor", "co-clinician"):
        clinic.consent("recording", who)
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    start = r.StartRecordingRequest(session_id=sid)
    rid = clinic.call(clinic.recordings.StartRecording, start, "clinician").recording.recording_id
    watch.wait_for("recording_started")
    for who, how in away.items():
        if how == "left":
            clinic.call(clinic.telehealth.LeaveSession, m.LeaveSessionRequest(session_id=sid), who)
        else:
            clinic.treat({"removed": "RemoveParticipant", "denied": "DenyParticipant"}[how], sid, places[who])
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=sid), "clinician")
    eventually(lambda: recording_of(clinic, sid).state == 6, "the file is there")
    link = r.LinkSessionNoteRequest(recording_id=rid, session_note_id="note-1")
    clinic.call(recordings.RecordingServiceStub(clinic.channel).LinkSessionNote, link, "clinician")
    return Visit(clinic, {
        "session_id": sid, "recording_id": rid, "appointment_id": appointment, "participant_id": places["client"],
        "invitation_id": invited.invitation.invitation_id, "consent_id": consent.consent_id,
        "person_id": clinic.client_id, "session_note_id": "note-1",
        "cancelled_id": cancelled,
    }, away)


@pytest.fixture(scope="module")
def busy(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("contract") / "data", simulator, env={
        "TELEHEALTH_RATE_LIMITS": "none", "TELEHEALTH_CONCATENATION_POLL": "200ms"}).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield service, channel
    assert service.stop() == 0


@pytest.fixture(scope="module")
def visits(busy) -> tuple[Visit, Visit]:
    """One that nobody was sent away from, and one that most were."""
    service, channel = busy
    return visit_that_is_over(Clinic(service, channel), {"supervisor": "left"}), visit_that_is_over(
        Clinic(service, channel), {
            "client": "removed", "guardian": "denied", "interpreter": "removed", "guest": "removed",
            "co-clinician": "removed", "supervisor": "left"})


def everybody(visits) -> list[tuple]:
    """Each call as everybody: the call, the visit it names, who asks, with whose tokens."""
    whole, parted = visits
    asked = []
    for visit, other in ((whole, parted.clinic), (parted, whole.clinic)):
        people = ["clinician", "co-clinician", "supervisor", "interpreter", "client", "guardian", "guest"]
        for who in people:
            role = "guest" if who == "guest" else visit.clinic.others.get(who, ("", who))[1]
            standing = visit.away.get(who)
            told = Person(who if standing in (None, "left") else f"{who}, {standing}", role)
            asked += [(call, visit, told, visit.clinic, who) for call in contract().calls.values()]
            if who in ("clinician", "client", "guest"):
                stranger = Person(who, role, is_stranger=True)
                asked += [(call, visit, stranger, other, who) for call in contract().calls.values()]
        for role in SYSTEMS:
            asked += [(call, visit, Person(role, role), visit.clinic, role) for call in contract().calls.values()]
    nobody = Person("nobody", None)
    return asked + [(call, whole, nobody, whole.clinic, None) for call in contract().calls.values()]


@pytest.fixture(scope="module")
def answers(visits) -> dict[tuple[str, Person], str]:
    """What each call answers to everybody."""
    asked = everybody(visits)

    def ask(case) -> tuple[tuple[str, Person], str]:
        call, visit, person, clinic, who = case
        return (call.path, person), said(clinic, call, request(call, visit, person, clinic, who), who)

    for visit in visits:
        for role in SYSTEMS:
            visit.clinic.credentials(role)
    with ThreadPoolExecutor(16) as askers:
        results = list(askers.map(ask, asked))
    found: dict[tuple[str, Person], str] = {}
    for key, word in results:
        # Somebody who stands alike in both visits is asked twice: what speaks of rights is the same.
        assert found.setdefault(key, word) == word or not ({found[key], word} & refusals()), (key, found[key], word)
    return found


def refusals() -> set[str]:
    return NOT_FOUND | set(SENT_AWAY.values()) | {"NOT_ALLOWED", "ROLE_NOT_ALLOWED", "TOKEN_MISSING", "TOKEN_INVALID"}


def request(call: Call, visit: Visit, person: Person, clinic: Clinic, who: str | None):
    made = filled(message_factory.GetMessageClass(call.method.input_type)(), visit.things)
    if call.standing == "UNSPECIFIED":
        return type(made)()  # The role alone decides, so anything will do.
    if call.name == "JoinSession":
        made.ClearField("pre_visit_check")
        if person.who in CLIENT_SIDE:
            made.pre_visit_check.CopyFrom(clinic.check())
    elif call.name in ("SubmitConsent", "UpdateConsent"):
        submission(made.submission, is_own=person.who.split(",")[0] in CLIENT_SIDE | {"guest"})
        if call.name == "SubmitConsent":
            made.ClearField("appointment_id")
            made.type = "hipaa_telehealth"
    elif call.name == "GetConsentStatus":
        made.ClearField("person_id")  # Named by the session.
        del made.actions[:]
    elif call.name == "ListConsents":
        made.ClearField("type")
    elif call.name == "CreateSession":
        made.appointment_id = visit.things["cancelled_id"]
    if "page_size" in made.DESCRIPTOR.fields_by_name:
        made.page_size = 0
    return made


def submission(made, is_own: bool) -> None:
    from telehealth.v1 import consent_pb2 as c

    made.Clear()
    made.decision, made.document_version, made.language = c.CONSENT_DECISION_DECLINED, "test-1", "en-US"
    made.text_sha256 = hashlib.sha256(TEXTS["hipaa_telehealth"].encode()).digest()
    made.method = c.CONSENT_METHOD_ELECTRONIC if is_own else c.CONSENT_METHOD_PAPER
    made.evidence = "" if is_own else "signed on paper"


def said(clinic: Clinic, call: Call, made, who: str | None, *metadata: tuple[str, str]) -> str:
    """The reason of a refusal, else OK."""
    if "request_id" in made.DESCRIPTOR.fields_by_name:
        made.request_id = str(uuid.uuid4())
    stream = clinic.channel.unary_stream(call.path, request_serializer=lambda m: m.SerializeToString())(
        made, metadata=[*(clinic.credentials(who) if who else ()), *metadata], timeout=30)
    try:
        next(iter(stream), b"")
        return "OK"
    except grpc.RpcError as error:
        return details(error).word
    finally:
        stream.cancel()


def expected(call: Call, person: Person) -> set[str]:
    """The refusals of which one is due; empty for who is let in."""
    if call.open:
        return set()
    if person.role is None:
        return {"TOKEN_MISSING"}
    if person.role not in call.roles:
        return {"ROLE_NOT_ALLOWED"}
    if person.role in SYSTEMS or call.standing == "UNSPECIFIED":
        return set()
    who, _, how = person.who.partition(", ")
    tied = CLIENT_SIDE | {"clinician"}
    if call.standing in ("TIED_TO_PERSON", "TIED_TO_CONSENT"):
        return set() if who in tied and not person.is_stranger else {"PERSON_NOT_FOUND", "CONSENT_NOT_FOUND"}
    if call.standing == "OF_APPOINTMENT":
        return set() if who in tied and not person.is_stranger else {"APPOINTMENT_NOT_FOUND"}
    if person.is_stranger:
        return {"SESSION_NOT_FOUND", "RECORDING_NOT_FOUND"}
    if call.standing == "OWN_RECORD":
        return set() if who in CLIENT_SIDE else {SENT_AWAY.get(how, "NOT_ALLOWED")}
    if how:
        return {SENT_AWAY[how]}
    let_in = {
        "OF_VISIT": None, "OF_VISIT_OR_TIED": None, "HAS_PLACE": None, "SHARES_SCREEN": LEADS | CLIENT_SIDE,
        "LEADS_VISIT": LEADS, "LEADS_OR_CLIENT": LEADS | CLIENT_SIDE, "SEES_ALL_OR_CLIENT": LEADS | SEES_ALL | CLIENT_SIDE,
    }[call.standing]
    return set() if let_in is None or who in let_in else {"NOT_ALLOWED"}


def deviations(calls: dict[str, Call], found: dict[tuple[str, Person], str]) -> list[str]:
    """Where the answers are not those that the contracts promise."""
    wrong = []
    for (path, person), word in found.items():
        due = expected(calls[path], person)
        if word not in due if due else word in refusals():
            wrong.append(f"{calls[path].name} as {person}: {word}, due is {sorted(due) or 'an answer'}")
    return wrong


def test_every_call_answers_everybody_as_its_contract_says(answers):
    assert len(answers) > 59 * 15
    assert not (wrong := deviations(contract().calls, answers)), "\n".join(wrong)
    # Of each standing somebody was let in and, where one can fail it, somebody was not.
    for standing in {call.standing for call in contract().calls.values()} - {"UNSPECIFIED"}:
        met = [expected(contract().calls[path], person) for path, person in answers
               if contract().calls[path].standing == standing]
        assert [] in map(sorted, met) and any(due - {"ROLE_NOT_ALLOWED", "TOKEN_MISSING"} for due in met), standing


def test_nobody_learns_a_version_from_a_call_that_they_may_not_use(visits):
    cases = [case for case in everybody(visits) if "expected_version" in case[0].method.input_type.fields_by_name]

    def ask(case) -> str | None:
        call, visit, person, clinic, who = case
        made = request(call, visit, person, clinic, who)
        made.expected_version = 1
        word, due = said(clinic, call, made, who), expected(call, person)
        # Ending again what was ended changes nothing.
        due = due or ({"OK"} if call.name == "EndSession" else {"VERSION_MISMATCH"})
        return None if word in due else f"{call.name} as {person}: {word}, due is {sorted(due)}"

    with ThreadPoolExecutor(16) as askers:
        assert not (wrong := [each for each in askers.map(ask, cases) if each]), "\n".join(wrong)
    assert len(cases) > 18 * 15


@pytest.fixture(scope="module")
def emergencies(visits) -> dict[str, str]:
    """What a clinician of another visit is answered who says that it is an emergency."""
    whole, other = visits
    person = Person("clinician", "clinician", is_stranger=True)
    loud = ("telehealth-emergency-reason", "client collapsed on camera, nobody else is reachable")
    calls = [call for call in contract().calls.values() if "clinician" in call.roles]
    return {call.path: said(other.clinic, call, request(call, whole, person, other.clinic, "clinician"), "clinician", loud)
            for call in calls}


def misjudged(calls: dict[str, Call], found: dict[str, str]) -> list[str]:
    """Calls that an emergency opens, or does not open, against their contract. Who has not joined has no place yet."""
    return [calls[path].name for path, word in found.items()
            if (word == "EMERGENCY_NOT_ALLOWED") == calls[path].emergency
            or calls[path].emergency and calls[path].standing == "OF_VISIT" and word in refusals()]


def test_an_emergency_opens_exactly_the_calls_that_say_so(emergencies):
    assert sum(call.emergency for call in contract().calls.values()) >= 5 and len(emergencies) > 30
    assert misjudged(contract().calls, emergencies) == []


@pytest.mark.parametrize("name", ["GetSession", "EndSession"])
def test_a_contract_that_lies_about_emergencies_is_found_out(emergencies, name):
    calls = {path: dataclasses.replace(call, emergency=call.emergency != (call.name == name))
             for path, call in contract().calls.items()}
    assert misjudged(calls, emergencies) == [name]


LIES = {
    "a role too many": ("WatchSession", lambda call: {"roles": call.roles | {"scheduler"}}),
    "a role too few": ("GetSession", lambda call: {"roles": call.roles - {"guest"}}),
    "no token needed": ("GetReceiptKey", lambda call: {"open": True}),
    "a token needed": ("RedeemInvitation", lambda call: {"open": False}),
    "a standing too low": ("EndSession", lambda call: {"standing": "OF_VISIT"}),
    "a standing too high": ("StopRecording", lambda call: {"standing": "LEADS_VISIT"}),
    "a standing of nobody": ("GetAppointment", lambda call: {"standing": "UNSPECIFIED"}),
    "a right that ends with the visit": ("ListSessionAccesses", lambda call: {"standing": "OF_VISIT"}),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_contract_that_lies_about_access_is_found_out(answers, lie):
    name, change = LIES[lie]
    calls = {path: dataclasses.replace(call, **change(call)) if call.name == name else call
             for path, call in contract().calls.items()}
    wrong = deviations(calls, answers)
    assert wrong and all(each.startswith(name) for each in wrong)


@pytest.fixture(scope="module")
def refusal(busy) -> dict[str, tuple[str, Details]]:
    """Two refusals as they came over the wire: one with metadata, one with fields."""
    from telehealth.v1 import appointment_service_pb2 as a

    service, channel = busy
    clinic, found = Clinic(service, channel), {}
    sid = clinic.create_session(clinic.book(starts_in=86_400)).session_id
    rpcs = {
        "/telehealth.v1.TelehealthService/JoinSession":
            (clinic.telehealth.JoinSession, clinic.join_request(sid, "client"), "client"),
        "/telehealth.v1.AppointmentService/PutAppointment":
            (clinic.appointments.PutAppointment, a.PutAppointmentRequest(), "scheduler"),
    }
    for path, (method, request, who) in rpcs.items():
        with pytest.raises(grpc.RpcError) as error:
            clinic.call(method, request, who)
        found[details(error.value).word] = path, details(error.value)
    assert sorted(found) == ["INVALID_FIELD", "TOO_EARLY"]
    return found


# The reason, how its contract lies, and what the finding speaks of.
REASON_LIES = {
    "another code": ("TOO_EARLY", lambda reason: {"code": grpc.StatusCode.OUT_OF_RANGE}, "code"),
    "a key that nobody sends": ("TOO_EARLY", lambda reason: {"always": reason.always | {"not_before"}}, "lacks"),
    "a key too few": ("TOO_EARLY", lambda reason: {"always": frozenset()}, "metadata has"),
    "a detail that nobody sends": ("TOO_EARLY", lambda reason: {"details": frozenset({"RetryInfo"})}, "details"),
    "a detail too few": ("INVALID_FIELD", lambda reason: {"details": frozenset()}, "details"),
}


@pytest.mark.parametrize("lie", REASON_LIES)
def test_a_contract_that_lies_about_a_reason_is_found_out(refusal, lie):
    word, change, spoken = REASON_LIES[lie]
    path, found = refusal[word]
    assert contract().faults(path, found) == []
    reasons = contract().reasons | {word: dataclasses.replace(contract().reasons[word], **change(contract().reasons[word]))}
    assert spoken in "".join(Contract(contract().calls, reasons).faults(path, found))


def test_a_reason_that_its_call_does_not_name_is_found_out(refusal):
    path, found = refusal["TOO_EARLY"]
    call = contract().calls[path]
    calls = contract().calls | {path: dataclasses.replace(call, reasons=call.reasons - {"TOO_EARLY"})}
    assert Contract(calls, contract().reasons).faults(path, found)
    reasons = {word: reason for word, reason in contract().reasons.items() if word != "TOO_EARLY"}
    assert Contract(contract().calls, reasons).faults(path, found) == ["TOO_EARLY is not a reason"]


@pytest.mark.parametrize("field", ["scheduled_start_time", "page_size", "scheduled_start_time.seconds[0]", "scheduled_start_time.hours", ""])
def test_a_violation_of_a_field_that_the_request_does_not_have_is_found_out(refusal, field):
    path, found = refusal["INVALID_FIELD"]
    assert all(resolves(each, contract().calls[path].method.input_type) for each in found.fields)
    wrong = contract().faults(path, dataclasses.replace(found, fields=[*found.fields, field]))
    assert wrong == ([] if field == "scheduled_start_time" else [f"PutAppointment: INVALID_FIELD {field!r} is not a field of the request"])


def test_the_observer_of_all_tests_sees_what_a_call_was_refused_with(busy, monkeypatch):
    """Every other test of this folder stands on it, so it is shown to look, and to find fault."""
    from telehealth.v1 import telehealth_service_pb2 as m

    import conftest

    service, channel = busy
    clinic, path = Clinic(service, channel), "/telehealth.v1.TelehealthService/GetSession"
    calls = contract().calls | {path: dataclasses.replace(contract().calls[path], reasons=frozenset())}
    lying = Contract(calls, contract().reasons)
    monkeypatch.setattr("contract.contract", lambda: lying)
    nothing = m.GetSessionRequest(session_id=str(uuid.uuid4()))
    clinic.refused(grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND", clinic.telehealth.GetSession, nothing, "admin")
    with pytest.raises(grpc.RpcError):
        next(clinic.telehealth.WatchSession(
            m.WatchSessionRequest(session_id=nothing.session_id), metadata=clinic.credentials("admin"), timeout=20))
    assert "SESSION_NOT_FOUND" in conftest.OBSERVER.seen
    assert conftest.OBSERVER.faults == ["GetSession: SESSION_NOT_FOUND is not among the call's reasons"]
    conftest.OBSERVER.faults.clear()


def test_a_whole_run_that_did_not_meet_every_reason_fails(monkeypatch):
    import conftest

    def finished(asked: str, seen: set[str]) -> int:
        option = SimpleNamespace(keyword="", markexpr="", collectonly=False)
        config = SimpleNamespace(args=[asked], invocation_params=SimpleNamespace(dir=ROOT), option=option)
        session = SimpleNamespace(config=config, shouldstop=False, exitstatus=0)
        monkeypatch.setattr(conftest.OBSERVER, "seen", seen)
        conftest.pytest_sessionfinish(session)
        return session.exitstatus

    wanted = set(conftest.OBSERVER.wanted)
    assert len(wanted) > 70
    assert finished("Tests/Interop", wanted) == 0
    assert finished("Tests/Interop", wanted - {"TOO_EARLY"}) == 1
    assert finished("Tests/Interop/test_contract.py", set()) == 0


def without(made, path: str):
    """A copy in which the field, or every member of the oneof, is not there."""
    copy = type(made)()
    copy.CopyFrom(made)
    *parents, last = path.split(".")
    part = copy
    for parent in parents:
        part = getattr(part, parent)
    for name in [f.name for f in part.DESCRIPTOR.oneofs_by_name[last].fields] if last in part.DESCRIPTOR.oneofs_by_name else [last]:
        part.ClearField(name)
    return copy


def test_every_required_field_is_asked_for_by_its_path(busy):
    service, channel = busy
    clinic, wrong, count = Clinic(service, channel), [], 0
    for call in contract().calls.values():
        whole = filled(message_factory.GetMessageClass(call.method.input_type)(), {})
        for path in required(call.method.input_type):
            made, count = without(whole, path), count + 1
            if path != "request_id" and "request_id" in made.DESCRIPTOR.fields_by_name:
                made.request_id = str(uuid.uuid4())
            who = None if call.open else sorted(call.roles)[0]
            stream = channel.unary_stream(call.path, request_serializer=lambda m: m.SerializeToString())(
                made, metadata=clinic.credentials(who) if who else None, timeout=30)
            with pytest.raises(grpc.RpcError) as error:
                next(iter(stream))
            found = details(error.value)
            if found.word != "INVALID_FIELD" or path not in found.fields:
                wrong.append(f"{call.name} without {path}: {found.word} {found.fields}")
    assert not wrong, "\n".join(wrong)
    assert count > 100, "hardly a field is marked (buf.validate.field).required"
