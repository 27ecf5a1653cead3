"""A whole visit through the official Python gRPC client and stubs made from proto/."""

import hashlib
import threading
import time
import uuid

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from contract import DOMAIN, details

TEXTS = {
    "georgia_telehealth": "Template: telehealth in Georgia, rights, risks, emergencies, vendors.",
    "hipaa_telehealth": "Template: privacy of telehealth under HIPAA.",
    "third_party_presence": "Template: those I was told about take part.",
    "recording": "Template: this visit may be recorded for the stated purpose.",
}


SUBJECT_ROLES = {"client": "CLIENT", "guardian": "GUARDIAN", "clinician": "CLINICIAN", "co-clinician": "CLINICIAN"}


def reason(error: grpc.RpcError) -> str:
    """The stable word of google.rpc.ErrorInfo; conftest holds the whole error against the contract."""
    found = details(error)
    assert not found.word or found.domain == DOMAIN
    return found.word


def fields_at_fault(error: grpc.RpcError) -> list[str]:
    return details(error).fields


def missing(error: grpc.RpcError) -> list:
    """The consents that a refusal names."""
    return details(error).missing


def in_seconds(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromNanoseconds(time.time_ns() + int(seconds * 1e9))
    return stamp


class Clinic:
    """Stubs and identities for one service. Ids are random, so that tests share a service without meeting."""

    def __init__(self, service, channel: grpc.Channel):
        from telehealth.v1 import appointment_service_pb2_grpc as appointments
        from telehealth.v1 import consent_document_service_pb2_grpc as documents
        from telehealth.v1 import consent_service_pb2_grpc as consents
        from telehealth.v1 import participant_service_pb2_grpc as people
        from telehealth.v1 import person_service_pb2_grpc as persons
        from telehealth.v1 import recording_service_pb2_grpc as recordings
        from telehealth.v1 import telehealth_service_pb2_grpc as telehealth

        self.service = service
        self.channel = channel
        self.appointments = appointments.AppointmentServiceStub(channel)
        self.consents = consents.ConsentServiceStub(channel)
        self.telehealth = telehealth.TelehealthServiceStub(channel)
        self.documents = documents.ConsentDocumentServiceStub(channel)
        self.people = people.ParticipantServiceStub(channel)
        self.persons = persons.PersonServiceStub(channel)
        self.recordings = recordings.RecordingServiceStub(channel)
        tag = uuid.uuid4().hex[:12]
        self.client_id, self.clinician_id = f"client-{tag}", f"clinician-{tag}"
        # Who else may come, by the word that a test calls them by: id, and the role of the token they call with.
        self.others = {
            "guardian": (f"guardian-{tag}", "client"), "interpreter": (f"interpreter-{tag}", "clinician"),
            "co-clinician": (f"co-clinician-{tag}", "clinician"), "observer": (f"observer-{tag}", "clinician"),
        }
        # Guests call with what a redemption gave: id and token.
        self.guests: dict[str, tuple[str, str]] = {}

    def person(self, who: str) -> str:
        """The id under which somebody's consents are kept."""
        if who in self.guests:
            return self.guests[who][0]
        return {"client": self.client_id, "clinician": self.clinician_id, **{k: v[0] for k, v in self.others.items()}}.get(who, "")

    def credentials(self, who: str) -> list[tuple[str, str]]:
        if who in self.guests:
            token = self.guests[who][1]
        else:
            token = self.service.token(self.others[who][1] if who in self.others else who, self.person(who))
        return [("authorization", "Bearer " + token)]

    def call(self, method, request, role: str, timeout: float = 20.0):
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = str(uuid.uuid4())
        return method(request, metadata=self.credentials(role), timeout=timeout)

    def result(self, method, request, role: str, timeout: float = 60.0):
        """Of long work: any number of messages of progress, then one result."""
        *told, last = self.call(method, request, role, timeout)
        assert [each.WhichOneof("message") for each in told] == ["progress"] * len(told)
        assert last.WhichOneof("message") == "result"
        return last.result

    def refused(self, code: grpc.StatusCode, word: str, method, request, role: str) -> grpc.RpcError:
        try:
            answer = self.call(method, request, role)
            if hasattr(answer, "__next__"):
                for _ in answer:
                    pass
        except grpc.RpcError as error:
            assert (error.code(), reason(error)) == (code, word), (error.code(), reason(error), error.details())
            return error
        raise AssertionError(f"expected {code} {word}, got OK")

    # -- steps ---------------------------------------------------------------------------------

    def register_documents(self) -> None:
        from telehealth.v1 import consent_document_service_pb2 as m

        for name, text in TEXTS.items():
            self.call(
                self.documents.PutConsentDocument,
                m.PutConsentDocumentRequest(
                    type=name, version="test-1", language="en-US", text=text,
                    effective_time=in_seconds(-3600),
                ),
                "admin",
            )

    def book(self, starts_in: float = 60, lasts: float = 1800, guardian: bool = False) -> str:
        from telehealth.v1 import appointment_service_pb2 as m

        appointment_id = "appt-" + uuid.uuid4().hex
        self.call(
            self.appointments.PutAppointment,
            m.PutAppointmentRequest(
                appointment_id=appointment_id, client_id=self.client_id, clinician_id=self.clinician_id,
                guardian_id=self.person("guardian") if guardian else "",
                scheduled_start_time=in_seconds(starts_in), scheduled_end_time=in_seconds(starts_in + lasts),
                time_zone="America/New_York", source_version=1,
            ),
            "scheduler",
        )
        return appointment_id

    def create_session(self, appointment_id: str, **fields):
        from telehealth.v1 import telehealth_service_pb2 as m

        request = m.CreateSessionRequest(appointment_id=appointment_id, **fields)
        return self.call(self.telehealth.CreateSession, request, "scheduler").session

    def consent(self, kind: str, role: str = "client", **fields):
        from telehealth.v1 import consent_pb2
        from telehealth.v1 import consent_service_pb2 as m

        submission = m.ConsentSubmission(
            decision=consent_pb2.CONSENT_DECISION_GRANTED, document_version="test-1", language="en-US",
            text_sha256=hashlib.sha256(TEXTS[kind].encode()).digest(),
            method=consent_pb2.CONSENT_METHOD_ELECTRONIC,
            acknowledgements=consent_pb2.ConsentAcknowledgements(
                patient_rights=True, emergency_protocols=True, privacy_risks=True
            ),
            recording_purposes=[1] if kind == "recording" else [],
        )
        for name, value in fields.items():
            setattr(submission, name, value)
        request = m.SubmitConsentRequest(
            person_id=self.person(role),
            person_role=consent_pb2.ConsentPersonRole.Value(f"CONSENT_PERSON_ROLE_{SUBJECT_ROLES.get(role, 'THIRD_PARTY')}"),
            type=kind, submission=submission,
        )
        return self.call(self.consents.SubmitConsent, request, role).consent

    def check(self):
        from telehealth.v1 import session_pb2

        return session_pb2.PreVisitCheck(
            location_state="GA", location_address="1 Test Street, Atlanta", emergency_contact_name="Contact",
            emergency_contact_phone="+1 404 555 0100", private_place=True, reliable_connection=True,
            device_type=session_pb2.DEVICE_TYPE_TABLET,
        )

    def join_request(self, session_id: str, role: str):
        from telehealth.v1 import telehealth_service_pb2 as m

        request = m.JoinSessionRequest(session_id=session_id)
        if role in ("client", "guardian"):
            request.pre_visit_check.CopyFrom(self.check())
        return request

    def join(self, session_id: str, role: str):
        return self.call(self.telehealth.JoinSession, self.join_request(session_id, role), role)

    def session(self, session_id: str, role: str = "clinician"):
        from telehealth.v1 import telehealth_service_pb2 as m

        return self.call(self.telehealth.GetSession, m.GetSessionRequest(session_id=session_id), role).session


    # -- people --------------------------------------------------------------------------------

    def invite(self, session_id: str, role: str, by: str = "clinician", **fields):
        """A grant, or with subject_id a place."""
        from telehealth.v1 import participant_service_pb2 as m
        from telehealth.v1 import session_pb2

        number = session_pb2.ParticipantRole.Value("PARTICIPANT_ROLE_" + role)
        return self.call(
            self.people.InviteParticipant, m.InviteParticipantRequest(session_id=session_id, role=number, **fields), by
        )

    def redeem(self, grant: str, name: str, request_id: str = ""):
        """Comes by a grant, without any token; `name` is who then calls."""
        from telehealth.v1 import participant_service_pb2 as m

        request = m.RedeemInvitationRequest(request_id=request_id or str(uuid.uuid4()), grant=grant)
        answer = self.people.RedeemInvitation(request, timeout=20)
        self.guests[name] = (answer.participant.person_id, answer.token)
        return answer.participant

    def treat(self, verb: str, session_id: str, participant_id: str, by: str = "clinician", **fields):
        """DenyParticipant, ReturnToWaitingRoom, RemoveParticipant or SetParticipantCapabilities."""
        from telehealth.v1 import participant_service_pb2 as m

        request = getattr(m, verb + "Request")(session_id=session_id, participant_id=participant_id, **fields)
        return self.call(getattr(self.people, verb), request, by).participant

    def admit(self, session_id: str, participant_id: str, by: str = "clinician"):
        from telehealth.v1 import participant_service_pb2 as ppl

        request = ppl.AdmitParticipantRequest(session_id=session_id, participant_id=participant_id)
        return self.call(self.people.AdmitParticipant, request, by).participant


class Watch:
    """Reads a WatchSession stream in a thread and lets a test wait for what it told."""

    def __init__(self, clinic: Clinic, session_id: str, role: str, after: int | None = None):
        from telehealth.v1 import telehealth_service_pb2 as m

        request = m.WatchSessionRequest(session_id=session_id)
        if after is not None:
            request.after_sequence = after
        self.stream = clinic.telehealth.WatchSession(request, metadata=clinic.credentials(role), timeout=120)
        self.snapshot = None
        self.events = []
        self.error: grpc.RpcError | None = None
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        try:
            for message in self.stream:
                with self.changed:
                    if message.HasField("snapshot"):
                        self.snapshot = message.snapshot
                    elif message.HasField("event"):
                        self.events.append(message.event)
                    self.changed.notify_all()
        except grpc.RpcError as error:
            self.error = error
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def kinds(self) -> list[str]:
        return [event.WhichOneof("kind") for event in self.events]

    def wait_for(self, kind: str, timeout: float = 20.0):
        with self.changed:
            found = self.changed.wait_for(lambda: kind in self.kinds() or self.ended, timeout)
            if kind in self.kinds():
                return self.events[self.kinds().index(kind)]
        raise AssertionError(f"no {kind} within {timeout} s (ended: {self.ended}, {found}); seen {self.kinds()}, {self.error}")

    def wait_for_snapshot(self, timeout: float = 20.0):
        with self.changed:
            assert self.changed.wait_for(lambda: self.snapshot is not None or self.ended, timeout)
        assert self.snapshot is not None, self.error
        return self.snapshot

    def wait_for_end(self, timeout: float = 20.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.ended, timeout), "the watch did not end"
