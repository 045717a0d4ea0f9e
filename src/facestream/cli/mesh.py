"""``facestream mesh``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facestream.cli.jobs import add_job_arguments, find_sources, overlay_option, run_jobs
from facestream.cli.options import add_options
from facestream.cli.report import Reporter
from facestream.config import MeshOptions

if TYPE_CHECKING:
    from facestream.outputs import OutputPlan
    from facestream.structures import Progress, Summary

__all__ = ["mesh"]


@click.command(short_help="Face meshes of pictures and videos.")
@add_job_arguments
@add_options(MeshOptions)
def mesh(
    words: tuple[str, ...], output: Path | None, skip_existing: bool, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Find the face meshes of pictures and videos.

    An INPUT is a file, a folder, whose pictures and videos are taken, or a pattern such as "clips/**/*.mp4". For each a
    face-mesh stream is written: NAME.facemesh.stream, one row a frame, 468 y,x pairs as fractions of the frame and the
    confidence, which is 0 where there is no face.
    """
    inputs = find_sources(words, output, values["overlay"])
    if values["boxes"] and len(inputs) > 1:
        raise click.UsageError(f"--boxes {values['boxes']} is of one video, but there are {len(inputs)} inputs")
    values["overlay"] = overlay_option(values["overlay"])
    options = MeshOptions(**values)
    from facestream import extraction

    pipeline = functools.cache(lambda: extraction.open_pipeline(options))

    def run(plan: OutputPlan, on_progress: Callable[[Progress], None] | None) -> Summary:
        return extraction.extract(plan.source, plan, options, pipeline=pipeline, on_progress=on_progress)

    with Reporter(as_json=as_json, quiet=quiet) as reporter:
        return run_jobs(inputs, output, options, run, reporter, skip_existing=skip_existing)
