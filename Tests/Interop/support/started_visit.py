"""A visit that has started, through official stubs."""

from visit import Clinic


def started_visit(clinic: Clinic):
    """Books, consents and brings both people in."""
    session = clinic.create_session(clinic.book())
    clinic.consent("georgia_telehealth")
    clinic.consent("hipaa_telehealth")
    clinic.join(session.session_id, "client")
    clinic.join(session.session_id, "clinician")
    assert clinic.join(session.session_id, "client").outcome == 2
    return session.session_id
