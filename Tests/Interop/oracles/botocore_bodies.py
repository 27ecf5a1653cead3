"""Prints, one JSON object per line, what botocore would send for the calls that the gateway's tests make.

Nothing is sent: a before-send hook takes the request. Order and arguments mirror WireShapeTests.swift.
"""

import json
from urllib.parse import parse_qsl, urlsplit

import botocore.awsrequest
import botocore.session

MEETING = "1b66e8c7-16a0-436c-8c11-dd1fbfe42713"
ATTENDEE = "dd636aef-cfa9-5401-f5ac-b4457bcfca60"
PIPELINE = "1a0ce85f-0f1c-4a4f-9a37-0d6a4b8f7c11"
MEETING_ARN = f"arn:aws:chime:us-east-1:111122223333:meeting/{MEETING}"
PIPELINE_ARN = f"arn:aws:chime:us-east-1:111122223333:media-pipeline/{PIPELINE}"
ALL = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}
LISTEN = {"Audio": "Receive", "Video": "Receive", "Content": "None"}
FEATURES = {
    "Audio": {"EchoReduction": "AVAILABLE"},
    "Video": {"MaxResolution": "HD"},
    "Content": {"MaxResolution": "FHD"},
    "Attendee": {"MaxCount": 8},
}
CREATION = {
    "ClientRequestToken": "s-01-g1",
    "MediaRegion": "us-east-1",
    "ExternalMeetingId": "s-01-g1",
    "MeetingFeatures": FEATURES,
}
STATES = {"Audio": "Enabled", "Video": "Disabled", "Content": "Disabled", "DataChannel": "Disabled",
          "TranscriptionMessages": "Disabled", "MeetingEvents": "Enabled", "CompositedVideo": "Disabled"}

CALLS = [
    ("chime-sdk-meetings", "CreateMeeting", CREATION),
    ("chime-sdk-meetings", "CreateMeetingWithAttendees", CREATION | {
        "Attendees": [{"ExternalUserId": "p-1", "Capabilities": ALL}, {"ExternalUserId": "p-2", "Capabilities": LISTEN}]}),
    ("chime-sdk-meetings", "GetMeeting", {"MeetingId": MEETING}),
    ("chime-sdk-meetings", "DeleteMeeting", {"MeetingId": MEETING}),
    ("chime-sdk-meetings", "CreateAttendee", {"MeetingId": MEETING, "ExternalUserId": "p-1", "Capabilities": ALL}),
    ("chime-sdk-meetings", "GetAttendee", {"MeetingId": MEETING, "AttendeeId": ATTENDEE}),
    ("chime-sdk-meetings", "ListAttendees", {"MeetingId": MEETING, "MaxResults": 100}),
    ("chime-sdk-meetings", "DeleteAttendee", {"MeetingId": MEETING, "AttendeeId": ATTENDEE}),
    ("chime-sdk-meetings", "UpdateAttendeeCapabilities", {"MeetingId": MEETING, "AttendeeId": ATTENDEE, "Capabilities": LISTEN}),
    ("chime-sdk-media-pipelines", "CreateMediaCapturePipeline", {
        "SourceType": "ChimeSdkMeeting", "SourceArn": MEETING_ARN, "SinkType": "S3Bucket",
        "SinkArn": "arn:aws:s3:::visits/rec/1", "ClientRequestToken": "rec-1",
        "ChimeSdkMeetingConfiguration": {"ArtifactsConfiguration": {
            "Audio": {"MuxType": "AudioWithCompositedVideo"}, "Video": {"State": "Disabled"}, "Content": {"State": "Disabled"},
            "CompositedVideo": {"Layout": "GridView", "Resolution": "HD",
                                "GridViewConfiguration": {"ContentShareLayout": "PresenterOnly"}}}},
        "SseAwsKeyManagementParams": {"AwsKmsKeyId": "alias/rec"}, "SinkIamRoleArn": "arn:aws:iam::111122223333:role/sink"}),
    ("chime-sdk-media-pipelines", "GetMediaCapturePipeline", {"MediaPipelineId": PIPELINE}),
    ("chime-sdk-media-pipelines", "ListMediaCapturePipelines", {"MaxResults": 99}),
    ("chime-sdk-media-pipelines", "DeleteMediaCapturePipeline", {"MediaPipelineId": PIPELINE}),
    ("chime-sdk-media-pipelines", "CreateMediaConcatenationPipeline", {
        "Sources": [{"Type": "MediaCapturePipeline", "MediaCapturePipelineSourceConfiguration": {
            "MediaPipelineArn": PIPELINE_ARN,
            "ChimeSdkMeetingConfiguration": {"ArtifactsConfiguration": {k: {"State": v} for k, v in STATES.items()}}}}],
        "Sinks": [{"Type": "S3Bucket", "S3BucketSinkConfiguration": {"Destination": "arn:aws:s3:::visits/rec/1"}}],
        "ClientRequestToken": "cat-1"}),
    ("chime-sdk-media-pipelines", "GetMediaPipeline", {"MediaPipelineId": PIPELINE}),
    ("s3", "HeadObject", {"Bucket": "visits", "Key": "rec/1/audio/x.mp4", "ChecksumMode": "ENABLED"}),
]


def main():
    session = botocore.session.get_session()
    session.set_credentials("AKIDEXAMPLE", "secret", "token")
    for service, operation, arguments in CALLS:
        client = session.create_client(service, region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
        taken = []

        def hook(request, **_):
            taken.append(request)
            return botocore.awsrequest.AWSResponse(request.url, 200, {}, _Raw())

        client.meta.events.register("before-send", hook)
        client._make_api_call(operation, arguments)
        request = taken[0]
        parts = urlsplit(request.url)
        headers = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        authorization = headers["authorization"]
        print(json.dumps({
            "operation": operation,
            "method": request.method,
            "path": parts.path,
            "query": sorted([k, v] for k, v in parse_qsl(parts.query, keep_blank_values=True)),
            "body": request.body.decode() if request.body else "",
            "content_type": headers.get("content-type"),
            "scope": authorization.split("Credential=")[1].split(",")[0].split("/", 2)[2],
            "signed_headers": authorization.split("SignedHeaders=")[1].split(",")[0],
        }))


class _Raw:
    def stream(self, **_):
        return iter(())

    def read(self, *_):
        return b""


if __name__ == "__main__":
    main()
