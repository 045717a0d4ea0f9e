"""Parse the options of a module, as JSON or in the older form ``name=value;name=value``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from facestream.config import options_of
from facestream.errors import RequestError
from facestream.formats.catalog import FORMAT_NAMES

__all__ = ["MAX_FACES", "flag_of", "formats_of", "number_of", "own_options", "parse_module_options"]

MAX_FACES = 20
"""The most faces per frame in a job; each has its own file."""

OWN_NAMES = ("detector", "detect_every", "missing", "rate_hz", "from_s", "to_s", "sequence_hz")
"""Options that are passed on to facestream's jobs unchanged."""

WORDS = {"True": True, "False": False, "None": None}
TRUE_WORDS = ("true", "1")
FALSE_WORDS = ("false", "0")


def parse_module_options(options: str | None, opt_str: str | None) -> dict[str, Any]:
    """Parse the JSON object ``options``, or ``optStr`` if there is none.

    Raises:
        RequestError: neither can be understood.
    """
    if options:
        try:
            values = json.loads(options)
        except (ValueError, RecursionError) as error:
            raise RequestError(
                f"options is not valid JSON ({error}); expected an object of names and values"
            ) from error
        if isinstance(values, Mapping):
            return dict(values)
        if values is not None:
            raise RequestError(f"options is a JSON {type(values).__name__}, where an object was expected")
    return _parse_opt_str(opt_str or "")


def number_of(options: Mapping[str, Any], name: str, default: float) -> float:
    """Return an option as a number, or the default if it is absent or ``None``.

    Raises:
        RequestError: something else.
    """
    value = options.get(name)
    if value is None or value == "":
        return default
    with suppress(ValueError, TypeError, OverflowError):
        if not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    raise RequestError(f"option {name} is {value!r:.80}, where a number was expected")


def flag_of(options: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Return an option as true or false, or the default if it is absent or ``None``.

    Raises:
        RequestError: something else.
    """
    value = options.get(name)
    if value is None or value == "":
        return default
    word = str(value).lower()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise RequestError(f"option {name} is {value!r:.80}, where true or false was expected")


def own_options(options: Mapping[str, Any], options_class: type) -> dict[str, Any]:
    """Return the options of facestream's own jobs, beyond those of DISCOVER's modules.

    Raises:
        RequestError: they cannot be understood.
    """
    names = options_of(options_class)
    own = {name: options[name] for name in OWN_NAMES if name in names and options.get(name) is not None}
    if "num_faces" in names:
        own["num_faces"] = round(number_of(options, "num_faces", 1))
        if own["num_faces"] > MAX_FACES:
            raise RequestError(f"option num_faces is {own['num_faces']}, where at most {MAX_FACES} are allowed")
    # A request may not choose the path of an overlay.
    own["overlay"] = flag_of(options, "overlay", default=False)
    return own


def formats_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the formats to write, always including streams.

    Raises:
        RequestError: others than there are.
    """
    asked = options.get("formats") or []
    if not isinstance(asked, list) or not all(name in FORMAT_NAMES for name in asked):
        raise RequestError(f"option formats is {asked!r:.80}, where a list of {', '.join(FORMAT_NAMES)} was expected")
    return tuple(dict.fromkeys(("stream", *asked)))


def _parse_opt_str(text: str) -> dict[str, Any]:
    values = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = entry.partition("=")
        if not equals or not name.strip():
            raise RequestError(f"optStr: {entry[:80]!r} is no name=value")
        values[name.strip()] = _typed(value.strip())
    return values


def _typed(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text
