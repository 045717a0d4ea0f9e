"""The use case: a stream, archive or table as another of these."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from facestream.config import FORMATS
from facestream.errors import OptionError, OutputError
from facestream.media.clock import FrameClock
from facestream.ssi.detection_streams import DetectionStreamWriter
from facestream.ssi.header import data_path
from facestream.ssi.mesh_streams import MeshStreamWriter
from facestream.ssi.pair import settle_folder
from facestream.ssi.stream import SsiStream, read_stream, write_stream
from facestream.storage.staging import check_folder
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.archive import read_archive, read_meta
from facestream.tables.contents import (
    BOX_STREAM,
    DETECTIONS,
    KEYPOINT_STREAM,
    MESH_STREAM,
    MESHES,
    stream_content,
)
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS, DetectionCsvWriter, read_detection_csv
from facestream.tables.detection_npz import DetectionNpzWriter, read_detection_npz
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS, MeshCsvWriter, read_mesh_csv
from facestream.tables.mesh_npz import MeshNpzWriter, read_mesh_npz
from facestream.tables.recording import DetectionRecording, MeshRecording, Recording
from facestream.tables.row_writer import RowWriter
from facestream.tables.sample_files import read_sample_csv, read_sample_npz, write_sample_csv, write_sample_npz
from facestream.tables.table import Table
from facestream.use_cases.outputs.naming import check_name, detection_streams, mesh_streams
from facestream.use_cases.outputs.replacing import check_place

__all__ = ["convert"]

_log = logging.getLogger(__name__)

Result = TypeVar("Result", bound=FrameMeshes | FrameDetections)


def convert(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write a stream, npz or csv as another of these; what the files end in says which.

    The samples of any stream become an archive or table that holds its header too, and from which the same bytes come
    back. The archives and tables of the jobs become each other without loss. Their streams are those of the job; what a
    stream has no room for is left behind, which is logged.

    Returns:
        The files that were written: several streams where there are several faces, or boxes and keypoints.

    Raises:
        OptionError: an ending of another kind, or a name that says that something else is in it.
        SourceError: the source cannot be read.
        OutputError: the target cannot be written.
    """
    source, target = Path(source), Path(target)
    for path in (source, target):
        if _kind(path) not in FORMATS:
            raise OptionError(f"{path}: must end in {', '.join(f'.{known}' for known in FORMATS)}")
    check_folder(target.parent)
    settle_folder(target.parent)
    content = _read(source)
    targets = _targets(target, content)
    inputs = (source, data_path(source)) if _kind(source) == "stream" else (source,)
    for path, what in targets.items():
        check_place(path, what, inputs)
    try:
        if isinstance(content, SsiStream):
            _write_samples(target, content)
            return (target,)
        if _kind(target) == "stream":
            rest = "z, scores, boxes, keypoints" if isinstance(content, MeshRecording) else "sizes"
            _log.warning("%s: a stream has no room for %s and single time stamps of %s", target, rest, source)
        if isinstance(content, MeshRecording):
            return _copy(content, _mesh_writer(tuple(targets), content))
        return _copy(content, _detection_writer(tuple(targets), content))
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _read(path: Path) -> SsiStream | MeshRecording | DetectionRecording:
    if _kind(path) == "stream":
        return read_stream(path)
    if _kind(path) == "npz":
        arrays = read_archive(path)
        meta = read_meta(path, arrays)
        if "landmarks" in arrays:
            return read_mesh_npz(path, arrays, meta)
        return read_detection_npz(path, arrays, meta) if "boxes" in arrays else read_sample_npz(path, arrays, meta)
    table = Table(path)
    if table.columns[:-1] == MESH_CSV_COLUMNS:
        return read_mesh_csv(table)
    return read_detection_csv(table) if table.columns[:-1] == DETECTION_CSV_COLUMNS else read_sample_csv(table)


def _write_samples(target: Path, stream: SsiStream) -> None:
    if _kind(target) == "stream":
        write_stream(target, stream.data, stream.rate_hz, media_type=stream.media_type, meta=stream.meta)
    elif _kind(target) == "npz":
        write_sample_npz(target, stream)
    else:
        write_sample_csv(target, stream)


def _targets(target: Path, content: SsiStream | MeshRecording | DetectionRecording) -> dict[Path, str]:
    """The files that are written, and what each will hold: of several faces, and of boxes and keypoints, a stream each.

    Raises:
        OptionError: the target's name says something else.
    """
    if isinstance(content, SsiStream):
        return {target: stream_content(content.media_type, content.data.shape[1])}
    kind = MESHES if isinstance(content, MeshRecording) else DETECTIONS
    check_name(target, kind)
    if _kind(target) != "stream":
        return {target: kind}
    if isinstance(content, MeshRecording):
        return dict.fromkeys(mesh_streams(target, content.num_faces), MESH_STREAM)
    return dict(zip(detection_streams(target), (BOX_STREAM, KEYPOINT_STREAM), strict=True))


def _mesh_writer(targets: Sequence[Path], content: MeshRecording) -> RowWriter[FrameMeshes]:
    target = targets[0]
    if _kind(target) == "npz":
        return MeshNpzWriter(target, content.num_faces)
    if _kind(target) == "csv":
        return MeshCsvWriter(target, content.num_faces)
    return MeshStreamWriter(tuple(targets), str(_option(content, "missing", "zero")))


def _detection_writer(targets: Sequence[Path], content: DetectionRecording) -> RowWriter[FrameDetections]:
    target = targets[0]
    if _kind(target) == "npz":
        return DetectionNpzWriter(target)
    if _kind(target) == "csv":
        return DetectionCsvWriter(target)
    return DetectionStreamWriter(*targets, repeat_last=bool(_option(content, "repeat_last", True)))


def _option(content: MeshRecording | DetectionRecording, name: str, default: object) -> object:
    """An option of the job that made the recording."""
    options = content.meta.get("options")
    return options.get(name, default) if isinstance(options, dict) else default


def _copy(content: Recording[Result], writer: RowWriter[Result]) -> tuple[Path, ...]:
    clock = FrameClock(content.rate_hz, 0.0, content.rate_hz)
    try:
        for result in content.rows:
            clock.add(result.timestamp_s)
            writer.write(result)
        writer.finish(clock, content.meta)
        writer.commit()
    finally:
        writer.discard()
    return writer.paths
