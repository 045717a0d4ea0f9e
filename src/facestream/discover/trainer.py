"""Parse ``.trainer`` files: the name, inputs and outputs of a module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree

from facestream.errors import TrainerError

__all__ = ["MAX_BYTES", "Trainer", "TrainerIo", "TrainerUri", "parse_trainer", "read_trainer"]

MAX_BYTES = 1_000_000
"""Real trainer files have a few kilobytes."""

TRUE_WORDS = ("True", "true", "1")

MILLISECONDS = re.compile(r"(\d{1,15})(?:ms)?", re.ASCII)
SECONDS = re.compile(r"(\d{1,12})s|(\d{0,12}\.\d+|\d{1,12}\.)s?", re.ASCII)
"""The most digits of a time. Python refuses very long numbers, and rounding infinity."""


@dataclass(frozen=True, slots=True)
class TrainerIo:
    """An input or output of a module."""

    direction: str
    """``input`` or ``output``."""
    id: str
    data: str
    """``super[:sub[:specific]]`` as written."""
    default_value: str
    default_active: bool


@dataclass(frozen=True, slots=True)
class TrainerUri:
    """A file that a module would download. facestream never does."""

    id: str
    url: str
    hash: str
    is_tar: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
    """The contents of a trainer file."""

    is_trained: bool
    left_context_ms: int
    right_context_ms: int
    frame_step_ms: int
    balance: str
    backend: str
    description: str
    category: str
    is_iterable: bool
    enables_post_process: bool
    ios: tuple[TrainerIo, ...]
    uris: tuple[TrainerUri, ...]
    register: tuple[Mapping[str, str], ...]
    streams: tuple[Mapping[str, str], ...]
    classes: tuple[Mapping[str, str], ...]
    users: tuple[Mapping[str, str], ...]
    create: str
    """The name of the module's class, by which its processor is found."""
    script: str
    """The script, which is never run."""
    option_string: str
    option_path: str
    weights_path: str
    stream: str
    is_multi_role: bool

    def ios_of(self, direction: str) -> tuple[TrainerIo, ...]:
        return tuple(io for io in self.ios if io.direction == direction)


def read_trainer(path: Path) -> Trainer:
    """Read a trainer file.

    Raises:
        TrainerError: it is missing, too large, no trainer, or without what every trainer has.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TrainerError(f"{path}: the trainer cannot be read ({error.strerror or error})") from error
    return parse_trainer(content, str(path))


def parse_trainer(content: bytes, name: str) -> Trainer:
    """Parse the contents of a trainer file; error messages begin with ``name``.

    Raises:
        TrainerError: too large, no trainer, or without what every trainer has.
    """
    if len(content) > MAX_BYTES:
        raise TrainerError(f"{name}: more than {MAX_BYTES // 1000} kB, which no trainer has")
    try:
        root = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError, LookupError, defusedxml.DefusedXmlException) as error:
        raise TrainerError(f"{name}: not a trainer ({type(error).__name__}: {error})") from error
    if root.tag != "trainer":
        raise TrainerError(f"{name}: not a trainer: the root is <{root.tag[:80]}>, not <trainer>")
    try:
        return _read_trainer(root)
    except ValueError as error:
        raise TrainerError(f"{name}: {error}") from None


def milliseconds(text: str | None) -> int:
    """Parse a time in DISCOVER's format: ``40`` and ``40ms`` are milliseconds, ``2s`` and ``0.5`` are seconds.

    Raises:
        ValueError: it is not a time.
    """
    if text is None:
        return 0
    if match := MILLISECONDS.fullmatch(text.strip()):
        return int(match[1])
    if match := SECONDS.fullmatch(text.strip()):
        return round(float(match[1] or match[2]) * 1000)
    raise ValueError(f"{text[:40]!r} is not a time; expected one such as 100ms, 2s or 0.5")


def _read_trainer(root: Element) -> Trainer:
    info, meta, model = (_attributes(root, tag) for tag in ("info", "meta", "model"))
    if not model.get("script"):
        raise ValueError('the trainer has no "script" in its <model>')
    return Trainer(
        is_trained=_flag(info, "trained", default=False),
        left_context_ms=milliseconds(meta.get("leftContext")),
        right_context_ms=milliseconds(meta.get("rightContext")),
        frame_step_ms=milliseconds(meta.get("frameStep")),
        balance=meta.get("balance", "none"),
        backend=meta.get("backend", "unknown"),
        description=meta.get("description", ""),
        category=meta.get("category", ""),
        is_iterable=_flag(meta, "is_iterable", default=False),
        enables_post_process=_flag(meta, "enable_post_process", default=True),
        ios=tuple(_read_io(element) for element in root.iterfind("meta/io")),
        uris=tuple(
            TrainerUri(
                element.get("id", ""), element.get("url", ""), element.get("hash", ""), element.get("tar") in TRUE_WORDS
            )
            for element in root.iterfind("meta/uri")
        ),
        register=_children(root, "register"),
        streams=_children(root, "streams"),
        classes=_children(root, "classes"),
        users=_children(root, "users"),
        create=model.get("create", "PythonModel"),
        script=model["script"],
        option_string=model.get("optstr", ""),
        option_path=model.get("option", ""),
        weights_path=model.get("path", ""),
        stream=model.get("stream", "0"),
        is_multi_role=_flag(model, "multi_role_input", default=False),
    )


def _read_io(element: Element) -> TrainerIo:
    values = element.attrib
    for key in ("type", "id", "data"):
        if not values.get(key):
            raise ValueError(f"an <io> has no {key}")
    return TrainerIo(
        values["type"].lower(),
        values["id"],
        values["data"],
        values.get("default_value", ""),
        _flag(values, "default_active", default=True),
    )


def _attributes(root: Element, tag: str) -> Mapping[str, str]:
    element = root.find(tag)
    return {} if element is None else element.attrib


def _children(root: Element, tag: str) -> tuple[Mapping[str, str], ...]:
    element = root.find(tag)
    return () if element is None else tuple(dict(child.attrib) for child in element)


def _flag(values: Mapping[str, Any], name: str, *, default: bool) -> bool:
    return default if name not in values else values[name] in TRUE_WORDS
