"""The tasks and outcomes that a batch and its workers exchange as JSON."""

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
    """The kind of a task."""

    ITEM = "item"
    """Process an item, or divide it if it is long."""
    SEGMENT = "segment"
    """Process some frames of a long video."""
    JOIN = "join"
    """Join the results of all segments."""


class Result(StrEnum):
    """How a task ended."""

    DONE = "done"
    PARTIAL = "partial"
    """The source ended early."""
    DIVIDED = "divided"
    """The item was divided into segments that are to be processed."""
    UNDIVIDED = "undivided"
    """The segments do not match; the item must be processed as a whole."""
    FAILED = "failed"
    NO_ROOM = "no room"
    """The output disk is full."""
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
    """Differences from the options of the batch."""
    num_segments: int = 1
    """How many segments a long video may be divided into."""
    segment: Mapping[str, Any] | None = None
    """A ``MeshSegment`` as a dict."""
    records: Sequence[str] = ()
    """Names of segment files: the one to write, or all those to join."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Task:
        return Task(**{**values, "kind": Kind(values["kind"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task ended, and its results."""

    result: Result
    frames: int = 0
    seconds: float = 0.0
    device: str = ""
    error: str = ""
    warnings: Sequence[str] = ()
    note: str = ""
    """Why a long video was not divided."""
    segments: Sequence[Mapping[str, Any]] = ()
    """The segments if it was divided, each a ``MeshSegment`` as a dict."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Outcome:
        return Outcome(**{**values, "result": Result(values["result"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The settings common to all tasks of a batch."""

    out: str
    """The output folder: an absolute path or a URL."""
    segments: str
    """The folder or URL where the results of segments are kept until they are joined."""
    options: MeshOptions
    min_segment_frames: int

    def as_dict(self) -> dict[str, Any]:
        options = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in dataclasses.asdict(self.options).items()
        }
        return {
            "version": __version__,
            "out": self.out,
            "segments": self.segments,
            "options": options,
            "min_segment_frames": self.min_segment_frames,
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> WorkerSettings:
        """Restore settings from ``as_dict`` of the same version."""
        options = dict(values["options"])
        options["formats"] = tuple(options["formats"])
        for name in ("weights", "detector_weights", "boxes"):
            options[name] = Path(options[name]) if options[name] else None
        return WorkerSettings(
            out=values["out"],
            segments=values["segments"],
            options=MeshOptions(**options),
            min_segment_frames=values["min_segment_frames"],
        )
