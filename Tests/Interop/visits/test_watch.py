"""What a watch says on the wire about its own life, to an official client."""

import sqlite3
import time
from contextlib import closing

import grpc
import pytest

from service import Service
from started_visit import started_visit
from visit import Clinic, Watch


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, simulator):
    service = Service(tmp_path_factory.mktemp("watch") / "data", simulator, env={
        "TELEHEALTH_WATCH_HEARTBEAT_INTERVAL": "2s", "TELEHEALTH_HEARTBEAT_INTERVAL": "7s"}).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        yield clinic
    assert service.stop() == 0


def watch(clinic, session_id: str, role: str, **fields):
    from telehealth.v1 import telehealth_service_pb2 as m

    request = m.WatchSessionRequest(session_id=session_id, **fields)
    return clinic.telehealth.WatchSession(
        request, metadata=clinic.credentials(role), timeout=60, wait_for_ready=True)


def test_the_first_message_and_each_heartbeat_say_how_long_it_may_be_silent(clinic):
    call = watch(clinic, clinic.create_session(clinic.book()).session_id, "client")
    first, second = next(call), next(call)
    call.cancel()
    assert first.HasField("snapshot") and second.HasField("heartbeat")
    assert [message.heartbeat_interval.ToTimedelta().total_seconds() for message in (first, second)] == [2, 2]
    assert not first.HasField("call_heartbeat_within"), "the open watch is presence enough"


def test_one_that_resumes_is_greeted_at_once(clinic):
    session_id = started_visit(clinic)
    last = clinic.session(session_id).last_event_sequence
    for after in (0, last):
        call = watch(clinic, session_id, "clinician", after_sequence=after)
        first = next(call)
        assert first.heartbeat.sequence == after and first.heartbeat.send_time.seconds > 0
        assert first.heartbeat_interval.ToTimedelta().total_seconds() == 2
        assert [next(call).event.sequence for _ in range(after, last)] == list(range(after + 1, last + 1))
        call.cancel()


def test_who_wants_presence_by_heartbeat_is_told_how_often(clinic):
    session_id = clinic.create_session(clinic.book()).session_id
    call = watch(clinic, session_id, "client", presence_by_heartbeat=True)
    assert next(call).call_heartbeat_within.ToTimedelta().total_seconds() == 7
    call.cancel()
    # Staff have no place in the visit, and none to keep.
    call = watch(clinic, session_id, "admin", presence_by_heartbeat=True)
    assert not next(call).HasField("call_heartbeat_within")
    call.cancel()


def test_one_that_resumes_behind_the_end_of_the_session_ends(clinic):
    from telehealth.v1 import telehealth_service_pb2 as m

    session_id = started_visit(clinic)
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(session_id=session_id), "clinician")
    last = clinic.session(session_id).last_event_sequence
    # What is done outside the database may still be told behind the end, if it is done by then.
    first, *others = watch(clinic, session_id, "client", after_sequence=last)
    assert first.heartbeat.sequence == last
    assert [message.event.sequence for message in others] == list(range(last + 1, last + 1 + len(others)))


# -- why things happened ---------------------------------------------------------------------------


def test_what_people_said_is_told_as_its_reason(clinic):
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import telehealth_service_pb2 as m
    from telehealth.v1 import watch_pb2 as w

    session_id = started_visit(clinic)
    watching = Watch(clinic, session_id, "clinician")
    assert watching.wait_for_snapshot().snapshot_time.seconds > 0
    grant = clinic.invite(session_id, "GUEST").grant
    invited = watching.wait_for("participant_invited")
    assert invited.participant_invited.role == s.PARTICIPANT_ROLE_GUEST and invited.occur_time.seconds > 0
    guest = clinic.redeem(grant, "guest").participant_id
    clinic.treat("RemoveParticipant", session_id, guest)
    removed = watching.wait_for("participant_removed").participant_removed
    assert (removed.participant_id, removed.reason) == (guest, w.PARTICIPANT_REMOVED_REASON_REQUESTED)
    client = next(each for each in clinic.session(session_id).participants if each.role == s.PARTICIPANT_ROLE_CLIENT)
    clinic.treat("ReturnToWaitingRoom", session_id, client.participant_id)
    returned = watching.wait_for("participant_returned").participant_returned
    assert returned.reason == w.PARTICIPANT_RETURNED_REASON_REQUESTED
    clinic.call(clinic.telehealth.LeaveSession, m.LeaveSessionRequest(session_id=session_id), "client")
    assert watching.wait_for("participant_left").participant_left.reason == w.PARTICIPANT_LEFT_REASON_REQUESTED
    clinic.call(clinic.telehealth.EndSession, m.EndSessionRequest(
        session_id=session_id, reason=s.END_REASON_SAFETY), "clinician")
    watching.wait_for_end()
    [ended] = [each.status_changed for each in watching.events
               if each.HasField("status_changed") and each.status == s.SESSION_STATUS_COMPLETED]
    assert ended.WhichOneof("reason") == "end_reason" and ended.end_reason == s.END_REASON_SAFETY


def stored():
    """Rows of events: kind and status as a database holds them, where a watch tells the reason, and its enum."""
    from telehealth.v1 import recording_pb2 as r
    from telehealth.v1 import session_pb2 as s
    from telehealth.v1 import watch_pb2 as w

    return [
        ("statusChanged", "completed", ("status_changed", "end_reason"), s.EndReason),
        ("statusChanged", "cancelled", ("status_changed", "cancel_reason"), s.CancelReason),
        ("statusChanged", "noShow", ("status_changed", "no_show_party"), s.NoShowParty),
        ("participantLeft", "inProgress", ("participant_left", "reason"), w.ParticipantLeftReason),
        ("participantRemoved", "inProgress", ("participant_removed", "reason"), w.ParticipantRemovedReason),
        ("participantReturned", "inProgress", ("participant_returned", "reason"), w.ParticipantReturnedReason),
        ("recordingStopping", "inProgress", ("recording_stopping", "reason"), r.RecordingStopReason),
        ("recordingStopped", "inProgress", ("recording_stopped", "reason"), r.RecordingStopReason),
        ("participantInvited", "scheduled", ("participant_invited", "role"), s.ParticipantRole),
        ("connectionQualityChanged", "inProgress", ("connection_quality_changed", "quality"), w.ConnectionQuality),
    ]


def rows():
    """Every value of every such enum with the word that a database holds for it, and a word of another version."""
    for kind, status, path, enum in stored():
        prefix = next(name for name in enum.keys() if name.endswith("_UNSPECIFIED")).removesuffix("UNSPECIFIED")
        for name, number in enum.items():
            word = name.removeprefix(prefix)
            # What somebody asked for by the verb of that name has no word.
            spoken = kind.startswith("participant") and word == "REQUESTED"
            yield kind, status, "OF_ANOTHER_VERSION" if number == 0 else None if spoken else word, path, number


def test_every_reason_that_a_database_holds_is_told_as_its_value(clinic):
    from telehealth.v1 import session_pb2 as s

    session_id = clinic.create_session(clinic.book()).session_id
    first = clinic.session(session_id).last_event_sequence + 1
    written = [*rows(), ("statusChanged", "scheduled", "NO_SHOW_UNDONE", None, 0),
               ("statusChanged", "scheduled", "OF_ANOTHER_VERSION", None, 0),
               ("recordingFailed", "inProgress", "OF_THE_PROVIDER", None, 0)]
    assert clinic.service.stop() == 0
    with closing(sqlite3.connect(clinic.service.data / "telehealth.db")) as database, database:
        database.executemany(
            "INSERT INTO session_events (session_id, sequence, at, kind, status, reason) VALUES (?, ?, ?, ?, ?, ?)",
            [(session_id, number, time.time_ns() // 1000, *row[:3]) for number, row in enumerate(written, first)])
        last = first + len(written) - 1
        database.execute("UPDATE sessions SET last_event_sequence = ? WHERE id = ?", (last, session_id))
    clinic.service.start()

    def told(number: int):
        call = watch(clinic, session_id, "admin", after_sequence=number - 1)
        event = next(message.event for message in call if message.HasField("event"))
        call.cancel()
        assert event.sequence == number
        return event

    for number, (kind, status, word, path, value) in enumerate(written, first):
        if path is None:
            continue
        change = getattr(told(number), path[0])
        assert getattr(change, path[1]) == value, (kind, status, word)
        if path[0] == "status_changed":
            assert change.WhichOneof("reason") == path[1], "the status tells which kind of reason it is"
    undone, unknown, failed = (told(number) for number in range(last - 2, last + 1))
    assert undone.status == s.SESSION_STATUS_SCHEDULED
    assert undone.status_changed.WhichOneof("reason") == "no_show_undone"
    assert unknown.status_changed.WhichOneof("reason") is None
    assert failed.recording_failed.reason == "OF_THE_PROVIDER"
