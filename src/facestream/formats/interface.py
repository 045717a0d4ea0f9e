"""The interface that the implementation of a format has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from facestream.formats.row_writer import RowWriter
from facestream.ssi.stream import SsiStream
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.recording import DetectionRecording, MeshRecording

__all__ = ["Content", "FormatFiles"]

Content = SsiStream | MeshRecording | DetectionRecording
"""What a file holds: the samples of any stream, or the results of a mesh or detection job."""


class FormatFiles(Protocol):
    """Reads and writes the files of one format. Contents are named in the words of ``facestream.formats.contents``."""

    @property
    def detection_mark(self) -> str:
        """What the name of a detection job's file ends in by default, before its extension: ``.blazeface``."""
        ...

    def stored_files(self, path: Path) -> tuple[Path, ...]:
        """Return all files behind one name: a stream has a second file for its samples."""
        ...

    def mesh_files(self, path: Path, num_faces: int) -> dict[Path, str]:
        """Return the files that hold so many faces per frame, and what each one holds; ``path`` is the first."""
        ...

    def detection_files(self, path: Path) -> dict[Path, str]:
        """Return the files that hold boxes and keypoints, and what each one holds; ``path`` is one of them."""
        ...

    def write_meshes(self, paths: Sequence[Path], *, num_faces: int, missing: str) -> RowWriter[FrameMeshes]:
        """Begin the files of a mesh job; ``missing`` is the option of this name."""
        ...

    def write_detections(self, paths: Sequence[Path], *, repeat_last: bool) -> RowWriter[FrameDetections]:
        """Begin the files of a detection job; ``repeat_last`` is the option of this name."""
        ...

    def write_samples(self, path: Path, stream: SsiStream) -> None:
        """Write the samples of any stream, together with its header."""
        ...

    def read(self, path: Path) -> Content:
        """Read a file.

        Raises:
            SourceError: it cannot be read.
        """
        ...

    def find_content(self, path: Path) -> str | None:
        """Return what a file holds; ``None`` if facestream did not write it.

        Raises:
            OSError: the file cannot be read.
            SourceError: it is damaged.
        """
        ...

    def is_marked_incomplete(self, path: Path) -> bool:
        """Whether a file says that its source broke off.

        Raises:
            SourceError: the file cannot be read.
        """
        ...

    def values_without_room(self, content: MeshRecording | DetectionRecording) -> str | None:
        """Return which values a recording would lose in this format, in words; ``None`` if none."""
        ...
