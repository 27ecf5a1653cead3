"""Receipts are checked with nothing of this project: JOSE and RFC 6962 by hand, the signature by pyca/cryptography.

Exported records are checked by the models of the fhir.resources package (FHIR R4B, which for Consent, Encounter and
AuditEvent is R4).
"""

import base64
import hashlib
import json
import os
import subprocess
import time

import grpc
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.patient import Patient

from consent_office import Office
from receipts import part, verified
from service import BIN
from visit import TEXTS, Watch

NOT_FOUND = grpc.StatusCode.NOT_FOUND
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def office(service):
    channel = grpc.insecure_channel(service.address)
    office = Office(service, channel)
    office.register_documents()
    yield office
    channel.close()


def receipt_of(office: Office, consent_id: str, role: str = "client") -> str:
    from telehealth.v1 import consent_service_pb2 as m

    return office.call(office.consents.GetConsentReceipt, m.GetConsentReceiptRequest(consent_id=consent_id), role).receipt


def public_key(office: Office) -> Ed25519PublicKey:
    from telehealth.v1 import consent_service_pb2 as m

    answer = office.call(office.consents.GetReceiptKey, m.GetReceiptKeyRequest(), "client")
    assert answer.key_id == hashlib.sha256(answer.public_key).hexdigest()[:16]
    return Ed25519PublicKey.from_public_bytes(answer.public_key)


def test_a_receipt_is_checked_without_the_service(office):
    consent = office.consent("recording")
    for _ in range(5):
        office.consent("hipaa_telehealth")
    receipt = receipt_of(office, consent.consent_id)
    statement = verified(receipt, public_key(office))
    said = statement["consent"]
    assert (said["id"], said["subject"], said["signer"]) == (consent.consent_id, office.client_id, office.client_id)
    assert said["textSHA256"] == hashlib.sha256(TEXTS["recording"].encode()).hexdigest()
    assert (said["type"], said["decision"], said["method"]) == ("RECORDING", "GRANTED", "ELECTRONIC")
    assert said["purposes"] == ["CLINICAL"] and "evidence" not in json.dumps(statement)
    assert statement["log"]["size"] > statement["log"]["number"] + 4
    header, payload, signature = receipt.split(".")
    forged = json.loads(part(payload))
    forged["consent"]["decision"] = "DECLINED"
    other = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    with pytest.raises(InvalidSignature):
        public_key(office).verify(part(signature), f"{header}.{other}".encode())


def test_every_consent_of_many_has_its_proof(office):
    key = public_key(office)
    made = [office.consent("hipaa_telehealth").consent_id for _ in range(9)]
    numbers = [verified(receipt_of(office, each), key)["log"]["number"] for each in made]
    assert numbers == sorted(set(numbers))


def test_a_receipt_is_for_who_may_see_the_consent(office, service):
    from telehealth.v1 import consent_service_pb2 as m

    consent = office.consent("recording")
    request = m.GetConsentReceiptRequest(consent_id=consent.consent_id)
    stranger = Office(service, office.channel)
    get = office.consents.GetConsentReceipt
    stranger.refused(NOT_FOUND, "CONSENT_NOT_FOUND", get, request, "client")
    office.refused(NOT_FOUND, "CONSENT_NOT_FOUND", get, m.GetConsentReceiptRequest(consent_id="nothing"), "admin")
    office.refused(DENIED, "ROLE_NOT_ALLOWED", get, request, "scheduler")


def test_the_probe_checks_receipts_too(office, tmp_path):
    from telehealth.v1 import consent_service_pb2 as m

    consent = office.consent("recording")
    office.call(office.consents.RevokeConsent, m.RevokeConsentRequest(consent_id=consent.consent_id), "client")
    environment = {**os.environ, "TELEHEALTH_DATA_DIR": str(office.service.data), "TELEHEALTH_TARGET": office.service.address}

    def probe(*arguments):
        return subprocess.run([BIN / "telehealth-probe", "receipt", *arguments], capture_output=True, text=True, env=environment)

    got = probe("get", consent.consent_id, "--as", "client", "--client-id", office.client_id)
    assert got.returncode == 0, got.stderr
    (tmp_path / "receipt").write_text(got.stdout)
    key = probe("key", "--as", "admin").stdout.strip()
    assert key == office.call(office.consents.GetReceiptKey, m.GetReceiptKeyRequest(), "admin").public_key.hex()
    good = probe("verify", str(tmp_path / "receipt"), "--key", key)
    assert good.returncode == 0 and f"id: {consent.consent_id}" in good.stdout and "revokedAt" in good.stdout
    bad = probe("verify", str(tmp_path / "receipt"), "--key", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert bad.returncode == 4 and "not signed with this key" in bad.stderr


def test_the_key_outlives_the_service_and_is_private(office):
    folder = office.service.data.parent / (office.service.data.name + ".audit")
    file = folder / "receipts.key"
    assert file.stat().st_mode & 0o777 == 0o600
    seed = bytes.fromhex(file.read_text().strip())
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    assert Ed25519PrivateKey.from_private_bytes(seed).public_key() == public_key(office)


def export(office: Office, person: str, role: str = "client") -> dict:
    from telehealth.v1 import person_service_pb2 as persons

    pieces = office.persons.ExportPersonRecord(
        persons.ExportPersonRecordRequest(person_id=person), metadata=office.credentials(role), timeout=20)
    chunks = [piece.chunk for piece in pieces]
    assert all(0 < len(chunk) <= 65536 for chunk in chunks)
    return json.loads(b"".join(chunks))


MODELS = {"Patient": Patient, "Consent": Consent, "Encounter": Encounter, "AuditEvent": AuditEvent}


def test_a_record_is_valid_fhir(office):
    from telehealth.v1 import consent_service_pb2 as c
    from telehealth.v1 import telehealth_service_pb2 as m

    session = office.visit_of_ward(born="1990-05-01")
    telehealth = office.consent("georgia_telehealth")
    office.consent("hipaa_telehealth")
    recording = office.consent("recording", session_id=session)
    declined = office.consent("recording", decision=2)
    office.consent("recording", "clinician")
    office.join(session, "client")
    office.join(session, "clinician")
    office.join(session, "client")
    watch = Watch(office, session, "clinician")
    office.call(office.telehealth.EndSession, m.EndSessionRequest(session_id=session), "clinician")
    watch.wait_for_end()
    office.call(office.consents.RevokeConsent, c.RevokeConsentRequest(consent_id=recording.consent_id), "client")

    record = export(office, office.client_id)
    Bundle.model_validate(record)
    found: dict[str, list[dict]] = {}
    for entry in record["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        MODELS[kind].model_validate(resource)
        found.setdefault(kind, []).append(resource)
    assert len({entry["fullUrl"] for entry in record["entry"]}) == len(record["entry"])
    assert found["Patient"][0]["birthDate"] == "1990-05-01"

    consents = {each["id"]: each for each in found["Consent"]}
    assert consents[telehealth.consent_id]["status"] == "active"
    assert consents[telehealth.consent_id]["provision"]["type"] == "permit"
    assert consents[recording.consent_id]["status"] == "inactive"
    assert consents[declined.consent_id]["status"] == "rejected"
    assert consents[declined.consent_id]["provision"]["type"] == "deny"
    text = base64.b64decode(consents[telehealth.consent_id]["sourceAttachment"]["data"]).decode()
    assert text == TEXTS["georgia_telehealth"]

    visit = found["Encounter"][0]
    assert (visit["id"], visit["status"], visit["class"]["code"]) == (session, "finished", "VR")
    assert {each["individual"]["identifier"]["value"] for each in visit["participant"]} == {office.clinician_id, office.guardian_id}

    seen = [(each["subtype"][0]["code"], each["outcome"]) for each in found["AuditEvent"]]
    assert ("ExportPersonRecord", "0") in seen and ("SubmitConsent", "0") in seen and ("JoinSession", "0") in seen
    assert all(each["agent"][0]["who"]["identifier"]["value"] for each in found["AuditEvent"])


def test_a_missed_visit_says_when_it_was_planned_and_who_did_not_come(office):
    from telehealth.v1 import telehealth_service_pb2 as m

    session = office.create_session(office.book(starts_in=-60)).session_id
    office.join(session, "clinician")
    office.call(office.telehealth.MarkNoShow, m.MarkNoShowRequest(session_id=session), "clinician")
    visit = next(
        each["resource"] for each in export(office, office.client_id)["entry"] if each["resource"]["resourceType"] == "Encounter")
    Encounter.model_validate(visit)
    assert visit["status"] == "cancelled" and "period" not in visit, "nothing took place"
    told = {each["url"].rsplit("/", 1)[-1].rsplit(".", 1)[-1]: each for each in visit["extension"]}
    assert told["plannedStartDate"]["valueDateTime"] < told["plannedEndDate"]["valueDateTime"]
    reason = told["encounter-reasonCancelled"]["valueCodeableConcept"]
    assert (reason["text"], reason["coding"][0]["code"]) == ("no-show", "CLIENT")


def test_a_record_is_for_the_person_the_guardian_and_the_clinic(office, service):
    from telehealth.v1 import person_service_pb2 as persons

    office.visit_of_ward()
    assert export(office, office.client_id, "guardian")["resourceType"] == "Bundle"
    assert export(office, office.client_id, "admin")["resourceType"] == "Bundle"
    for who, role, code, word in [
        (Office(service, office.channel), "client", NOT_FOUND, "PERSON_NOT_FOUND"), (office, "clinician", DENIED, "ROLE_NOT_ALLOWED")]:
        request = persons.ExportPersonRecordRequest(person_id=office.client_id)
        who.refused(code, word, lambda *a, **k: list(office.persons.ExportPersonRecord(*a, **k)), request, role)


def test_with_a_fresh_key_in_use_old_receipts_still_hold(simulator, tmp_path):
    from telehealth.v1 import consent_service_pb2 as m

    from service import Service

    service = Service(tmp_path / "data", simulator).start()
    try:
        with grpc.insecure_channel(service.address) as channel:
            office = Office(service, channel)
            office.register_documents()
            consent = office.consent("hipaa_telehealth").consent_id
            old, old_key = receipt_of(office, consent), public_key(office)
            done = subprocess.run(
                [BIN / "telehealthd", "keys", "rotate-receipts", "--data-dir", service.data], capture_output=True, text=True)
            assert done.returncode == 0 and "current" in done.stdout and "retired since" in done.stdout, done.stderr

            def keys():
                return office.call(office.consents.GetReceiptKey, m.GetReceiptKeyRequest(), "client")

            deadline = time.monotonic() + 20
            while not keys().retired_keys:
                assert time.monotonic() < deadline, "the running service keeps its key"
                time.sleep(0.1)
            told = keys()
            [retired] = told.retired_keys
            assert retired.public_key == old_key.public_bytes_raw() != told.public_key and retired.HasField("retire_time")
            assert retired.key_id == hashlib.sha256(retired.public_key).hexdigest()[:16]
            fresh = receipt_of(office, consent)
            kid = lambda receipt: json.loads(part(receipt.split(".")[0]))["kid"]
            assert (kid(old), kid(fresh)) == (retired.key_id, told.key_id)

            (tmp_path / "old").write_text(old)
            (tmp_path / "fresh").write_text(fresh)
            probe = lambda *words: subprocess.run(
                [BIN / "telehealth-probe", "receipt", *words], capture_output=True, text=True)
            target = ("--as", "admin", "--target", service.address, "--data-dir", str(service.data))
            both = probe("key", "--all", *target).stdout
            (tmp_path / "keys").write_text(both)
            assert len(both.splitlines()) == 2
            for name in ("old", "fresh"):
                assert probe("verify", tmp_path / name, "--key", tmp_path / "keys").returncode == 0
            assert probe("verify", tmp_path / "old", "--key", told.public_key.hex()).returncode == 4
        # The retired key is kept over a restart.
        service.kill()
        service.start()
        with grpc.insecure_channel(service.address) as channel:
            office = Office(service, channel)
            assert [each.key_id for each in keys().retired_keys] == [retired.key_id]
    finally:
        assert service.stop() == 0
