"""The options of a module, as JSON or in the older form ``name=value;name=value``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from facestream.errors import RequestError

__all__ = ["flag_of", "number_of", "parse_module_options"]

WORDS = {"True": True, "False": False, "None": None}
TRUE_WORDS = ("true", "1")
FALSE_WORDS = ("false", "0")


def parse_module_options(options: str | None, opt_str: str | None) -> dict[str, Any]:
    """The JSON object ``options``, or, where there is none, what ``optStr`` says.

    Raises:
        RequestError: neither can be understood.
    """
    if options:
        try:
            values = json.loads(options)
        except (ValueError, RecursionError) as error:
            raise RequestError(f"options is no JSON ({error}); wanted is an object of names and values") from error
        if isinstance(values, Mapping):
            return dict(values)
        if values is not None:
            raise RequestError(f"options is a JSON {type(values).__name__}, where an object was wanted")
    return _parse_opt_str(opt_str or "")


def number_of(options: Mapping[str, Any], name: str, default: float) -> float:
    """A number; where it is absent or ``None``, the default.

    Raises:
        RequestError: something else.
    """
    value = options.get(name)
    if value is None or value == "":
        return default
    with suppress(ValueError, TypeError):
        if not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    raise RequestError(f"option {name} is {value!r:.80}, where a number was wanted")


def flag_of(options: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Yes or no, as JSON or in words; where it is absent or ``None``, the default.

    Raises:
        RequestError: something else.
    """
    value = options.get(name)
    if value is None or value == "":
        return default
    word = str(value).lower()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise RequestError(f"option {name} is {value!r:.80}, where true or false was wanted")


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
