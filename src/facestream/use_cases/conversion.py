"""Convert between streams, archives and tables."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TypeVar

from facestream.errors import OptionError, OutputError
from facestream.formats.catalog import Format, find_format, suffix_list
from facestream.formats.contents import DETECTIONS, MESHES, stream_content
from facestream.formats.interface import Content
from facestream.formats.row_writer import RowWriter
from facestream.media.clock import FrameClock
from facestream.ssi.pair import settle_folder
from facestream.ssi.stream import SsiStream
from facestream.storage.staging import check_folder
from facestream.structures import FrameDetections, FrameMeshes
from facestream.tables.recording import DetectionRecording, MeshRecording, Recording
from facestream.use_cases.outputs.naming import check_name
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
    source_format, target_format = _format_of(source), _format_of(target)
    check_folder(target.parent)
    settle_folder(target.parent)
    content = source_format.files.read(source)
    targets = _targets(target, target_format, content)
    for path, what in targets.items():
        check_place(path, what, source_format.files.stored_files(source))
    try:
        if isinstance(content, SsiStream):
            target_format.files.write_samples(target, content)
            return (target,)
        if lost := target_format.files.values_without_room(content):
            _log.warning("%s: a %s has no room for %s of %s", target, target_format.name, lost, source)
        if isinstance(content, MeshRecording):
            missing = str(_option(content, "missing", "zero"))
            return _copy(
                content,
                target_format.files.write_meshes(tuple(targets), num_faces=content.num_faces, missing=missing),
            )
        repeats = bool(_option(content, "repeat_last", True))
        return _copy(content, target_format.files.write_detections(tuple(targets), repeat_last=repeats))
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error


def _format_of(path: Path) -> Format:
    form = find_format(path)
    if form is None:
        raise OptionError(f"{path}: must end in {suffix_list()}")
    return form


def _targets(target: Path, form: Format, content: Content) -> dict[Path, str]:
    """Return the files that are written, and what each will hold.

    Raises:
        OptionError: the target's name says that something else is in it.
    """
    if isinstance(content, SsiStream):
        return {target: stream_content(content.media_type, content.data.shape[1])}
    check_name(target, MESHES if isinstance(content, MeshRecording) else DETECTIONS)
    if isinstance(content, MeshRecording):
        return form.files.mesh_files(target, content.num_faces)
    return form.files.detection_files(target)


def _option(content: MeshRecording | DetectionRecording, name: str, default: object) -> object:
    """Return an option of the job that made the recording."""
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
