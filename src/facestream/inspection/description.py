"""The interface of all descriptions: facts for people, and JSON keys for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Description", "Fact", "plain", "shown"]

Fact = tuple[str, str]
"""A name of at most 12 characters, and one line of text."""

MAX_CHARACTERS = 200
"""The length at which file metadata is cut in a line for people."""

MAX_VALUES = 100


class Description(Protocol):
    """The content of a file or folder."""

    def facts(self) -> list[Fact]:
        """Return the facts for people, in order."""
        ...

    def as_json(self) -> Mapping[str, Any]:
        """Return the JSON object for programs: ``kind`` and ``file`` first; every number is finite."""
        ...


def plain(value: Any) -> Any:
    """Reduce file metadata to what JSON can hold: strings, finite numbers and flat lists of them.

    Everything else, such as NaN, becomes ``None``.
    """
    if isinstance(value, list | tuple):
        return [plain(part) if not isinstance(part, list | tuple) else None for part in value[:MAX_VALUES]]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int) else None


def shown(value: Any) -> str:
    """Format file metadata as short text for people."""
    value = plain(value)
    if isinstance(value, list):
        text = ", ".join(shown(part) for part in value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "..."
