"""Values that commit 02d4151 wrote are read as before: its databases with all that accompanies them, made with its programs.

One copy was killed with all its work waiting, one was stopped; today's daemon opens both and goes on with them.
"""

import hashlib
import hmac
import json
import os
import subprocess
import time
from collections import Counter
from urllib.parse import urlparse

import grpc
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from receipts import part, verified
from service import BIN
from webhook_log import WebhookLog
from written_before import ANSWERS, FOLDER, LATER, SEALED, Opened, Written, check_chain, clock_at, listed, unpack

#: Every kind of work of that commit; each waits in both copies.
KINDS = {
    "createMeeting", "deleteMeeting", "startCapture", "confirmCapture", "stopCapture", "watchCapture", "startConcatenation",
    "confirmConcatenation", "deleteAttendee", "updateCapabilities", "deleteObjects", "deliverWebhook"}
#: Of a consent, what no statement may change.
FACTS = (
    "id, subject_id, subject_role, type, decision, method, document_version, document_language, text_hash, signer_id, attested_by,"
    " session_id, granted_at, expires_at, supersedes, recorded_by, recorded_at, recording_purposes")


@pytest.fixture(scope="module", params=["killed", "stopped"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def before(name, tmp_path_factory):
    """The copy as it was written, opened by nobody."""
    return Written(unpack(tmp_path_factory.mktemp("before")) / name)


@pytest.fixture(scope="module")
def now(name, tmp_path_factory):
    """The copy opened by today's daemon, a minute after the other one ended."""
    folder = unpack(tmp_path_factory.mktemp("now"))
    with clock_at(ANSWERS[f"{name}_at"] + LATER, folder):
        opened = Opened(folder / name, folder)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def after(now):
    """The copy once today's daemon has left it. Whoever asks for it stands behind all who call the daemon."""
    return now.stopped()


@pytest.fixture
def planted(tmp_path):
    """A copy to change a value in."""
    return Written(unpack(tmp_path) / "stopped")


# -- work that waited --------------------------------------------------------------------------------


def pending(copy: Written) -> list[dict]:
    return copy.rows("SELECT * FROM effects WHERE state = 'pending' ORDER BY id")


def asked_in_vain() -> set[str]:
    """The changes that the old program asked for and was refused, or got no answer to."""
    texts = {each["request"] + " " + each["body"] for each in listed("calls") if each["became"] in ("refused", "unanswered")}
    return {text for text in texts if not text.startswith(("GET", "HEAD"))}


def test_work_of_every_kind_goes_on_with_the_calls_of_then_each_made_once(before, now):
    assert {each["kind"] for each in pending(before)} == KINDS, "the fixture has work of every kind"
    wanted = asked_in_vain()
    assert len(wanted) >= 8
    now.wait_until_nothing(lambda: wanted - set(now.calls.changes("answered")))
    states = {"unstarted": "RECORDING", "unconfirmed": "RECORDING", "watched": "RECORDING", "unstopped": "AVAILABLE",
              "unjoined": "AVAILABLE", "joining": "AVAILABLE", "undeleted": "DELETED"}

    def elsewhere():
        return {name: each["state"] for name, state in states.items()
                for each in now.today.recordings_of(ANSWERS["visits"]["w-" + name]["session"]).values() if each["state"] != state}

    now.wait_until_nothing(elsewhere)
    made = Counter(now.calls.changes("answered"))
    assert {text: made[text] for text in wanted} == {text: 1 for text in wanted}, "the same calls, to the byte, once each"


def test_live_meetings_and_their_people_keep_their_names_at_chime(before, now):
    meetings = {each["meetingId"]: each for each in now.simulator.admin("GET", "/meetings")["meetings"]}
    live = before.rows("SELECT * FROM meetings WHERE state = 'active'")
    assert len(live) > 5
    for row in live:
        assert meetings[row["meeting_id"]]["externalMeetingId"] == row["client_request_token"]
        people = before.rows(
            f"SELECT * FROM participants WHERE session_id = '{row['session_id']}' AND attendee_generation = {row['generation']}")
        names = {each["attendeeId"]: each["externalUserId"] for each in meetings[row["meeting_id"]]["attendees"]}
        assert people and all(names[each["attendee_id"]] == each["external_user_id"] for each in people)
    tokens = Counter(each["clientRequestToken"] for each in meetings.values())
    assert {row["client_request_token"]: 1 for row in before.rows("SELECT * FROM meetings")}.items() <= tokens.items()


def test_webhooks_that_waited_are_delivered_as_they_would_have_been(before, now):
    waiting = {each["id"]: each for each in pending(before) if each["kind"] == "deliverWebhook"}
    events = {(each["session_id"], each["sequence"]): each for each in before.rows("SELECT * FROM session_events")}
    assert len(waiting) >= 5 and {each["target"] for each in waiting.values()} == {"records", "desk"}

    def taken():
        return {each["headers"]["Telehealth-Delivery"]: each for each in now.webhooks.taken()}

    now.wait_until_nothing(lambda: waiting.keys() - taken().keys())
    old = {each["headers"]["Telehealth-Delivery"]: each for each in listed("webhooks") if each["status"] == 503}
    refused = old.keys() & waiting.keys()
    assert refused
    for delivery in refused:
        assert taken()[delivery]["body"] == old[delivery]["body"], "what was refused then comes as it was"
    for delivery, effect in waiting.items():
        check_webhook(taken()[delivery], effect, events[effect["session_id"], effect["event_sequence"]])
    again = Counter(each["headers"]["Telehealth-Delivery"] for each in now.webhooks.taken())
    assert all(again[delivery] == 1 for delivery in waiting)


def check_webhook(message: dict, effect: dict, event: dict) -> None:
    """The body, and the signature that is over it, both as docs/webhooks.md tells receivers."""
    words = {"delivery": effect["id"], "session": event["session_id"], "sequence": event["sequence"], "kind": capitals(event["kind"]),
             "status": capitals(event["status"]), "participant": event["participant_id"], "recording": event["recording_id"],
             "screen_share": event["screen_share_id"], "generation": event["generation"], "reason": event["reason"],
             "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event["at"] // 1_000_000))}
    told = json.loads(message["body"])
    assert told == {name: word for name, word in words.items() if word is not None}
    assert message["body"] == json.dumps(told, sort_keys=True, separators=(",", ":")), "one message has one text"
    signature = dict(each.split("=", 1) for each in message["headers"]["Telehealth-Signature"].split(","))
    wanted = hmac.new(WebhookLog.secret, f"{signature['t']}.{message['body']}".encode(), hashlib.sha256)
    assert signature["v1"] == wanted.hexdigest() and signature.keys() == {"t", "v1"}


def capitals(word: str) -> str:
    return "".join("_" + c if c.isupper() else c.upper() for c in word)


def test_what_was_sent_then_is_what_is_sent_now(before):
    """The same check holds for what the old program sent: it reports both."""
    effects = {each["id"]: each for each in before.rows("SELECT * FROM effects WHERE kind = 'deliverWebhook'")}
    events = {(each["session_id"], each["sequence"]): each for each in before.rows("SELECT * FROM session_events")}
    sent = listed("webhooks")
    assert len(sent) > 100
    for each in sent:
        effect = effects[each["headers"]["Telehealth-Delivery"]]
        check_webhook(each, effect, events[effect["session_id"], effect["event_sequence"]])


def test_the_database_is_sound(now):
    assert now.probe("operate", "check") == "sound\n"


def test_an_export_of_now_holds_the_rows_of_then(now, tmp_path):
    count = ANSWERS["audit_rows_exported"]
    now.probe("audit", "export", "--through", count, "-o", tmp_path / "audit.jsonl")
    old, new = ((folder / "audit.jsonl").read_text().splitlines()[:count] for folder in (FOLDER, tmp_path))
    assert len(old) == count and [json.loads(line)["mac"] for line in old] == [json.loads(line)["mac"] for line in new]
    assert json.loads(new[1]).items() >= {"caller": "admin", "role": "CALLER_ROLE_ADMIN", "outcome": "AUDIT_OUTCOME_ALLOWED"}.items()
    report = json.loads(offline(Written(now.folder), "--export", tmp_path / "audit.jsonl"))
    assert report["isWhole"] and int(report["rowsChecked"]) == count


# -- what is signed ---------------------------------------------------------------------------


def test_receipts_of_then_hold_and_todays_say_the_same(now):
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(now.today.receipt_key()))
    assert now.today.receipt_key() == ANSWERS["receipt_key"]
    for consent_id, told in ANSWERS["consents"].items():
        old, today = told["receipt"], now.today.receipt(consent_id)
        was, this = verified(old, key), verified(today, key)
        assert old.split(".")[0] == today.split(".")[0], "one header"
        assert was["version"] == 1 and was.keys() == this.keys() and was["log"].keys() == this["log"].keys()
        assert canonical(was["consent"]) in part(today.split(".")[1]).decode(), "one statement of a consent, to the byte"
        assert (was["log"]["entry"], was["log"]["number"]) == (this["log"]["entry"], this["log"]["number"])


def canonical(value) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_manifests_are_the_same_bytes_under_the_same_signature(now):
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(ANSWERS["receipt_key"]))
    held = {rid: told for rid, told in ANSWERS["recordings"].items() if "manifest" in told}
    assert len(held) >= 2
    for rid, told in held.items():
        key.verify(bytes.fromhex(told["signature"]), told["manifest"].encode())
        assert now.today.manifest(rid) == {"manifest": told["manifest"], "signature": told["signature"]}


# -- what people hold --------------------------------------------------------------------------------


def test_visits_are_where_they_were_and_join_urls_lead_to_them(now):
    statuses = set()
    for told in ANSWERS["visits"].values():
        if "status" not in told:
            continue  # One of those that waited.
        found = now.today.visit(told["session"])
        assert found == told
        statuses.add(told["status"])
        for url in (told["clinician_join_url"], told["client_join_url"]):
            in_path = urlparse(url).path.rsplit("/", 1)[1]
            assert now.today.visit(in_path)["session"] == told["session"]
    assert statuses == {"SCHEDULED", "WAITING_ROOM", "IN_PROGRESS", "COMPLETED", "CANCELLED", "NO_SHOW"}


def test_consents_are_read_as_the_types_that_they_were(now):
    people = {told["person"] for told in ANSWERS["consents"].values()}
    found = {cid: told for person in people for cid, told in now.today.consents_of(person).items()}
    for consent_id, told in ANSWERS["consents"].items():
        assert found[consent_id] == {name: word for name, word in told.items() if name != "receipt"}
    assert {told["method"] for told in ANSWERS["consents"].values()} == {"ELECTRONIC", "PAPER", "VERBAL"}
    assert {told["state"] for told in ANSWERS["consents"].values()} == {"ACTIVE", "DECLINED", "REVOKED", "SUPERSEDED"}


def test_recordings_are_what_they_were(now):
    for name in ("completed", "deleted", "dead-capture"):
        for rid, told in now.today.recordings_of(ANSWERS["visits"][name]["session"]).items():
            kept = ANSWERS["recordings"][rid]
            assert told == {field: kept[field] for field in told}


def test_grants_of_then_are_redeemed_and_a_revoked_one_is_not(now):
    grants = ANSWERS["grants"]
    for role in ("guest", "interpreter"):
        participant = now.today.redeemed(grants[role]["grant"], role)
        assert participant.count("-") == 4, participant
        assert now.today.outcome_of_join(grants[role]["session"], role) == (participant, "WAITING")
        assert now.today.redeemed(grants[role]["grant"], "again") == "INVITATION_USED"
    assert now.today.redeemed(grants["revoked"]["grant"], "nobody") == "INVITATION_REVOKED"


def test_passes_of_then_still_work(now):
    passes = ANSWERS["passes"]
    for name, outcome in (("guest-in", "ADMITTED"), ("guest-late", "WAITING")):
        now.today.bears(name, passes[name]["pass"])
        assert now.today.outcome_of_join(passes[name]["session"], name) == (passes[name]["participant"], outcome)


def test_settings_and_policies_in_the_words_of_then_are_taken(now):
    versions = now.today.policy_versions()
    assert (versions["US-GA"], versions["US-OR"]) == ("of the clinic", "test-7")
    command = [BIN / "telehealthd", "--config", now.folder / "settings.json", "--print-config"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **now.service.env}).stdout
    assert "GEORGIA_TELEHEALTH" in shown and "treatment" in shown


# -- the person's record ----------------------------------------------------------------------------


def codings(value, path: str = "") -> Counter:
    """Each code with its system and where it stands."""
    found = Counter()
    if isinstance(value, dict):
        if "code" in value and "system" in value:
            found[path, value["system"], value["code"]] += 1
        for name in ("valueCode", "status", "url"):
            if isinstance(value.get(name), str):
                found[path, name, value[name]] += 1
        for name, each in value.items():
            found += codings(each, path + "." + name)
    elif isinstance(value, list):
        for each in value:
            found += codings(each, path)
    return found


def resources(bundle: dict) -> dict[tuple[str, str], dict]:
    return {(each["resource"]["resourceType"], each["fullUrl"]): each["resource"] for each in bundle["entry"]}


def test_records_have_the_codes_of_then(now):
    kinds = set()
    for each in listed("people"):
        old, new = resources(json.loads(each["record"])), resources(now.today.person_record(each["id"]))
        for place, resource in old.items():
            gone = codings(resource) - codings(new[place])
            assert not gone, (place, gone)
            kinds.add(place[0])
    assert kinds == {"Patient", "Consent", "Encounter", "AuditEvent"}


# -- the files, when today's daemon has left them ------------------------------------------------------


def test_no_work_of_before_is_left(before, after):
    """But the looks at captures that run, which come again and again."""
    ids = {each["id"] for each in pending(before) if each["kind"] != "watchCapture"}
    left = after.rows("SELECT id, kind, state, last_error FROM effects WHERE state <> 'done'")
    assert len(ids) > 15 and [each for each in left if each["id"] in ids] == []


def test_the_meeting_that_nobody_heard_of_was_found_and_no_second_one_made(before, now, after):
    (row,) = before.rows("SELECT m.* FROM meetings m JOIN effects e USING (session_id) WHERE e.kind = 'createMeeting' AND e.state = 'pending'")
    token = row["client_request_token"]
    assert row["meeting_id"] is None and row["state"] == "intent"
    there = [each for each in now.simulator.admin("GET", "/meetings")["meetings"] if token in (each["externalMeetingId"], each["clientRequestToken"])]
    assert [(each["externalMeetingId"], each["clientRequestToken"]) for each in there] == [(token, token)]
    known = after.rows(f"SELECT client_request_token, generation, state, meeting_id FROM meetings WHERE session_id = '{row['session_id']}'")
    assert known == [{"client_request_token": token, "generation": 1, "state": "active", "meeting_id": there[0]["meetingId"]}]


def test_the_log_is_whole_and_its_rows_are_encoded_and_chained_as_before(before, after):
    check_chain(before.audit_rows())
    check_chain(after.audit_rows())
    assert after.rows("SELECT * FROM audit")[: len(before.audit_rows())] == before.rows("SELECT * FROM audit")
    files = ["--key-ring", after.folder / "data.keys", "--heads", after.audit / "heads"]
    report = json.loads(offline(after, "--database", after.database, *files))
    assert report["isWhole"] and int(report["headsChecked"]) >= len(before.heads()) > 3, report


def offline(copy: Written, *source) -> str:
    """The probe's verdict without the service."""
    report = judged(copy, *source)
    report.check_returncode()
    return report.stdout


def judged(copy: Written, *source) -> subprocess.CompletedProcess:
    command = [BIN / "telehealth-probe", "audit", "verify", "--json", *source, "--key-file", copy.audit / "chain.key"]
    return subprocess.run(command, capture_output=True, text=True)


def test_an_export_of_then_is_verified_today(before):
    report = json.loads(offline(before, "--export", FOLDER / "audit.jsonl"))
    assert report["isWhole"] and int(report["rowsChecked"]) == ANSWERS["audit_rows_exported"] > 300


@pytest.mark.parametrize("field", ["role", "outcome", "subject", "at"])
def test_an_export_of_then_in_which_one_value_was_edited_is_found_out(before, tmp_path, field):
    lines = (FOLDER / "audit.jsonl").read_text().splitlines()
    row = json.loads(lines[1])
    others = {"role": ["client", "wizard", ""], "outcome": ["denied", "DENIED"], "subject": ["nobody"],
              "at": ["2026-11-30T13:51:54.733038Z"]}[field]
    for other in others:
        edited = json.dumps({**row, field: other}, separators=(",", ":"))
        (tmp_path / "edited.jsonl").write_text("\n".join([lines[0], edited, *lines[2:]]) + "\n")
        report = judged(before, "--export", tmp_path / "edited.jsonl")
        assert report.returncode == 4, report
        assert json.loads(report.stdout)["first"] == {
            **json.loads(report.stdout)["first"], "number": "2", "fault": "AUDIT_FAULT_CHANGED"}


def test_heads_of_then_stand_and_verify(before, after):
    old, lines = before.heads(), after.heads()
    assert lines[:len(old)] == old and len(lines) > len(old), "new ones are behind the earlier ones"
    (public,) = (after.audit / "heads").rglob("*.pub")
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.read_text().strip()))
    for line in lines:
        head = json.loads(line)
        signed = b"telehealth.audit.head.v1\0" + head["size"].to_bytes(8, "big") + head["at"].to_bytes(8, "big")
        key.verify(bytes.fromhex(head["signature"]), signed + bytes.fromhex(head["mac"]) + bytes.fromhex(head["root"]))


def test_rows_that_nobody_changes_stand_as_they_were(before, after):
    for table, columns in (("consent_documents", "*"), ("session_events", "*"), ("consents", FACTS),
                           ("meetings", "session_id, generation, client_request_token"),
                           ("participants", "session_id, id, role, external_user_id")):
        old = before.rows(f"SELECT {columns} FROM {table}")
        stand = {tuple(row[column] for column in old[0]) for row in after.rows(f"SELECT * FROM {table}")}
        assert len(old) > 3 and all(tuple(row.values()) in stand for row in old), table
    words = {each["type"] for each in before.rows("SELECT DISTINCT type FROM consents")}
    assert words == {"georgiaTelehealth", "hipaaTelehealth", "recording", "telehealth", "thirdPartyPresence"}


def test_first_answers_of_before_are_forgotten(before, after):
    """A repeat is known by its encoded request, and the same request is encoded differently today."""
    old, new = ({row["request_id"] for row in store.rows("SELECT request_id FROM requests")} for store in (before, after))
    assert len(old) > 3 and not old & new


def test_sealed_texts_open_old_and_new(before, after):
    old, new = before.sealed(), after.sealed()
    assert {table for table, _, _ in old} == set(SEALED)
    assert {place: new[place] for place in old} == old
    assert {"Case 17.", "Went well: no further visit is planned.", "Thought better of it.", "2015-02-28"} <= set(old.values())


# -- controls: one value changed, and the check of it fails ------------------------------------------------


@pytest.mark.parametrize("change, check", [
    ("UPDATE audit SET action = 'SubmitConsents' WHERE number = (SELECT min(number) FROM audit WHERE action = 'SubmitConsent')", "chain"),
    ("UPDATE audit SET role = 'CLIENT' WHERE number = (SELECT min(number) FROM audit WHERE role = 'client')", "chain"),
    ("UPDATE consents SET evidence = (SELECT evidence_items FROM consents WHERE evidence_items IS NOT NULL LIMIT 1) WHERE evidence IS NOT NULL", "sealed"),
    ("UPDATE sessions SET end_note = (SELECT hold_reason FROM recordings WHERE hold_reason IS NOT NULL) WHERE end_note IS NOT NULL", "sealed"),
])
def test_a_changed_value_does_not_pass(planted, change, check):
    checks = {"chain": lambda: check_chain(planted.audit_rows()), "sealed": planted.sealed}
    checks[check]()
    planted.plant(change)
    with pytest.raises(AssertionError):
        checks[check]()


#: Changes that no check looks for by name, each of another earlier value.
CHANGES = [
    "UPDATE consents SET type = 'telehealth' WHERE type = 'hipaaTelehealth'",
    "UPDATE recordings SET object_etag = 'another' WHERE object_etag IS NOT NULL",
    "UPDATE sessions SET client_join_url = replace(client_join_url, 'session', 'visit')",
    "UPDATE meetings SET client_request_token = client_request_token || 'x' WHERE state = 'intent'",
    "UPDATE session_events SET kind = 'deviceChanged' WHERE (session_id, sequence) IN "
    "(SELECT session_id, event_sequence FROM effects WHERE kind = 'deliverWebhook' AND state = 'pending')",
]


def test_each_check_fails_where_its_value_was_changed(tmp_path):
    before, folder = Written(unpack(tmp_path / "before") / "stopped"), unpack(tmp_path / "now")
    copy = Written(folder / "stopped")
    copy.plant(*CHANGES)
    (copy.folder / "data/guest-key").write_text("ab" * 32 + "\n")
    policy = copy.folder / "policies/georgia.json"
    policy.write_text(policy.read_text().replace("of the clinic", "of another"))
    heads = copy.audit / "heads/audit-heads.jsonl"
    heads.write_text(heads.read_text().replace('"at":1', '"at":2', 1))
    failed = []

    def fails(check, *arguments):
        with pytest.raises((AssertionError, grpc.RpcError, InvalidSignature)):
            check(*arguments)
        failed.append(check)

    with clock_at(ANSWERS["stopped_at"] + LATER, tmp_path):
        now = Opened(copy.folder, folder)
        now.patience = 3.0
        try:
            fails(test_work_of_every_kind_goes_on_with_the_calls_of_then_each_made_once, before, now)
            fails(test_webhooks_that_waited_are_delivered_as_they_would_have_been, before, now)
            for check in (
                test_receipts_of_then_hold_and_todays_say_the_same, test_manifests_are_the_same_bytes_under_the_same_signature,
                test_visits_are_where_they_were_and_join_urls_lead_to_them, test_consents_are_read_as_the_types_that_they_were,
                test_grants_of_then_are_redeemed_and_a_revoked_one_is_not, test_passes_of_then_still_work,
                test_settings_and_policies_in_the_words_of_then_are_taken, test_records_have_the_codes_of_then,
            ):
                fails(check, now)
            after = now.stopped()
            fails(test_the_meeting_that_nobody_heard_of_was_found_and_no_second_one_made, before, now, after)
            fails(test_heads_of_then_stand_and_verify, before, after)
            fails(test_rows_that_nobody_changes_stand_as_they_were, before, after)
        finally:
            now.close()
    assert len(failed) == 13
