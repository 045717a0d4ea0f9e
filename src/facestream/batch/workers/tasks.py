"""What a batch asks of a worker, and what the worker answers; both travel as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from facestream.config import MeshOptions
from facestream.version import __version__

__all__ = ["Kind", "Outcome", "Result", "Task", "WorkerSettings"]


class Kind(StrEnum):
    """Of a task."""

    ITEM = "item"
    """The whole of an item, or its division where it is long."""
    PART = "part"
    """Some frames of a long video."""
    JOIN = "join"
    """The results of all parts."""


class Result(StrEnum):
    """How a task ended."""

    DONE = "done"
    PARTIAL = "partial"
    """The source broke off."""
    DIVIDED = "divided"
    """There are parts to do."""
    UNDIVIDED = "undivided"
    """The parts do not fit; the item must be done as a whole."""
    FAILED = "failed"
    NO_ROOM = "no room"
    """The disk of the results is full."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one item."""

    kind: Kind
    item: int
    """Its number in the journal."""
    source: str
    output: str
    boxes: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the batch's options."""
    num_parts: int = 1
    """How many parts a long video may be divided into."""
    part: Mapping[str, Any] | None = None
    """A ``MeshPart``."""
    records: Sequence[str] = ()
    """The names of the files of parts: of one to write, or of all to join."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Task:
        return Task(**{**values, "kind": Kind(values["kind"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task ended, and what it found."""

    result: Result
    frames: int = 0
    seconds: float = 0.0
    device: str = ""
    error: str = ""
    warnings: Sequence[str] = ()
    note: str = ""
    """Why a long video was not divided."""
    parts: Sequence[Mapping[str, Any]] = ()
    """Where it was: each a ``MeshPart``."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Outcome:
        return Outcome(**{**values, "result": Result(values["result"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What all tasks of a batch have in common."""

    out: str
    """The output folder: an absolute path or an address."""
    parts: str
    """Where the results of parts lie until they are joined."""
    options: MeshOptions
    min_part_frames: int

    def as_dict(self) -> dict[str, Any]:
        options = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in dataclasses.asdict(self.options).items()
        }
        return {
            "version": __version__,
            "out": self.out,
            "parts": self.parts,
            "options": options,
            "min_part_frames": self.min_part_frames,
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> WorkerSettings:
        """What ``as_dict`` of the same version gave."""
        options = dict(values["options"])
        options["formats"] = tuple(options["formats"])
        for name in ("weights", "detector_weights", "boxes"):
            options[name] = Path(options[name]) if options[name] else None
        return WorkerSettings(
            out=values["out"],
            parts=values["parts"],
            options=MeshOptions(**options),
            min_part_frames=values["min_part_frames"],
        )
