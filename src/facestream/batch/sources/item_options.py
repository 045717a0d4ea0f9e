"""The options of one item in a manifest: ``faces=2 rate=25`` or a JSON object."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from facestream.config import MeshOptions, Option, options_of
from facestream.errors import OptionError

__all__ = ["parse_item_options"]

ITEM_NAMES = (
    "detector",
    "formats",
    "rate_hz",
    "from_s",
    "to_s",
    "sequence_hz",
    "overlay",
    "engine",
    "precision",
    "num_faces",
    "min_score_thresh",
    "detect_every",
    "missing",
)
"""Options that can be set per item; the others apply to the whole batch."""

MAY_BE_NULL = tuple(option.name for option in fields(MeshOptions) if option.default is None)
"""Options that can be null, for example to turn off the rate of the batch."""

FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_item_options(text: str) -> dict[str, Any]:
    """Parse the options of an item, named as in ``MeshOptions`` or on the command line.

    Returns:
        The values under the names of ``MeshOptions``.

    Raises:
        OptionError: An option is unknown, or its value is invalid.
    """
    text = text.strip()
    known = {name: option for name, option in options_of(MeshOptions).items() if name in ITEM_NAMES}
    names = {_flag(name, option): name for name, option in known.items()} | {name: name for name in known}
    options: dict[str, Any] = {}
    for word, value in _split(text).items():
        name = names.get(word.replace("-", "_"))
        if name is None:
            raise OptionError(
                f"{word!r} is not an option for items; these are: {', '.join(_flag(*o) for o in known.items())}"
            )
        options[name] = _convert(name, known[name], value)
    checked = dict(options)
    if isinstance(options.get("formats"), list):
        checked["formats"] = tuple(options["formats"])
    MeshOptions(**checked)
    return options


def _split(text: str) -> Mapping[str, Any]:
    if text.startswith("{"):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise OptionError(f"the options {text!r:.80} are not valid JSON ({error})") from None
        return dict(values)
    try:
        words = shlex.split(text.replace(";", " "))
    except ValueError as error:
        raise OptionError(f"the options {text!r:.80} cannot be split into words ({error})") from None
    values = {}
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if not equals:
            raise OptionError(f"the option {word!r:.80} is not name=value, such as faces=2")
        values[name] = value
    return values


def _flag(name: str, option: Option) -> str:
    return (option.flag or name).removeprefix("--").replace("-", "_")


def _convert(name: str, option: Option, value: Any) -> Any:
    """Return a JSON value as it is, and convert text to the type of the option."""
    if value is None and name not in MAY_BE_NULL:
        raise OptionError(f"{name} must not be null; leave it out")
    if option.is_repeatable:
        return _words(name, value)
    if name == "overlay":
        word = str(value).lower()
        if word not in FLAGS:
            raise OptionError(f"{name} must be yes or no, not {value!r:.80}")
        return FLAGS[word]
    if not isinstance(value, str) or value == option.word or option.minimum is None or option.is_time:
        return value
    try:
        return int(value) if option.kind is int else float(value)
    except ValueError:
        raise OptionError(f"{name} must be a number, not {value!r:.80}") from None


def _words(name: str, value: Any) -> list[str]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise OptionError(f"{name} must be a list of words, not {value!r:.80}")
    return [word.strip() for word in words]
