"""What NOVA sends: .NET's multipart forms, whose part names are not quoted and whose boundary is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["BOUNDARY", "EMPTY_FORM", "HEADERS", "nova_form", "process_fields"]

BOUNDARY = "3b2f0a4e-6b1b-4a25-9a3d-5d1c0f6b7a11"
HEADERS = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}

EMPTY_FORM = f"--{BOUNDARY}\r\n\r\n--{BOUNDARY}--\r\n".encode()
"""Formally malformed; NOVA opens its window with it."""


def nova_form(fields: Mapping[str, str]) -> bytes:
    parts = (
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    return "".join([*(f"--{BOUNDARY}\r\n{part}" for part in parts), f"--{BOUNDARY}--\r\n"]).encode()


def process_fields(key: str, entries: list[dict[str, Any]], **more: str) -> dict[str, str]:
    """The fields in NOVA's order, for the facemesh module."""
    return {
        "jobID": key,
        "trainerFilePath": "facemesh/facemesh.trainer",
        "dbHost": "10.0.0.5",
        "dbPort": "27017",
        "dbUser": "u",
        "dbPassword": "p",
        "leftContext": "0",
        "rightContext": "0",
        "frameSize": "0",
        "data": json.dumps(entries),
        "options": '{"batch_size":250}',
        "force": "False",
        **more,
    }
