"""What the formats have in common that keep all results of a job in one file."""

from __future__ import annotations

from pathlib import Path

from facestream.formats.contents import DETECTIONS, MESHES
from facestream.tables.recording import DetectionRecording, MeshRecording

__all__ = ["OneFile"]


class OneFile:
    """A format with one file per job and room for every value."""

    detection_mark = ".blazeface"

    def stored_files(self, path: Path) -> tuple[Path, ...]:
        return (path,)

    def mesh_files(self, path: Path, num_faces: int) -> dict[Path, str]:
        return {path: MESHES}

    def detection_files(self, path: Path) -> dict[Path, str]:
        return {path: DETECTIONS}

    def values_without_room(self, content: MeshRecording | DetectionRecording) -> str | None:
        return None
