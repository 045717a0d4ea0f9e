"""Parse the ``data`` of a request: one description for each input or output of a job."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from facestream.discover.requests.data_source import DataSource, parse_source
from facestream.errors import RequestError

__all__ = ["Description", "fill_template", "parse_descriptions"]

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

TEXTS = ("id", "type", "src", "uri", "uri_template", "name", "role", "scheme", "annotator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An input or output of a job. Empty fields are ``None``."""

    id: str | None
    direction: str
    """``input``, ``output``, or any other text of the request."""
    source: DataSource
    uri: str | None = None
    uri_template: str | None = None
    """Takes precedence over ``uri``; may contain ``{dataset}`` and ``{session}``."""
    name: str | None = None
    scheme: str | None = None
    """The scheme of an annotation."""
    role: str | None = None
    data: Any = None
    """Data inside the request."""
    is_active: bool = True
    """Whether it is written."""

    @property
    def word(self) -> str:
        """Return ``input``, ``output``, or otherwise ``entry``, for messages without text of the request."""
        return self.direction if self.direction in ("input", "output") else "entry"


def parse_descriptions(text: str) -> list[Description]:
    """Parse the JSON list of descriptions.

    Raises:
        RequestError: it is not such a list, or an entry is invalid.
    """
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"data is not valid JSON ({error}); expected a list of descriptions") from error
    if not isinstance(entries, list) or not entries:
        raise RequestError("data must be a JSON list with at least one description")
    return [_parse_description(entry, place) for place, entry in enumerate(entries)]


def fill_template(template: str, dataset: str | None, session: str | None) -> str:
    """Fill in a ``uri_template`` for one session.

    Raises:
        RequestError: a placeholder that is unknown, or whose value is not known.
    """
    values = {"dataset": dataset, "session": session}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise RequestError(
                f"uri_template {template[:200]!r}: {match[0][:40]} is unknown; known are {{dataset}} and {{session}}"
            )
        value = values[name]
        if not value:
            raise RequestError(f"uri_template {template[:200]!r} needs the {name}, which the request does not give")
        return value

    return PLACEHOLDER.sub(fill, template)


def _parse_description(entry: object, place: int) -> Description:
    if not isinstance(entry, Mapping):
        raise RequestError(f"data[{place}] is {type(entry).__name__}, where a JSON object was expected")
    texts = {name: _text(entry, name, place) for name in TEXTS}
    if texts["src"] is None:
        raise RequestError(f'data[{place}] has no "src"; it says where the data lies, such as "file:stream:video"')
    try:
        source = parse_source(texts["src"])
    except RequestError as error:
        raise RequestError(f"data[{place}]: {error}") from None
    return Description(
        id=texts["id"],
        direction=(texts["type"] or "").lower(),
        source=source,
        uri=texts["uri"],
        uri_template=texts["uri_template"],
        name=texts["name"],
        scheme=texts["scheme"],
        role=texts["role"],
        data=entry.get("data"),
        is_active=bool(entry.get("active", True)),
    )


def _text(entry: Mapping[str, Any], name: str, place: int) -> str | None:
    """Return an optional text value; empty text counts as absent."""
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f'data[{place}]: "{name}" is {type(value).__name__}, where text was expected')
    return value or None
