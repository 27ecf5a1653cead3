"""What the descriptors promise about making a call again: `idempotency_level`, read as any foreign client reads it."""

from google.protobuf.descriptor_pb2 import MethodOptions

from contract import methods

#: What reads and yet may not be made again, or by others, as if nothing had happened, each with the reason why.
NOT_PROMISED = {
    "GetRecordingPlaybackUrl": "makes a URL that plays the recording, and each one is audited",
}


def has_no_side_effects(method) -> bool:
    return method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS


def test_what_takes_a_request_id_changes_something():
    promised = [method.name for method in methods() if has_no_side_effects(method)]
    assert promised
    changing = {method.name for method in methods() if "request_id" in method.input_type.fields_by_name}
    assert changing & set(promised) == set()


def test_what_makes_credentials_or_counts_as_presence_is_no_mere_read():
    for method in methods():
        if method.name in ("JoinSession", "Heartbeat", "WatchSession", "RedeemInvitation", *NOT_PROMISED):
            assert not has_no_side_effects(method), method.name


def test_every_read_of_a_service_that_promises_for_reads_promises_or_says_why_not():
    services = {method.containing_service.name for method in methods() if has_no_side_effects(method)}
    assert len(services) >= 3
    silent = {method.name for method in methods() if method.containing_service.name in services
              and method.name.startswith(("Get", "List")) and not has_no_side_effects(method)}
    assert silent == set(NOT_PROMISED)
