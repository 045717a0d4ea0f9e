"""``facestream detect``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facestream.cli.jobs import add_job_arguments, find_sources, overlay_option, run_jobs
from facestream.cli.options import add_options
from facestream.cli.report import Reporter
from facestream.config import DetectOptions

if TYPE_CHECKING:
    from facestream.outputs import OutputPlan
    from facestream.structures import Progress, Summary

__all__ = ["detect"]


@click.command(short_help="Face boxes and keypoints of pictures and videos.")
@add_job_arguments
@add_options(DetectOptions)
def detect(
    words: tuple[str, ...], output: Path | None, skip_existing: bool, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Find the box and keypoints of the most prominent face of pictures and videos.

    For each INPUT (see facestream mesh) two streams are written, one row a frame: NAME.boundingbox.stream, ymin, xmin,
    ymax, xmax as fractions of the frame and the confidence, and NAME.keypoints.stream, six y,x pairs (right eye, left
    eye, nose, mouth, right ear, left ear of the subject) and the confidence.
    """
    inputs = find_sources(words, output, values["overlay"])
    values["overlay"] = overlay_option(values["overlay"])
    options = DetectOptions(**values)
    from facestream import extraction

    pipeline = functools.cache(lambda: extraction.open_detection_pipeline(options))

    def run(plan: OutputPlan, on_progress: Callable[[Progress], None] | None) -> Summary:
        return extraction.detect(plan.source, plan, options, pipeline=pipeline, on_progress=on_progress)

    with Reporter(as_json=as_json, quiet=quiet) as reporter:
        return run_jobs(inputs, output, options, run, reporter, skip_existing=skip_existing)
