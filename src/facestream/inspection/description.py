"""What a description of anything has in common with the others: facts for people, and keys for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Description", "Fact", "plain", "shown"]

Fact = tuple[str, str]
"""A name of at most 12 characters, and one line."""

MAX_CHARACTERS = 200
"""Of what a file says of itself, in a line for people."""

MAX_VALUES = 100


class Description(Protocol):
    """What a file or folder holds."""

    def facts(self) -> list[Fact]:
        """For people, in order."""
        ...

    def as_json(self) -> Mapping[str, Any]:
        """For programs: ``kind`` and ``file`` first; every number is finite."""
        ...


def plain(value: Any) -> Any:
    """What a file says of itself as JSON has it: words, finite numbers, and flat lists of them.

    ``None`` stands for everything else, such as NaN.
    """
    if isinstance(value, list | tuple):
        return [plain(part) if not isinstance(part, list | tuple) else None for part in value[:MAX_VALUES]]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int) else None


def shown(value: Any) -> str:
    """The same as a few words for people."""
    value = plain(value)
    if isinstance(value, list):
        text = ", ".join(shown(part) for part in value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "..."
