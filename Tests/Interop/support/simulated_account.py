"""A chime-simulator of a test's own, with boto3 clients signed for it; time is its virtual clock.

The clock is frozen, and moves by /_simulator/clock/advance alone.
"""

import json
import os
import pathlib
import subprocess
import urllib.request
import uuid

import boto3
import botocore.config
import botocore.exceptions
import pytest

BUCKET = "telehealth-recordings"
REGION = "us-east-1"
SEND_RECEIVE = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}


class Simulator:
    """One running simulator, with clients that are signed for it."""

    def __init__(self, *options):
        binary = pathlib.Path(os.environ.get("TELEHEALTH_BIN_DIR", pathlib.Path(__file__).parents[3] / ".build/release")) / "chime-simulator"
        self.process = subprocess.Popen([str(binary), *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, "the simulator ended before it was ready"
        self.ready = json.loads(line)
        self.url = "http://" + self.ready["address"]
        self.meetings = self.client("chime-sdk-meetings")
        self.pipelines = self.client("chime-sdk-media-pipelines")
        self.s3 = self.client("s3")

    def client(self, service, region=REGION, attempts=1, **credentials):
        settings = {
            "aws_access_key_id": self.ready["accessKeyId"],
            "aws_secret_access_key": self.ready["secretAccessKey"],
        }
        settings.update(credentials)
        config = botocore.config.Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            s3={"addressing_style": "path"},
            proxies={},
            signature_version="s3v4" if service == "s3" else None,
        )
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, config=config, **settings
        )

    def admin(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/_simulator/" + path, data=data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def advance(self, seconds):
        self.admin("clock/advance", {"seconds": seconds})

    def events(self, meeting_id):
        events = [entry["event"] for entry in self.admin("events?limit=10000")["events"]]
        return [e["detail"]["eventType"] for e in events if e["detail"].get("meetingId") == meeting_id]

    def meeting(self, **changes):
        unique = uuid.uuid4().hex
        order = {"ClientRequestToken": "t-" + unique, "ExternalMeetingId": "m-" + unique, "MediaRegion": REGION}
        order.update(changes)
        return self.meetings.create_meeting(**order)["Meeting"]

    def attendee(self, meeting, user="p-1", **changes):
        return self.meetings.create_attendee(
            MeetingId=meeting["MeetingId"], ExternalUserId=user, **changes
        )["Attendee"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def start(*options):
    simulator = Simulator(*options)
    simulator.admin("clock/freeze", {})
    return simulator


@pytest.fixture(scope="module")
def simulator():
    running = start("--no-throttle")
    yield running
    assert running.stop() == 0, "the simulator did not end cleanly on SIGTERM"


@pytest.fixture()
def silent():
    """A simulator whose attendees join only when a test says so, and whose rates are AWS's."""
    running = start("--no-auto-join")
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def no_faults_left(request):
    yield
    if "simulator" in request.fixturenames:
        request.getfixturevalue("simulator").admin("faults", method="DELETE")


def fails(call, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call()
    response = raised.value.response
    assert response["Error"]["Code"] == code, response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    return response
