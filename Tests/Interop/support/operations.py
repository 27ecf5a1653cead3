"""What an operator reads: metrics and outbound operations."""

import re
import urllib.error
import urllib.request

from service import Service


def operations(clinic):
    from telehealth.v1 import operations_service_pb2_grpc

    return operations_service_pb2_grpc.OperationsServiceStub(clinic.channel)


def get(service: Service, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{service.ready['monitoring']}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(text: str, name: str, **labels: str) -> float:
    found = 0.0
    for line in text.splitlines():
        match = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            found += float(match[2])
    return found
