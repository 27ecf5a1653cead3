"""What became of the earlier API: its status call, another name for the verbs, and each field of its two models."""

import re

import grpc
import pytest
from google.rpc import status_pb2

from service import ROOT
from visit import Clinic

FAILED = grpc.StatusCode.FAILED_PRECONDITION
DENIED = grpc.StatusCode.PERMISSION_DENIED
SCHEDULED, WAITING_ROOM, IN_PROGRESS, COMPLETED, CANCELLED, NO_SHOW = range(1, 7)


@pytest.fixture
def clinic(service):
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        clinic.register_documents()
        clinic.consent("georgia_telehealth")
        clinic.consent("hipaa_telehealth")
        yield clinic


def patch(sid: str, status: int):
    from telehealth.v1 import telehealth_service_pb2 as m

    return m.UpdateSessionStatusRequest(session_id=sid, status=status)


def state_in(error: grpc.RpcError) -> int:
    """Where the visit stands, as the refusal tells it."""
    from telehealth.v1 import errors_pb2

    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                state = errors_pb2.SessionStateDetail()
                if detail.Unpack(state):
                    return state.status
    raise AssertionError("no SessionStateDetail")


def test_each_status_leads_through_its_verb_or_nowhere(clinic):
    update = clinic.telehealth.UpdateSessionStatus
    sid = clinic.create_session(clinic.book(starts_in=-60)).session_id
    assert clinic.call(update, patch(sid, SCHEDULED), "clinician").session.status == SCHEDULED, "what holds already is OK"
    for status, role in ((WAITING_ROOM, "clinician"), (IN_PROGRESS, "client"), (COMPLETED, "clinician")):
        assert state_in(clinic.refused(FAILED, "INVALID_STATE", update, patch(sid, status), role)) == SCHEDULED
    # The client's first coming brings a pre-visit check, which this call has no place for.
    clinic.refused(FAILED, "PRE_VISIT_CHECK_REQUIRED", update, patch(sid, WAITING_ROOM), "client")
    clinic.join(sid, "client")
    assert clinic.call(update, patch(sid, IN_PROGRESS), "clinician").session.status == IN_PROGRESS
    clinic.join(sid, "client")
    for status in (SCHEDULED, WAITING_ROOM, CANCELLED, NO_SHOW):
        assert state_in(clinic.refused(FAILED, "INVALID_STATE", update, patch(sid, status), "clinician")) == IN_PROGRESS
    # As EndSession: not the client's to do.
    clinic.refused(DENIED, "NOT_ALLOWED", update, patch(sid, COMPLETED), "client")
    ended = clinic.call(update, patch(sid, COMPLETED), "clinician").session
    assert ended.status == COMPLETED and ended.HasField("end_time")
    assert state_in(clinic.refused(FAILED, "INVALID_STATE", update, patch(sid, IN_PROGRESS), "clinician")) == COMPLETED

    sid = clinic.create_session(clinic.book()).session_id
    assert clinic.call(update, patch(sid, CANCELLED), "client").session.status == CANCELLED
    sid = clinic.create_session(clinic.book(starts_in=-60)).session_id
    assert clinic.call(update, patch(sid, NO_SHOW), "clinician").session.status == NO_SHOW


SESSION = """
    id appointmentId appointment clientId client chimeMeetingId chimeMeetingRegion chimeExternalMeetingId meetingDataJson
    attendeeDataJson clinicianAttendeeId clientAttendeeId clinicianJoinUrl clientJoinUrl status statusUpdatedDate
    waitingRoomEnteredAt clientInWaitingRoom sessionStartedAt sessionEndedAt actualDuration endReason recordingEnabled
    recordingConsent recordingS3Key recordingUrl recordingStartedAt recordingStoppedAt screenSharingActive
    screenSharingStartedAt createdAt updatedAt createdBy lastModifiedBy
"""
CONSENT = """
    id clientId consentType consentGiven consentDate consentText consentVersion consentMethod expirationDate renewalRequired
    patientRightsAcknowledged emergencyProtocolsUnderstood privacyRisksAcknowledged recordingPurpose consentToRecording
    hasPrivateLocation hasReliableInternet deviceTypeUsed createdAt updatedAt createdBy
"""


@pytest.mark.parametrize("file, names", [("session.proto", SESSION), ("consent.proto", CONSENT)])
def test_each_field_of_the_earlier_models_has_a_place_or_a_line_that_says_why_not(file, names):
    text = (ROOT / "proto/telehealth/v1" / file).read_text()
    for name in names.split():
        own = re.sub(r"([A-Z])", lambda upper: "_" + upper[1].lower(), name)
        # A row's own id and those of rows it belongs to are named after what they are ids of.
        own = {"id": "session_id|consent_id", "appointment": "appointment_id", "client": "client_id"}.get(own, own)
        assert re.search(rf"\b({name}|{own})\b", text), name
