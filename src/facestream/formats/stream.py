"""The format ``stream``: SSI streams, one for each face, or one of boxes and one of keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facestream.formats.contents import BOX_STREAM, KEYPOINT_STREAM, MESH_STREAM, stream_content
from facestream.formats.row_writer import RowWriter
from facestream.ssi.detection_streams import DetectionStreamWriter
from facestream.ssi.header import data_path, read_header
from facestream.ssi.mesh_streams import MeshStreamWriter
from facestream.ssi.stream import SsiStream, read_stream, write_stream
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.recording import DetectionRecording, MeshRecording

__all__ = ["BOX_MARK", "FILES", "KEYPOINT_MARK", "MESH_MARK", "detection_streams", "mesh_streams"]

MESH_MARK, BOX_MARK, KEYPOINT_MARK = ".facemesh", ".boundingbox", ".keypoints"

OWN_BEGINNING = b'<?xml version="1.0" ?>\n<stream ssi-v="2">\n    <info ftype="BINARY" sr="'
"""How our headers begin. Other programs that write streams use other white space."""


def mesh_streams(path: Path, num_faces: int) -> tuple[Path, ...]:
    """Return one stream for each face; ``path`` is that of the first."""
    mark = MESH_MARK if path.stem.endswith(MESH_MARK) else ""
    stem = path.stem.removesuffix(mark)
    more = (path.with_name(f"{stem}.face{face}{mark}.stream") for face in range(2, num_faces + 1))
    return (path, *more)


def detection_streams(path: Path) -> tuple[Path, Path]:
    """Return the streams of boxes and of keypoints; ``path`` is that of the boxes unless its name says keypoints."""
    if path.stem.endswith(KEYPOINT_MARK):
        return path.with_name(f"{path.stem.removesuffix(KEYPOINT_MARK)}{BOX_MARK}.stream"), path
    return path, path.with_name(f"{path.stem.removesuffix(BOX_MARK)}{KEYPOINT_MARK}.stream")


class _Streams:
    detection_mark = BOX_MARK

    def stored_files(self, path: Path) -> tuple[Path, ...]:
        return path, data_path(path)

    def mesh_files(self, path: Path, num_faces: int) -> dict[Path, str]:
        return dict.fromkeys(mesh_streams(path, num_faces), MESH_STREAM)

    def detection_files(self, path: Path) -> dict[Path, str]:
        return dict(zip(detection_streams(path), (BOX_STREAM, KEYPOINT_STREAM), strict=True))

    def write_meshes(self, paths: Sequence[Path], *, num_faces: int, missing: str) -> RowWriter[FrameMeshes]:
        return MeshStreamWriter(tuple(paths), missing)

    def write_detections(self, paths: Sequence[Path], *, repeat_last: bool) -> RowWriter[FrameDetections]:
        return DetectionStreamWriter(*paths, repeat_last=repeat_last)

    def write_samples(self, path: Path, stream: SsiStream) -> None:
        write_stream(path, stream.data, stream.rate_hz, media_type=stream.media_type, meta=stream.meta)

    def read(self, path: Path) -> SsiStream:
        return read_stream(path)

    def find_content(self, path: Path) -> str | None:
        with path.open("rb") as file:
            if file.read(len(OWN_BEGINNING)) != OWN_BEGINNING:
                return None
        header = read_header(path)
        return stream_content(header.media_type, header.dim)

    def is_marked_incomplete(self, path: Path) -> bool:
        return read_stream(path).meta.get("complete") == "false"

    def values_without_room(self, content: MeshRecording | DetectionRecording) -> str | None:
        is_of_meshes = isinstance(content, MeshRecording)
        return f"{'z, scores, boxes, keypoints' if is_of_meshes else 'sizes'} and single timestamps"


FILES = _Streams()
