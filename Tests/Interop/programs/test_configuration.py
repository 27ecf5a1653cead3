"""Where settings come from, what starts at all, and what two daemons may not share."""

import json
import os
import re
import stat
import subprocess

import grpc
import pytest

from daemon import daemon
from service import BIN, Service
from visit import Clinic


def in_force(*flags, **environment) -> dict[str, tuple[str, str]]:
    """Value and source of every setting."""
    said = daemon("--print-config", *flags, **environment)
    assert said.returncode == 0, said.stderr
    lines = [line.rpartition("  # ") for line in said.stdout.splitlines() if "  # " in line]
    return {line.partition("=")[0]: (line.partition("=")[2], source) for line, _, source in lines}


def test_flags_go_before_the_environment_before_the_file_before_the_defaults(tmp_path):
    file = tmp_path / "telehealth.json"
    file.write_text(json.dumps({
        "telehealth": {"earlyJoin": "21m", "lateJoin": "22m", "noShowGrace": "23m"}, "aws": {"region": "eu-west-1"}}))
    environment = {"TELEHEALTH_EARLY_JOIN": "31m", "TELEHEALTH_LATE_JOIN": "32m", "TELEHEALTH_CONFIG": str(file)}
    found = in_force("--early-join", "41m", **environment)
    assert [found[f"TELEHEALTH_{name}"] for name in ("EARLY_JOIN", "LATE_JOIN", "NO_SHOW_GRACE", "OVERRUN_CAP")] == [
        ("41m", "flag"), ("32m", "environment"), ("23m", "file"), ("60m", "default")]
    assert found["AWS_REGION"] == ("eu-west-1", "file")
    # An empty variable is as good as none, and --config goes before TELEHEALTH_CONFIG.
    other = tmp_path / "other.json"
    other.write_text('{"telehealth": {"lateJoin": "51m"}}')
    found = in_force("--config", other, **{**environment, "TELEHEALTH_LATE_JOIN": ""})
    assert found["TELEHEALTH_LATE_JOIN"] == ("51m", "file")


def test_a_list_may_be_a_list_in_the_file(tmp_path):
    file = tmp_path / "telehealth.json"
    file.write_text('{"telehealth": {"locationStates": ["GA", "FL"], "recordingMethods": "PAPER, ELECTRONIC"}}')
    found = in_force("--config", file)
    assert found["TELEHEALTH_LOCATION_STATES"] == ("GA,FL", "file")
    assert found["TELEHEALTH_RECORDING_METHODS"] == ("PAPER, ELECTRONIC", "file")


@pytest.mark.parametrize("settings, named", [
    ({"lateJoin": ["20m"]}, "LATE_JOIN"),
    ({"locationStates": ["GA", 1]}, "LOCATION_STATES"),
    ({"locationStates": ["GA,FL"]}, "LOCATION_STATES"),
    ({"locationStates": [["GA"]]}, "LOCATION_STATES"),
])
def test_what_is_no_list_of_words_is_refused_by_its_name(tmp_path, settings, named):
    file = tmp_path / "telehealth.json"
    file.write_text(json.dumps({"telehealth": settings}))
    said = daemon("--config", file, "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and named in said.stderr and "wrong type" in said.stderr, said


def test_the_earlier_systems_names_are_known():
    names = {
        "AWS_REGION": "eu-west-1", "AWS_ACCOUNT_ID": "111122223333", "AWS_S3_RECORDINGS_BUCKET": "visits",
        "FRONTEND_URL": "https://visits.clinic.example"}
    # A front end elsewhere: then the development key does not count, and tokens come from an issuer.
    found = in_force("--issuer", "https://login.clinic.example", "--jwks-file", "keys.json", **names)
    assert {name: found[name] for name in names} == {name: (value, "environment") for name, value in names.items()}


@pytest.mark.parametrize("flags, told", [
    (["--listen", "0.0.0.0:0"], ["LISTEN", "TLS"]),
    (["--listen", "nonsense"], ["LISTEN"]),
    (["--issuer", "login.clinic.example"], ["ISSUER", "https URL", "--jwks-file"]),
    (["--issuer", "http://login.clinic.example"], ["ISSUER", "must be https"]),
    (["--issuer", "https://login.clinic.example/?tenant=1"], ["ISSUER", "query"]),
    (["--issuer", "https://login.clinic.example/#a"], ["ISSUER"]),
    (["--issuer", "http://169.254.169.254/"], ["ISSUER"]),
    (["--jwks-file", "keys.json"], ["ISSUER", "missing"]),
    (["--audience="], ["AUDIENCE", "empty"]),
    (["--role-claim", "client_id"], ["ROLE_CLAIM", "'client_id'", "application"]),
    (["--person-claim", "client_id"], ["PERSON_CLAIM", "'client_id'", "application"]),
    (["--person-claim", "azp"], ["PERSON_CLAIM", "'azp'"]),
    (["--clinician-claim", "sub"], ["CLINICIAN_CLAIM", "'sub'", "registered"]),
    (["--person-claim", "email"], ["PERSON_CLAIM", "'email'", "registered"]),
    (["--role-claim="], ["ROLE_CLAIM", "1 to 64"]),
    (["--role-claim", "r" * 65], ["ROLE_CLAIM", "1 to 64"]),
    (["--role-claim", "a\tb"], ["ROLE_CLAIM", "printable", "a\\tb"]),
    (["--person-claim", "telehealth_role"], ["PERSON_CLAIM", "'telehealth_role'"]),
    (["--tls-certificate", "cert.pem"], ["TLS_KEY"]),
    (["--media-region", "mars-1"], ["edia"]),
    (["--playback-validity", "6m"], ["layback"]),
    (["--aws-endpoint-url", "http://chime.example"], ["AWS_ENDPOINT_URL"]),
    (["--cloudfront-url", "https://d1.cloudfront.net"], ["CLOUDFRONT_KEY"]),
    (["--config", "not-there.json"], ["not-there.json"]),
    (["--jwks-url", "login.clinic.example", "--issuer", "x"], ["JWKS_URL"]),
    (["keys", "burn"], ["keys", "'burn'"]),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(tmp_path, flags, told):
    said = daemon(*flags, "--data-dir", tmp_path / "data")
    assert said.returncode == 2, said
    assert all(word in said.stderr for word in told), said.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("flags, environment, told", [
    (["--recording-retentoin", "10d"], {}, "unknown flag --recording-retentoin; did you mean --recording-retention? See telehealthd --help"),
    (["--zzz", "1"], {}, "unknown flag --zzz; see telehealthd --help"),
    ([], {"TELEHEALTH_RECORDING_RETENTOIN": "10d"}, "did you mean TELEHEALTH_RECORDING_RETENTION?"),
    ([], {"TELEHEALTH_SWEEPINTERVAL": "1s"}, "did you mean TELEHEALTH_SWEEP_INTERVAL?"),
    ([], {"TELEHEALTH_FROBNICATE_ALL": "1"}, "TELEHEALTH_FROBNICATE_ALL: unknown setting; telehealthd --help lists all settings\n"),
    ([], {"TELEHEALTH_METRICS_PORT": "9000"}, "TELEHEALTH_METRICS_PORT: unknown setting"),
])
def test_an_unknown_setting_is_refused_with_the_nearest_name(tmp_path, flags, environment, told):
    said = daemon(*flags, "--data-dir", tmp_path / "data", **environment)
    assert said.returncode == 2 and told in said.stderr, said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("file, told", [
    ('{"telehealth": {"recordingRetentoin": "10d"}}', ["telehealth.recordingRetentoin", "did you mean telehealth.recordingRetention?"]),
    ('{"telehealt": {"listen": "127.0.0.1:0"}}', ["telehealt.listen", "did you mean telehealth.listen?"]),
    ('{"telehealth": {"listne": null}}', ["telehealth.listne"]),
    ('{"telehealth": {"aws": {"region": "us-east-1"}}}', ["telehealth.aws.region"]),
    ('{"telehelth": {}}', ["telehelth: unknown setting"]),
    ('{"comment": "x"}', ["comment: unknown setting"]),
    ('{"telehealth.earlyJoin": "1m", "telehealth": {"earlyJoin": "2m"}}', ["telehealth.earlyJoin: set twice"]),
    ('{"telehealth": {"earlyJoin": "1m", "earlyJoin": "2m"}}', ["not a readable JSON file"]),
    ('{"telehealth": {"earlyJoin": {"minutes": 5}}}', ["EARLY_JOIN", "wrong type"]),
    ('{"telehealth": {"earlyJoin": 5}}', ["EARLY_JOIN", "wrong type"]),
    ('{"telehealth": {"loops": "2"}}', ["LOOPS", "wrong type"]),
    ('{"telehealth": {"loops": 1.5}}', ["expected a whole number at byte"]),
    ('{"telehealth": {"auditReads": "yes"}}', ["AUDIT_READS", "wrong type"]),
    ('{"telehealth": {"auditReads": 1}}', ["AUDIT_READS", "wrong type"]),
    ('{"telehealth": {"listen": true}}', ["LISTEN", "wrong type"]),
    ('{"telehealth": "x"}', ["telehealth: unknown setting"]),
    ('[]', ["not an object"]),
])
def test_a_file_says_nothing_that_is_not_understood(tmp_path, file, told):
    path = tmp_path / "telehealth.json"
    path.write_text(file)
    said = daemon("--config", path, "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and all(word in said.stderr for word in told), said
    assert not (tmp_path / "data").exists()


def test_names_of_others_in_the_environment_are_not_refused(tmp_path):
    """Of our other programs, of container platforms that name every service, and what is set but empty."""
    found = in_force(**{
        "TELEHEALTH_TARGET": "127.0.0.1:1", "TELEHEALTH_TOKEN": "x", "TELEHEALTH_SERVICE_HOST": "10.0.0.7",
        "TELEHEALTH_SERVICE_PORT": "50051", "TELEHEALTH_SERVICE_PORT_GRPC": "50051", "TELEHEALTH_PORT": "tcp://10.0.0.7:50051",
        "TELEHEALTH_PORT_50051_TCP": "tcp://10.0.0.7:50051", "TELEHEALTH_PORT_50051_TCP_ADDR": "10.0.0.7",
        "TELEHEALTH_OLD_NAME": "", "TELEHEALTHY": "yes"})
    assert found["TELEHEALTH_LISTEN"] == ("127.0.0.1:50051", "default")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "telehealth.json"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"telehealth": {"earlyJoin": "21m"}}')
    assert in_force("--config", path)["TELEHEALTH_EARLY_JOIN"] == ("21m", "file")


def ranges() -> list[tuple[str, str, str]]:
    """Flag, least and greatest value of every setting that has a range, as --help tells them."""
    found = re.findall(r"^  (--[\w-]+)   [A-Z].*\n      .*; (\d+\w*) to (\d+\w*)(?: \(default|$)", daemon("--help").stdout, re.M)
    assert len(found) >= 25, found
    return found


UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "": None}


def beyond(value: str, step: int) -> str:
    number, unit = re.fullmatch(r"(\d+)([a-z]*)", value).groups()
    return str(int(number) + step) if unit == "" else f"{int(number) * UNITS[unit] + step}ms"


@pytest.mark.parametrize("flag, least, greatest", ranges())
def test_every_number_and_time_has_a_range_that_is_held(flag, least, greatest):
    # What belongs together is set together, so that the range alone decides.
    beside = {
        "--heartbeat-interval": ["--presence-lost-after", "1h"], "--presence-lost-after": ["--heartbeat-interval", "1s"],
        "--connections-max": ["--connections-per-address", "1"], "--connections-per-address": ["--connections-max", "1000000"],
        "--handshakes-max": ["--handshakes-per-address", "1"], "--handshakes-per-address": ["--handshakes-max", "100000"],
        "--hello-timeout": ["--handshake-timeout", "10m"], "--handshake-timeout": ["--hello-timeout", "100ms"]}
    for value in (least, greatest):
        said = daemon("--print-config", flag, value, *beside.get(flag, []))
        assert said.returncode == 0, (value, said.stderr)
    for value in (beyond(least, -1), beyond(greatest, 1), "-1", "1e300", "inf", "nan", "", "99999999999999999999s"):
        said = daemon("--print-config", f"{flag}={value}", *beside.get(flag, []))
        # An empty value is a setting that is not set.
        assert said.returncode == 2 and least in said.stderr and greatest in said.stderr or value == "", (value, said)


def test_no_time_is_without_a_range():
    """A table test: each duration or number of --help shows its least and greatest value."""
    text = daemon("--help").stdout
    rows = re.findall(r"^  (--[\w-]+)   ([A-Z_0-9]+)   \S+\n      (.*)$", text, re.M)
    assert len(rows) > 80
    defaults = in_force()
    for flag, name, meaning in rows:
        if re.fullmatch(r"\d+(ms|s|m|h|d)?", defaults[name][0]):
            assert re.search(r"; \d+\w* to \d+\w*", meaning), (flag, meaning)


@pytest.fixture(scope="module")
def reachable(tmp_path_factory):
    """What a daemon that other machines can reach needs; nothing is started with it."""
    folder = tmp_path_factory.mktemp("reachable")
    for name in ("cert.pem", "key.pem", "keys.json"):
        (folder / name).write_text("{}")
    return ["--listen", "0.0.0.0:0", "--tls-certificate", folder / "cert.pem", "--tls-key", folder / "key.pem",
            "--issuer", "https://login.clinic.example", "--jwks-file", folder / "keys.json"]


DANGERS = [
    (["--audit-reads", "false"], "TELEHEALTH_AUDIT_READS", "--allow-unaudited-reads"),
    (["--rate-limits", "none"], "TELEHEALTH_RATE_LIMITS", "--allow-unlimited-calls"),
    (["--rate-limits", ""], None, None),
    (["--rate-limits", "client=50/200"], "admin, clinician, scheduler, service, refused, open", "--allow-unlimited-calls"),
    (["--recording-retention", "1s"], "TELEHEALTH_RECORDING_RETENTION", "--allow-short-retention"),
    (["--recording-retention", "23h"], "TELEHEALTH_RECORDING_RETENTION", "--allow-short-retention"),
    (["--monitoring-listen", "0.0.0.0:9464"], "TELEHEALTH_MONITORING_LISTEN", "--allow-open-monitoring"),
    (["--monitoring-listen", "127.example.com:9464"], "TELEHEALTH_MONITORING_LISTEN", "--allow-open-monitoring"),
]


@pytest.mark.parametrize("flags, named, allowance", [row for row in DANGERS if row[1]])
def test_what_is_dangerous_where_others_can_reach_it_is_asked_for_by_name(reachable, flags, named, allowance):
    said = daemon("--print-config", *reachable, *flags)
    assert said.returncode == 2 and named in said.stderr and allowance in said.stderr, said
    assert daemon("--print-config", *reachable, *flags, allowance).returncode == 0
    others = {row[2] for row in DANGERS if row[2]} - {allowance}
    assert daemon("--print-config", *reachable, *flags, *others).returncode == 2, "another allowance is none for this"
    if "MONITORING" not in named:
        assert daemon("--print-config", *flags).returncode == 0, "on one machine it is its owner's matter"


@pytest.mark.parametrize("more, why", [
    ([], "an issuer is configured"), (["--trusted-proxies", "127.0.0.1"], "a proxy forwards calls from elsewhere")])
def test_a_service_of_one_machine_that_others_use_has_the_same_dangers(reachable, more, why):
    """Whoever comes by a proxy comes from this machine, as far as a listener can tell."""
    local = ["--listen", "127.0.0.1:0", *reachable[reachable.index("--issuer"):], *more]
    said = daemon("--print-config", *local, "--audit-reads", "false")
    assert said.returncode == 2 and why in said.stderr and "--allow-unaudited-reads" in said.stderr, said
    assert daemon("--print-config", *local, "--audit-reads", "false", "--allow-unaudited-reads").returncode == 0


def test_defaults_are_no_danger(reachable):
    assert daemon("--print-config", *reachable).returncode == 0
    assert daemon("--print-config", *reachable, "--monitoring-listen", "[::1]:9464", "--recording-retention", "1d").returncode == 0
    assert daemon("--print-config", "--monitoring-listen", "0.0.0.0:9464").returncode == 2, "open is open, whoever serves beside it"


def test_a_name_that_looks_like_this_machines_address_is_another_machine():
    said = daemon("--print-config", "--listen", "127.example.com:50051")
    assert said.returncode == 2 and "TLS" in said.stderr, said


@pytest.mark.parametrize("limits", ["client=inf/200", "client=nan/200", "client=1e300/200", "client=1e-300/200", "client=50/inf", "client=50/1e300"])
def test_a_rate_that_is_no_rate_is_refused(limits):
    said = daemon("--print-config", "--rate-limits", limits)
    assert said.returncode == 2 and "RATE_LIMITS" in said.stderr, said


@pytest.mark.parametrize("document, told", [
    ({"targets": [{"name": "a", "url": "https://a.example", "secret_file": "s", "kind": ["STATUS_CHANGED"]}]}, "'kind'"),
    ({"target": []}, "'target'"),
])
def test_a_misspelled_word_in_the_webhooks_file_is_refused(tmp_path, document, told):
    path = tmp_path / "webhooks.json"
    path.write_text(json.dumps(document))
    said = daemon("--print-config", "--webhooks-file", path)
    assert said.returncode == 2 and told in said.stderr and str(path) in said.stderr, said


@pytest.mark.skipif(os.geteuid() != 0, reason="hiding /proc takes root")
@pytest.mark.parametrize("program, flag, code", [
    ("telehealthd", "--no-such-flag", 2), ("telehealth-probe", "--no-such-flag", 1), ("chime-simulator", "--no-such-flag", 64),
    ("rpc-bench", "--no-such-flag", 64), ("store-bench", "--no-such-flag", 2), ("telehealth-bench", "--no-such-flag", 64),
    ("visit-simulation", "--no-such-flag", 64), ("telehealthd", "--help", 0),
    ("telehealth-probe", "--help", 0),
])
def test_arguments_count_without_proc_as_well(program, flag, code):
    """A chroot or a bare container may have none; Swift looks for the arguments there."""
    said = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"', BIN / program, flag],
        capture_output=True, text=True, timeout=30)
    assert said.returncode == code and (flag in said.stderr if code else "usage" in said.stdout.lower()), said


def test_a_flag_without_its_value_is_named():
    said = daemon("--early-join")
    assert said.returncode == 2 and "--early-join: needs a value" in said.stderr


def test_a_data_folder_has_one_daemon(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator).start()
    second = daemon("--data-dir", service.data, "--listen", "127.0.0.1:0", **simulator.environment())
    assert second.returncode == 1 and "another process" in second.stderr, second
    with grpc.insecure_channel(service.address) as channel:
        Clinic(service, channel).book()
    assert service.stop() == 0


def test_a_file_that_is_no_socket_is_not_removed_for_one(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("kept")
    said = daemon("--listen", f"unix:{notes}", "--data-dir", tmp_path / "data")
    assert said.returncode != 0 and "notes.txt" in said.stderr, said
    assert notes.read_text() == "kept"


def test_an_abstract_socket_serves_official_clients_and_ours(tmp_path, simulator):
    name = f"telehealth-{os.getpid()}"
    service = Service(tmp_path / "data", simulator)
    service.address = f"unix:@{name}"
    service.start()
    assert not (tmp_path / f"@{name}").exists() and not os.path.exists(f"@{name}")
    with grpc.insecure_channel(f"unix-abstract:{name}") as channel:
        Clinic(service, channel).register_documents()
    for target in (f"unix:@{name}", f"unix-abstract:{name}"):
        probe = [BIN / "telehealth-probe", "health", "-t", target]
        assert subprocess.run(probe, capture_output=True, timeout=30).returncode == 0
    assert service.stop() == 0


def test_a_socket_path_as_authority_is_taken(tmp_path, simulator):
    """As clients send it that dial a unix socket themselves."""
    service = Service(tmp_path / "data", simulator)
    service.address = f"unix:{tmp_path / 'rpc.sock'}"
    service.start()
    for authority in (str(tmp_path / "rpc.sock"), "%2Frun%2Frpc.sock"):
        with grpc.insecure_channel(service.address, [("grpc.default_authority", authority)]) as channel:
            Clinic(service, channel).register_documents()
    assert service.stop() == 0


CONNECTION_SETTINGS = {
    "permitted-ping-interval": "7s", "keepalive-time": "33s", "keepalive-timeout": "11s", "max-connection-age": "41m",
    "max-connection-age-grace": "17s", "max-connection-idle": "19m", "max-streams-per-connection": "77",
    "max-request-bytes": "99999"}


def test_settings_of_connections_are_in_force(tmp_path, simulator):
    """The limits that the log names at the start are those that count."""
    flags = [part for name, value in CONNECTION_SETTINGS.items() for part in (f"--{name}", value)]
    service = Service(tmp_path / "data", simulator, flags=flags).start()
    assert service.stop() == 0
    log = [json.loads(line) for line in (tmp_path / "data" / "telehealthd.log").read_text().splitlines()]
    limits = next(entry for entry in log if entry.get("message") == "limits")
    shown = json.dumps(limits)
    wanted = {
        "transport.permitKeepaliveTime": "7.0 seconds", "transport.keepalive.time": "33.0 seconds",
        "transport.keepalive.timeout": "11.0 seconds", "transport.ageMax": "2460.0 seconds",
        "transport.ageGrace": "17.0 seconds", "transport.idleMax": "1140.0 seconds",
        "transport.http2.concurrentStreamsMax": "77", "maxRequestBytes": "99999"}
    for name, value in wanted.items():
        assert f'"{name}": "{value}"' in shown, (name, value, shown)


@pytest.mark.parametrize("flag, value", [
    ("permitted-ping-interval", "0s"), ("permitted-ping-interval", "3h"), ("keepalive-time", "500ms"),
    ("keepalive-timeout", "0s"), ("keepalive-timeout", "11m"), ("max-connection-age", "9s"),
    ("max-connection-age", "31d"), ("max-connection-age-grace", "0s"), ("max-connection-idle", "1s"),
    ("max-streams-per-connection", "0"), ("max-streams-per-connection", "10001"), ("max-request-bytes", "1000"),
    ("max-request-bytes", "99999999999")])
def test_settings_of_connections_out_of_range_are_refused_by_name(tmp_path, flag, value):
    said = daemon(f"--{flag}", value, "--data-dir", tmp_path / "data")
    assert said.returncode == 2 and flag.upper().replace("-", "_") in said.stderr and " from " in said.stderr, said


def test_a_unix_socket_is_its_owners_alone_and_outlives_a_kill(tmp_path, simulator):
    path = tmp_path / "socket"
    service = Service(tmp_path / "data", simulator)
    service.address = f"unix:{path}"
    for _ in range(2):
        service.start()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_ISSOCK(path.stat().st_mode)
        with grpc.insecure_channel(service.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            clinic = Clinic(service, channel)
            clinic.create_session(clinic.book())
        # Killed, it leaves the socket behind: the next start takes its place.
        service.kill()
        assert path.exists()
    service.start()
    assert service.stop() == 0
    assert not path.exists()


def test_the_data_folder_holds_nothing_that_others_may_read(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator, env={"TELEHEALTH_DATA_DIR": str(tmp_path / "own")})
    service.start()
    assert service.stop() == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent != service.data]
    assert any(path.name == "telehealth.db" for path in files) and any(path.suffix == ".keys" for path in files)
    assert {str(path): oct(path.stat().st_mode & 0o077) for path in files if path.stat().st_mode & 0o077 & ~0o044} == {}
    secret = [path for path in files if path.suffix in (".key", ".keys", ".db") or "key" in path.name]
    assert {str(path): oct(path.stat().st_mode) for path in secret if path.stat().st_mode & 0o077} == {}
