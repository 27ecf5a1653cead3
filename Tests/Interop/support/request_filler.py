"""Requests of every call, filled from descriptors, and what the service answers to them."""

import time
import uuid

import grpc

from visit import Clinic


def filled(message, things: dict[str, str]):
    """A request that asks for something sensible, with each id of a thing taken from `things`."""
    for field in message.DESCRIPTOR.fields:
        if field.name in things:
            setattr(message, field.name, things[field.name])
        elif field.containing_oneof and message.WhichOneof(field.containing_oneof.name):
            continue
        elif getattr(field, "is_repeated", None) or (not hasattr(field, "is_repeated") and field.label == field.LABEL_REPEATED):
            continue
        elif field.type == field.TYPE_MESSAGE:
            part = getattr(message, field.name)
            part.SetInParent()
            if field.message_type.name == "Timestamp":
                part.FromSeconds(int(time.time()) + 3600)
            elif field.message_type.name == "Duration":
                part.FromSeconds(2)
            else:
                filled(part, things)
        elif field.type == field.TYPE_ENUM:
            setattr(message, field.name, 1)
        elif field.type == field.TYPE_BOOL:
            setattr(message, field.name, True)
        elif field.type == field.TYPE_STRING and field.name not in ("page_token", "request_id"):
            setattr(message, field.name, {"language": "en-US", "type": "georgia_telehealth"}.get(field.name, "x-1"))
    return message


def answer(clinic: Clinic, method, request, who: str):
    """Everything that a caller is told."""
    if "request_id" in method.input_type.fields_by_name:
        request.request_id = str(uuid.uuid4())
    call = clinic.channel.unary_stream(
        f"/{method.containing_service.full_name}/{method.name}", request_serializer=lambda m: m.SerializeToString())
    stream = call(request, metadata=clinic.credentials(who), timeout=20)
    try:
        return "OK", next(iter(stream), b"")
    except grpc.RpcError as error:
        return error.code().name, error.details(), [pair for pair in error.trailing_metadata() if pair[0] != "date"]
    finally:
        stream.cancel()
