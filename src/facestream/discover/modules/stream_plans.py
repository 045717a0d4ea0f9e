"""The output files of a job whose request names its streams."""

from __future__ import annotations

from pathlib import Path

from facestream.config import JobOptions, MeshOptions
from facestream.formats.catalog import FORMATS
from facestream.formats.contents import BOX_STREAM, KEYPOINT_STREAM, MESH_STREAM
from facestream.use_cases.outputs.plan import OutputPlan

__all__ = ["plan_beside_streams"]


def plan_beside_streams(source: Path, streams: tuple[Path, ...], options: JobOptions) -> OutputPlan:
    """Plan the named streams. What else the options ask for lies next to the first one and is named after it."""
    first = streams[0]
    stem = first.with_name(first.name.removesuffix(first.suffix))
    is_of_meshes = isinstance(options, MeshOptions)
    contents = [MESH_STREAM] * len(streams) if is_of_meshes else [BOX_STREAM, KEYPOINT_STREAM]
    files = {"stream": dict(zip(streams, contents, strict=True))}
    for form in FORMATS:
        if form.name in options.formats and form.name not in files:
            path = stem.with_name(stem.name + form.suffix)
            files[form.name] = (
                form.files.mesh_files(path, options.num_faces)
                if isinstance(options, MeshOptions)
                else form.files.detection_files(path)
            )
    return OutputPlan(
        source=source,
        files=files,
        overlay=stem.with_name(f"{stem.name}.overlay") if options.overlay else None,
        boxes=options.boxes if isinstance(options, MeshOptions) else None,
        replaces_any_stream=True,
    )
