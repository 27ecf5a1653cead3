"""Where settings come from, what starts at all, and what two daemons may not share."""

import json
import os
import stat
import subprocess

import grpc
import pytest

from service import BIN, Service
from visit import Clinic


def daemon(*flags, **environment) -> subprocess.CompletedProcess:
    """Ends by itself: with what it prints, or because it refuses to start."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("TELEHEALTH_", "AWS_"))}
    return subprocess.run(
        [BIN / "telehealthd", *map(str, flags)], env={**bare, **environment}, capture_output=True, text=True, timeout=30)


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
    (["--issuer", "https://login.clinic.example"], ["ISSUER", "key set"]),
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
