"""The JSON messages between a process and its worker, one object per line."""

from __future__ import annotations

import json
from typing import IO, Any

__all__ = ["read_message", "write_message"]


def write_message(file: IO[bytes], kind: str, **values: Any) -> None:
    """Send a message. Surrogates of undecodable names are sent as escapes.

    Raises:
        OSError: the other end has closed.
    """
    file.write(json.dumps({"kind": kind, **values}).encode("ascii") + b"\n")
    file.flush()


def read_message(file: IO[bytes]) -> dict[str, Any] | None:
    """Read the next message; ``None`` when the other end has closed."""
    line = file.readline()
    if not line.endswith(b"\n"):
        return None
    message: dict[str, Any] = json.loads(line)
    return message
