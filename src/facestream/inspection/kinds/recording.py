"""Description of an archive or table written by a job: meshes, or boxes and keypoints, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.config import DetectOptions, MeshOptions
from facestream.inspection.columns import share_fact
from facestream.inspection.description import Fact, plain, shown
from facestream.inspection.frame_tally import FrameTally
from facestream.inspection.value_range import Tally, ValueRange, range_facts, ranges_as_json
from facestream.media.clock import format_rate
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.recording import DetectionRecording, MeshRecording

__all__ = ["RecordingDescription", "describe_recording"]

BLOCK_ROWS = 64

MADE = ("source", "version", "device", "engine", "precision")
"""The metadata shown of how a file was made, under the file's own names."""


@dataclass(frozen=True, slots=True)
class RecordingDescription:
    """Rows of a mesh or detection job, and how they were made."""

    path: Path
    kind: str
    """``meshes`` or ``boxes``."""
    form: str
    """``npz`` or ``csv``."""
    rate_hz: float
    frames: FrameTally
    num_rows_by_face: tuple[int, ...]
    """Number of rows with a first face, with a second face, and so on."""
    ranges: Mapping[str, ValueRange]
    """In pixels, over all faces."""
    meta: Mapping[str, Any]
    """The file's metadata on how it was made."""
    changed_options: Mapping[str, Any]
    """The options that differ from the defaults."""

    @property
    def complete(self) -> bool:
        return self.meta.get("complete") is not False

    def facts(self) -> list[Fact]:
        num_faces = len(self.num_rows_by_face)
        content = "face meshes" if self.kind == "meshes" else "boxes and keypoints"
        room = f" for up to {num_faces} faces" if num_faces > 1 else ""
        num_rows = self.frames.num_rows
        facts = [
            ("file", str(self.path)),
            ("content", f"{content} ({self.form})"),
            ("rows", f"{num_rows}{room}"),
            *self.frames.facts(),
            ("rate", f"{format_rate(self.rate_hz)} Hz"),
            *((name, shown(self.meta[name])) for name in MADE if name in self.meta),
            ("options", ", ".join(f"{name} {shown(value)}" for name, value in self.changed_options.items())),
            ("complete", "yes" if self.complete else f"no: {shown(self.meta.get('reason'))}"),
        ]
        for face, count in enumerate(self.num_rows_by_face, 1):
            facts.append(share_fact(count, num_rows, "face" if num_faces == 1 else f"face {face}"))
        facts += range_facts(self.ranges)
        return [(name, value or "defaults") for name, value in facts]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "file": str(self.path),
            "format": self.form,
            "rows": self.frames.num_rows,
            "faces": len(self.num_rows_by_face),
            **self.frames.as_json(),
            "rate_hz": self.rate_hz,
            **{name: plain(self.meta.get(name)) for name in MADE},
            "options": {name: plain(value) for name, value in self.changed_options.items()},
            "complete": self.complete,
            "reason": plain(self.meta.get("reason")),
            "rows_with_face": self.num_rows_by_face[0],
            "rows_by_face": list(self.num_rows_by_face),
            "ranges": ranges_as_json(self.ranges),
        }


def describe_recording(path: Path, form: str, recording: MeshRecording | DetectionRecording) -> RecordingDescription:
    """Describe a recording, reading all rows once, with the memory of one block of rows.

    Raises:
        SourceError: A row is damaged.
    """
    of_meshes = isinstance(recording, MeshRecording)
    tallies: dict[str, Tally] = {}
    frames, num_rows_by_face = FrameTally(), [0] * recording.num_faces
    found: Iterator[FrameMeshes | FrameDetections] = iter(recording.rows)
    while rows := list(islice(found, BLOCK_ROWS)):
        for row in rows:
            frames.add(row)
            for face in range(len(row)):
                num_rows_by_face[face] += 1
        for name, values in _columns(rows).items():
            tallies.setdefault(name, Tally()).add(values)
    return RecordingDescription(
        path=path,
        kind="meshes" if of_meshes else "boxes",
        form=form,
        rate_hz=float(recording.rate_hz),
        frames=frames,
        num_rows_by_face=tuple(num_rows_by_face),
        ranges={name: tally.result() for name, tally in tallies.items()},
        meta=recording.meta,
        changed_options=_changed_options(recording.meta, MeshOptions if of_meshes else DetectOptions),
    )


def _columns(rows: Sequence[FrameMeshes | FrameDetections]) -> dict[str, npt.NDArray[Any]]:
    """Gather the numbers of several rows; each kind becomes one row."""
    values: dict[str, list[npt.NDArray[Any]]] = {}
    for row in rows:
        if isinstance(row, FrameMeshes):
            meshes = row.meshes
            parts = {name: meshes.landmarks[:, :, axis] for axis, name in enumerate("xyz")}
            parts |= {"confidence": meshes.presence, "score": meshes.scores}
        else:
            boxes, keypoints = row.detections.boxes, row.detections.keypoints
            parts = {name: boxes[:, side] for side, name in enumerate(("left", "top", "right", "bottom"))}
            parts |= {"keypoints x": keypoints[:, :, 0], "keypoints y": keypoints[:, :, 1]}
            parts["score"] = row.detections.scores
        for name, numbers in parts.items():
            values.setdefault(name, []).append(np.ravel(numbers))
    return {name: np.concatenate(numbers)[None] for name, numbers in values.items()}


def _changed_options(meta: Mapping[str, Any], options_class: type) -> dict[str, Any]:
    """Return the options stored in a file, except for defaults and the file's own format."""
    options = meta.get("options")
    if not isinstance(options, dict):
        return {}
    defaults = {option.name: option.default for option in fields(options_class)}
    return {
        name: value for name, value in options.items() if name != "formats" and defaults.get(name, MISSING) != value
    }
