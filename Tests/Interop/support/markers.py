"""Plants a unique marker in every field that the API's data classes call personal, and searches what is left behind."""

import base64
import secrets
from pathlib import Path

PSEUDONYM, PERSONAL, SECRET = 3, 4, 5


def data_class(field) -> int:
    from telehealth.v1 import data_class_pb2

    return field.GetOptions().Extensions[data_class_pb2.data_class]


def is_repeated(field) -> bool:
    repeated = getattr(field, "is_repeated", None)
    return repeated if repeated is not None else field.label == field.LABEL_REPEATED


class Markers:
    """Markers by the field that carries each. Short and of the alphabet of ids, so that every limit lets them pass."""

    def __init__(self):
        self.run = secrets.token_hex(4)
        self.planted: dict[str, str] = {}
        # What every field accepts: these must look like what they are.
        self.kept = {"location_state"}

    def mark(self, field: str) -> str:
        number = f"{len(self.planted):03d}"
        text = f"{int(self.run, 16):010d}{number}" if "phone" in field else f"mk{self.run}x{number}"
        return self.planted.setdefault(field, text)

    def plant(self, message, into_ids: bool = False):
        """Fills every personal text of a request, at any depth; ids of people only when asked, since they must fit."""
        for field in message.DESCRIPTOR.fields:
            level = data_class(field)
            if field.type == field.TYPE_MESSAGE:
                if field.message_type.full_name.startswith("telehealth.v1.") and not is_repeated(field) \
                        and message.HasField(field.name):
                    self.plant(getattr(message, field.name), into_ids)
            elif field.type == field.TYPE_STRING and not is_repeated(field) and field.name not in self.kept:
                if level == PERSONAL or (level == PSEUDONYM and into_ids):
                    setattr(message, field.name, self.mark(f"{message.DESCRIPTOR.full_name}.{field.name}"))
        return message

    def found_in(self, data: bytes) -> list[str]:
        """Which of them stand there: as they are, or as base64 at any offset, which JSON and metadata may carry."""
        return [name for name, mark in self.planted.items() if any(form in data for form in forms(mark.encode()))]


def forms(mark: bytes) -> list[bytes]:
    """A text and what its base64 has in common wherever in a longer text it begins."""
    found = [mark]
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + mark).rstrip(b"=")
        # The first letters hold bits of what came before, the last ones of what comes after.
        found.append(encoded[(0, 2, 3)[shift]:len(encoded) - 1])
    return found


def every_request():
    """The request type of every method of the package."""
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.Default()
    from telehealth.v1 import appointment_service_pb2, consent_service_pb2, telehealth_service_pb2  # registers them

    files = {module.DESCRIPTOR.name: module.DESCRIPTOR for module in
             (appointment_service_pb2, consent_service_pb2, telehealth_service_pb2)}
    root = Path(__file__).resolve().parents[3] / "proto"
    for path in sorted((root / "telehealth/v1").glob("*_service.proto")):
        name = str(path.relative_to(root))
        __import__(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        files[name] = pool.FindFileByName(name)
    for file in files.values():
        for service in file.services_by_name.values():
            for method in service.methods:
                yield service, method, message_factory.GetMessageClass(method.input_type)


def fill(message, markers: Markers):
    """A request with everything in it: markers wherever a person may stand, and submessages made."""
    for field in message.DESCRIPTOR.fields:
        if field.type == field.TYPE_MESSAGE and field.message_type.full_name.startswith("telehealth.v1."):
            if not is_repeated(field):
                fill(getattr(message, field.name), markers)
                getattr(message, field.name).SetInParent()
        elif field.type == field.TYPE_STRING and not is_repeated(field):
            if data_class(field) >= PSEUDONYM:
                setattr(message, field.name, markers.mark(f"{message.DESCRIPTOR.full_name}.{field.name}"))
    return message
