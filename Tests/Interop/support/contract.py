"""What proto/ promises of every call and every reason, read from descriptors, and what is not as promised."""

import dataclasses
import functools
import importlib
import re

import grpc
from google.protobuf import empty_pb2, unknown_fields
from google.rpc import error_details_pb2, status_pb2

import proxies
from service import ROOT

DOMAIN = "telehealth.v1"
# Reasons that no caller can bring about on purpose, with the Swift tests that do.
ELSEWHERE = {
    "CALL_CANCELLED": ("TelehealthEngineTests/RequestTests.swift", ".callCancelled"),  # its caller has gone
    "VERSION_CONFLICT": ("TelehealthEngineTests/RequestTests.swift", ".versionConflict"),
    "WATCH_LAGGING": ("TelehealthEngineTests/SessionWatchTests.swift", ".watchLagging"),
    "STORE_FULL": ("TelehealthRulesTests/TelehealthErrorTests.swift", ".storeFull"),  # a full disk: DeviceFaultTests fills one
    "STORE_OVERLOADED": ("TelehealthRulesTests/TelehealthErrorTests.swift", ".storeOverloaded"),
    "STORE_UNAVAILABLE": ("TelehealthRulesTests/TelehealthErrorTests.swift", ".storeUnavailable"),
}


@dataclasses.dataclass(frozen=True)
class Reason:
    word: str
    code: grpc.StatusCode
    scope: str
    always: frozenset[str]
    sometimes: frozenset[str]
    # Names of the messages that come with ErrorInfo.
    details: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Call:
    path: str
    roles: frozenset[str]
    open: bool
    standing: str
    emergency: bool
    reasons: frozenset[str]
    method: object  # its descriptor

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]


@dataclasses.dataclass
class Details:
    """What an error says beyond its code."""

    code: grpc.StatusCode
    word: str = ""
    domain: str = ""
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    names: list[str] = dataclasses.field(default_factory=list)
    fields: list[str] = dataclasses.field(default_factory=list)
    missing: list = dataclasses.field(default_factory=list)


def details(error) -> Details:
    """Of a grpc.RpcError or a call that ended, read as any foreign client would."""
    found = Details(error.code())
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        status = status_pb2.Status.FromString(value)
        assert status.code == found.code.value[0], "grpc-status and google.rpc.Status disagree"
        for detail in status.details:
            name = detail.type_url.rsplit("/", 1)[1]
            found.names.append(name.rsplit(".", 1)[1])
            if name == "google.rpc.ErrorInfo":
                info = error_details_pb2.ErrorInfo.FromString(detail.value)
                found.word, found.domain, found.metadata = info.reason, info.domain, dict(info.metadata)
            elif name == "google.rpc.BadRequest":
                bad = error_details_pb2.BadRequest.FromString(detail.value)
                found.fields += [violation.field for violation in bad.field_violations]
            elif name == "telehealth.v1.MissingConsentDetail":
                from telehealth.v1 import errors_pb2

                found.missing += errors_pb2.MissingConsentDetail.FromString(detail.value).missing
    return found


@dataclasses.dataclass
class Contract:
    calls: dict[str, Call]
    reasons: dict[str, Reason]

    def faults(self, path: str, found: Details) -> list[str]:
        """What of an error is not as promised; an error that something else than the service made up is none of ours."""
        if found.domain != DOMAIN:
            return []
        promised, call = self.reasons.get(found.word), self.calls.get(path)
        if promised is None:
            return [f"{found.word} is not a reason"]
        wrong = []
        if found.code != promised.code:
            wrong.append(f"code {found.code.name} instead of {promised.code.name}")
        if absent := promised.always - found.metadata.keys():
            wrong.append(f"metadata lacks {sorted(absent)}")
        if extra := found.metadata.keys() - promised.always - promised.sometimes:
            wrong.append(f"metadata has {sorted(extra)}")
        if sorted(found.names) != sorted({"ErrorInfo"} | promised.details):
            wrong.append(f"details are {found.names}")
        if "BadRequest" in promised.details and not found.fields:
            wrong.append("BadRequest names no field")
        # Reflection and health have no contract; what every call may answer is theirs too.
        if call is None:
            if promised.scope != "EVERY_CALL":
                wrong.append("is not a reason of every call")
        else:
            if promised.scope != "EVERY_CALL" and found.word not in call.reasons:
                wrong.append("is not among the call's reasons")
            wrong += [f"{field!r} is not a field of the request" for field in found.fields
                      if not resolves(field, call.method.input_type)]
        return [f"{path.rsplit('/', 1)[1]}: {found.word} {each}" for each in wrong]


def resolves(path: str, message) -> bool:
    """Whether a path such as `submission.purposes[2]` leads to a field, or to a oneof at its end."""
    for part in path.split("."):
        match = re.fullmatch(r"(\w+)(\[(?:\d+|\"[^\"]*\"|true|false)\])?", part)
        if message is None or not match:
            return False
        field = message.fields_by_name.get(match[1])
        if field is None:
            if match[1] not in message.oneofs_by_name or match[2]:
                return False
            message = None
            continue
        if match[2] and not repeated(field):
            return False
        message = field.message_type
    return True


def repeated(field) -> bool:
    known = getattr(field, "is_repeated", None)
    return known if known is not None else field.label == field.LABEL_REPEATED


def methods():
    for path in sorted((ROOT / "proto/telehealth/v1").glob("*.proto")):
        module = importlib.import_module(f"telehealth.v1.{path.stem}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


@functools.cache
def contract() -> Contract:
    from telehealth.v1 import call_contract_pb2 as c
    from telehealth.v1 import errors_pb2 as e

    reasons = {}
    for value in e.ErrorReason.DESCRIPTOR.values:
        if not value.GetOptions().HasExtension(e.reason):
            assert value.number == 0, f"{value.name} has no contract"
            continue
        option, word = value.GetOptions().Extensions[e.reason], value.name.removeprefix("ERROR_REASON_")
        flags = {"BadRequest": option.bad_request, "RetryInfo": option.retry_info,
                 "MissingConsentDetail": option.missing_consent, "SessionStateDetail": option.session_state}
        reasons[word] = Reason(
            word, grpc.StatusCode[e.StatusCode.Name(option.code).removeprefix("STATUS_CODE_")],
            e.ReasonScope.Name(option.scope).removeprefix("REASON_SCOPE_"), frozenset(option.metadata),
            frozenset(option.metadata_sometimes), frozenset(name for name, there in flags.items() if there))
    calls = {}
    for method in methods():
        assert method.GetOptions().HasExtension(c.call), f"{method.full_name} has no contract"
        option, fields = method.GetOptions().Extensions[c.call], method.input_type.fields_by_name
        words = {e.ErrorReason.Name(number).removeprefix("ERROR_REASON_") for number in option.reasons}
        for reason in reasons.values():
            if (reason.scope == "REQUEST_ID" and "request_id" in fields
                    or reason.scope == "PAGE_TOKEN" and "page_token" in fields
                    or reason.scope == "EMERGENCY" and option.emergency):
                words.add(reason.word)
        path = f"/{method.containing_service.full_name}/{method.name}"
        calls[path] = Call(
            path, frozenset(c.CallerRole.Name(role).removeprefix("CALLER_ROLE_").lower() for role in option.roles),
            option.open, c.CallStanding.Name(option.standing).removeprefix("CALL_STANDING_"), option.emergency,
            frozenset(words), method)
    return Contract(calls, reasons)


# The number of every buf.validate extension.
BUF_VALIDATE = 1159


def rules(options) -> list:
    """The unknown fields of the buf.validate rules in some options, whether their extension is known here or not."""
    plain = empty_pb2.Empty.FromString(options.SerializeToString())
    return [part for rule in unknown_fields.UnknownFieldSet(plain) if rule.field_number == BUF_VALIDATE
            for part in unknown_fields.UnknownFieldSet(empty_pb2.Empty.FromString(rule.data))]


def is_required(field) -> bool:
    """`(buf.validate.field).required`."""
    return any(part.field_number == 25 and part.data for part in rules(field.GetOptions()))


def required(message, prefix: str = ""):
    """The paths of fields that must be there, in messages that are there, and of oneofs of which one must."""
    for oneof in message.oneofs:
        if any(part.field_number == 1 and part.data for part in rules(oneof.GetOptions())):
            yield prefix + oneof.name
    for field in message.fields:
        if is_required(field):
            yield prefix + field.name
        if field.message_type and not repeated(field) and field.message_type.full_name.startswith(DOMAIN):
            yield from required(field.message_type, f"{prefix}{field.name}.")


class Observer:
    """Holds every error that any test meets against the contract."""

    def __init__(self):
        self.seen: set[str] = set()
        # What a whole run has to meet.
        self.wanted: set[str] = set()
        self.faults: list[str] = []

    def note(self, target: str, path: str, ended) -> None:
        if ended.code() in (None, grpc.StatusCode.OK):
            return
        if ended.code() is grpc.StatusCode.CANCELLED and target.rsplit(":", 1)[-1] in proxies.RESETTING:
            return  # The trailers came, and behind them a reset, which the client believes.
        found = details(ended)
        self.faults += contract().faults(path, found)
        if found.domain == DOMAIN:
            self.seen.add(found.word)

    def watch(self, target: str) -> "ObservedCalls":
        """For a channel to that address."""
        return ObservedCalls(self, target)


class ObservedCalls(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def __init__(self, observer: Observer, target: str):
        self.observer, self.target = observer, target

    def watched(self, continuation, call, request):
        ended = continuation(call, request)
        path = call.method.decode() if isinstance(call.method, bytes) else call.method
        ended.add_done_callback(lambda done: self.observer.note(self.target, path, done))
        return ended

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = watched
