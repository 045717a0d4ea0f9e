"""Store the meshes of a segment exactly, until all segments of a video are joined.

The file is one line of JSON, then for each frame a record ``FRAME`` and as many records ``FACE`` as it has faces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from facestream.errors import OutputError, SourceError
from facestream.storage.staging import StagedFile
from facestream.structures import FaceMeshes, FrameMeshes
from facestream.topology import NUM_LANDMARKS

__all__ = ["MeshRecordWriter", "read_facts", "read_mesh_records"]

FRAME = np.dtype([("index", "<i8"), ("timestamp_s", "<f8"), ("size", "<i4", 2), ("rows", "<i8"), ("faces", "<i4")])
FACE = np.dtype(
    [
        ("landmarks", "<f8", (NUM_LANDMARKS, 3)),
        ("presence", "<f8"),
        ("scores", "<f8"),
        ("boxes", "<f8", 4),
        ("keypoints", "<f8", (6, 2)),
    ]
)
MAX_FACTS_BYTES = 1 << 20


class MeshRecordWriter:
    """Writes records under a hidden name. Leaving the ``with`` block without ``commit`` removes them."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        """``facts`` describe all frames together.

        Raises:
            OutputError: the folder cannot be written to.
        """
        self._staged = StagedFile(path)
        self._write(json.dumps(facts).encode("ascii") + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._staged.discard()

    def write(self, result: FrameMeshes, num_rows: int) -> None:
        """Append the meshes of the next frame with the number of its rows.

        Raises:
            OutputError: the disk is full, or something else of that kind.
        """
        meshes = result.meshes
        frame = np.array((result.index, result.timestamp_s, result.size, num_rows, len(result)), dtype=FRAME)
        faces = np.empty(len(result), dtype=FACE)
        for name in FACE.names or ():
            faces[name] = getattr(meshes, name)
        self._write(frame.tobytes() + faces.tobytes())

    def commit(self) -> None:
        """Rename the complete file to its final name.

        Raises:
            OutputError: it cannot be completed.
        """
        self._staged.finish()
        self._staged.commit()

    def _write(self, data: bytes) -> None:
        try:
            self._staged.file.write(data)
        except OSError as error:
            raise OutputError(f"{self._staged.path}: cannot be written ({error.strerror or error})") from error


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts about all frames together.

    Raises:
        SourceError: the file is missing or damaged.
    """
    with _open(path) as file:
        return _read_facts(path, file)


def read_mesh_records(path: Path) -> Iterator[tuple[FrameMeshes, int]]:
    """Iterate over the meshes of each frame and the number of its rows, as they were written.

    Raises:
        SourceError: the file is missing or damaged.
    """
    with _open(path) as file:
        _read_facts(path, file)
        while data := file.read(FRAME.itemsize):
            if len(data) < FRAME.itemsize:
                raise _damaged(path)
            frame = np.frombuffer(data, dtype=FRAME)[0]
            num_faces = int(frame["faces"])
            data = file.read(num_faces * FACE.itemsize)
            if len(data) < num_faces * FACE.itemsize:
                raise _damaged(path)
            faces = np.frombuffer(data, dtype=FACE)
            width, height = frame["size"].tolist()
            meshes = FaceMeshes(size=(width, height), **{name: faces[name] for name in FACE.names or ()})
            yield FrameMeshes(int(frame["index"]), float(frame["timestamp_s"]), meshes), int(frame["rows"])


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb", 1 << 20)
    except OSError as error:
        raise SourceError(f"{path}: a part of the result cannot be read ({error.strerror or error})") from error


def _read_facts(path: Path, file: BinaryIO) -> dict[str, Any]:
    line = file.readline(MAX_FACTS_BYTES)
    try:
        facts = json.loads(line)
    except ValueError:
        raise _damaged(path) from None
    if not line.endswith(b"\n") or not isinstance(facts, dict):
        raise _damaged(path)
    return facts


def _damaged(path: Path) -> SourceError:
    return SourceError(f"{path}: a part of the result is damaged; remove it and start the run again")
