"""Chime's events as a service forwards them, and what comes of them in a recorded visit."""

import json

from visit import Clinic, Watch


def recorded_visit(clinic: Clinic):
    """Both in the visit, the capture runs. Returns session, recording and a clinician's watch."""
    from telehealth.v1 import recording_service_pb2 as rec

    session = clinic.create_session(clinic.book())
    for kind in ("georgia_telehealth", "hipaa_telehealth", "recording"):
        clinic.consent(kind)
    clinic.consent("recording", "clinician")
    sid = session.session_id
    clinic.join(sid, "clinician")
    clinic.join(sid, "client")
    watch = Watch(clinic, sid, "clinician")
    watch.wait_for_snapshot()
    recording = clinic.call(clinic.recordings.StartRecording, rec.StartRecordingRequest(session_id=sid), "clinician").recording
    watch.wait_for("recording_started")
    return sid, recording.recording_id, watch


def recording_of(clinic: Clinic, sid: str, role: str = "clinician"):
    from telehealth.v1 import recording_service_pb2 as rec

    listed = clinic.call(clinic.recordings.ListRecordings, rec.ListRecordingsRequest(session_id=sid), role).recordings
    return listed[-1]


def capture_of(clinic: Clinic, recording_id: str):
    """What Chime calls a recording, as an operator is told."""
    from telehealth.v1 import operations_service_pb2 as m
    from telehealth.v1 import operations_service_pb2_grpc as services

    request = m.GetRecordingProviderDetailsRequest(recording_id=recording_id)
    stub = services.OperationsServiceStub(clinic.channel)
    return clinic.call(stub.GetRecordingProviderDetails, request, "admin").chime


def events_stub(clinic: Clinic):
    from telehealth.v1 import events_service_pb2_grpc as services

    return services.EventsServiceStub(clinic.channel)


def events_of(simulator, meeting_id: str) -> list[str]:
    told = simulator.admin("GET", "/events?limit=10000")["events"]
    return [json.dumps(each["event"]) for each in told if each["event"]["detail"].get("meetingId") == meeting_id]


def ingest(clinic: Clinic, entries: list[str]):
    from telehealth.v1 import events_service_pb2 as m

    return clinic.call(events_stub(clinic).IngestMeetingEvents, m.IngestMeetingEventsRequest(events=entries), "service")
