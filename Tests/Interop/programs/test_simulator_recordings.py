"""Drives chime-simulator with boto3, the SDK whose service models AWS itself publishes.

Captures, their files and the bucket they lie in.

    TELEHEALTH_BIN_DIR=.build/debug python3 -m pytest --noconftest Tests/Interop/test_simulator_recordings.py
"""

import urllib.error
import urllib.request
import uuid

import pytest

from simulated_account import BUCKET, fails, no_faults_left, simulator  # noqa: F401 (fixtures)


def capture_order(meeting, token, **changes):
    order = {
        "SourceType": "ChimeSdkMeeting", "SourceArn": meeting["MeetingArn"], "SinkType": "S3Bucket",
        "SinkArn": f"arn:aws:s3:::{BUCKET}/captures/1", "ClientRequestToken": token,
        "ChimeSdkMeetingConfiguration": {
            "ArtifactsConfiguration": {
                "Audio": {"MuxType": "AudioWithCompositedVideo"}, "Video": {"State": "Disabled"},
                "Content": {"State": "Disabled"},
                "CompositedVideo": {
                    "Layout": "GridView", "Resolution": "HD",
                    "GridViewConfiguration": {"ContentShareLayout": "PresenterOnly"},
                },
            }
        },
    }
    order.update(changes)
    return order


def concatenation_order(capture, token, destination="recordings/1"):
    off = {"State": "Disabled"}
    artifacts = {
        "Audio": {"State": "Enabled"}, "Video": off, "Content": off, "DataChannel": off,
        "TranscriptionMessages": off, "MeetingEvents": {"State": "Enabled"}, "CompositedVideo": off,
    }
    return {
        "Sources": [{
            "Type": "MediaCapturePipeline",
            "MediaCapturePipelineSourceConfiguration": {
                "MediaPipelineArn": capture["MediaPipelineArn"],
                "ChimeSdkMeetingConfiguration": {"ArtifactsConfiguration": artifacts},
            },
        }],
        "Sinks": [{
            "Type": "S3Bucket",
            "S3BucketSinkConfiguration": {"Destination": f"arn:aws:s3:::{BUCKET}/{destination}"},
        }],
        "ClientRequestToken": token,
    }


def test_a_recording_runs_from_capture_to_a_playable_object(simulator):
    meeting = simulator.meeting()
    simulator.attendee(meeting)
    pipelines, unique = simulator.pipelines, uuid.uuid4().hex

    def status(pipeline):
        found = pipelines.get_media_pipeline(MediaPipelineId=pipeline["MediaPipelineId"])["MediaPipeline"]
        return next(iter(found.values()))["Status"]

    capture = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))["MediaCapturePipeline"]
    assert capture["Status"] == "Initializing"
    assert capture["CreatedTimestamp"].tzinfo is not None
    repeated = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))
    assert repeated["MediaCapturePipeline"]["MediaPipelineId"] == capture["MediaPipelineId"]
    fails(
        lambda: pipelines.create_media_capture_pipeline(**capture_order(meeting, "other-" + unique)),
        "ResourceLimitExceededException", 400)
    simulator.advance(1)
    assert status(capture) == "InProgress"
    listed = pipelines.list_media_capture_pipelines()["MediaCapturePipelines"]
    assert capture["MediaPipelineId"] in [p["MediaPipelineId"] for p in listed]

    order = concatenation_order(capture, "k-" + unique, "recordings/" + unique)
    concatenation = pipelines.create_media_concatenation_pipeline(**order)["MediaConcatenationPipeline"]
    simulator.advance(3600)
    assert status(concatenation) == "Initializing", "a concatenation waits for the end of its capture"

    pipelines.delete_media_capture_pipeline(MediaPipelineId=capture["MediaPipelineId"])
    assert status(capture) == "Stopping"
    fails(
        lambda: pipelines.delete_media_pipeline(MediaPipelineId=capture["MediaPipelineId"]),
        "ConflictException", 409)
    simulator.advance(1)
    assert (status(capture), status(concatenation)) == ("Stopped", "InProgress")
    key = f"recordings/{unique}/audio/{concatenation['MediaPipelineId']}.mp4"
    fails(lambda: simulator.s3.head_object(Bucket=BUCKET, Key=key), "404", 404)
    simulator.advance(1)
    assert status(concatenation) == "Stopped"

    head = simulator.s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"] == "video/mp4" and head["ContentLength"] > 0
    content = simulator.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(content) == head["ContentLength"] and content[4:8] == b"ftyp"
    part = simulator.s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=4-7")
    assert part["Body"].read() == b"ftyp" and part["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_pipelines_stop_with_their_meeting(simulator):
    meeting = simulator.meeting()
    capture = simulator.pipelines.create_media_capture_pipeline(
        **capture_order(meeting, "c-" + uuid.uuid4().hex))["MediaCapturePipeline"]
    simulator.advance(2)
    simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"])
    simulator.advance(2)
    found = simulator.pipelines.get_media_capture_pipeline(MediaPipelineId=capture["MediaPipelineId"])
    assert found["MediaCapturePipeline"]["Status"] == "Stopped"
    fails(
        lambda: simulator.pipelines.create_media_capture_pipeline(**capture_order(meeting, "late")),
        "BadRequestException", 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"SinkArn": "arn:aws:s3:::another-bucket/x"},
        {"SourceArn": "arn:aws:chime:us-east-1:111122223333:meeting/" + str(uuid.uuid4())},
        {"SinkIamRoleArn": "arn:aws:iam::111122223333:role/sink"},
        {"SseAwsKeyManagementParams": {"AwsKmsKeyId": "alias/rec"}},
    ],
)
def test_a_capture_with_a_bad_field_is_refused(simulator, changes):
    meeting = simulator.meeting()
    order = capture_order(meeting, "c-" + uuid.uuid4().hex, **changes)
    fails(lambda: simulator.pipelines.create_media_capture_pipeline(**order), "BadRequestException", 400)


def recorded(simulator):
    """Records a meeting to its end; returns the key of the object."""
    meeting, unique = simulator.meeting(), uuid.uuid4().hex
    pipelines = simulator.pipelines
    capture = pipelines.create_media_capture_pipeline(**capture_order(meeting, "c-" + unique))["MediaCapturePipeline"]
    simulator.advance(2)
    simulator.meetings.delete_meeting(MeetingId=meeting["MeetingId"])
    simulator.advance(2)
    order = concatenation_order(capture, "k-" + unique, "r/" + unique)
    made = pipelines.create_media_concatenation_pipeline(**order)["MediaConcatenationPipeline"]
    simulator.advance(4)
    return f"r/{unique}/audio/{made['MediaPipelineId']}.mp4"


def http_get(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
        return response.headers, response.read()


def test_a_presigned_url_plays_and_a_changed_one_does_not(simulator):
    key = recorded(simulator)
    url = simulator.s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": 'attachment; filename="visit 1.mp4"'},
        ExpiresIn=600)
    headers, content = http_get(url)
    assert headers["Content-Disposition"] == 'attachment; filename="visit 1.mp4"'
    assert content[4:8] == b"ftyp"
    for spoiled in [url.replace("X-Amz-Expires=600", "X-Amz-Expires=601"), url.split("?")[0]]:
        with pytest.raises(urllib.error.HTTPError) as raised:
            http_get(spoiled)
        assert raised.value.code == 403


def test_a_session_token_is_part_of_a_presigned_url(simulator):
    key = recorded(simulator)
    s3 = simulator.client("s3", aws_session_token="a/session+token=")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=60)
    assert http_get(url)[1][4:8] == b"ftyp"
    meetings = simulator.client("chime-sdk-meetings", aws_session_token="a/session+token=")
    fails(lambda: meetings.get_meeting(MeetingId=str(uuid.uuid4())), "NotFoundException", 404)


def test_the_bucket_answers_as_s3_does(simulator):
    fails(lambda: simulator.s3.get_object(Bucket=BUCKET, Key="no/such key.mp4"), "NoSuchKey", 404)
    fails(lambda: simulator.s3.get_object(Bucket="another-bucket", Key="k"), "NoSuchBucket", 404)
    key = recorded(simulator)
    simulator.s3.delete_object(Bucket=BUCKET, Key=key)
    fails(lambda: simulator.s3.head_object(Bucket=BUCKET, Key=key), "404", 404)
