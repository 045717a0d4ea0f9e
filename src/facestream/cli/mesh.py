"""``facestream mesh``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facestream.cli.extraction_command import add_job_arguments, find_sources, overlay_option, run_jobs
from facestream.cli.options import add_options
from facestream.cli.report import Reporter
from facestream.config import MeshOptions

__all__ = ["mesh"]


@click.command(short_help="Find face meshes in pictures and videos.")
@add_job_arguments
@add_options(MeshOptions)
def mesh(
    arguments: tuple[str, ...], output: Path | None, skip_existing: bool, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Find face meshes in pictures and videos.

    An INPUT is a file, a folder of pictures and videos, or a pattern such as "clips/**/*.mp4". For each file, a
    face-mesh stream is written: NAME.facemesh.stream, with one row per frame that holds 468 y,x pairs as fractions of
    the frame and the confidence, which is 0 if there is no face.
    """
    sources = find_sources(arguments, output, values["overlay"], are_sequences=values["sequence_hz"] is not None)
    if values["boxes"] and len(sources.inputs) > 1:
        raise click.UsageError(
            f"--boxes {values['boxes']} belongs to one video, but there are {len(sources.inputs)} inputs"
        )
    values["overlay"] = overlay_option(values["overlay"])
    options = MeshOptions(**values)
    from facestream.use_cases import extraction

    with Reporter(as_json=as_json, quiet=quiet) as reporter:
        return run_jobs(
            sources,
            output,
            options,
            extraction.open_pipeline,
            extraction.extract,
            reporter=reporter,
            skip_existing=skip_existing,
        )
