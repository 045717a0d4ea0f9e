"""``facestream detect``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facestream.cli.extraction_command import add_job_arguments, find_sources, overlay_option, run_jobs
from facestream.cli.options import add_options
from facestream.cli.report import Reporter
from facestream.config import DetectOptions

__all__ = ["detect"]


@click.command(short_help="Find face boxes and keypoints in pictures and videos.")
@add_job_arguments
@add_options(DetectOptions)
def detect(
    arguments: tuple[str, ...], output: Path | None, skip_existing: bool, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Find the box and keypoints of the most prominent face in pictures and videos.

    For each INPUT (see facestream mesh), two streams are written, with one row per frame. NAME.boundingbox.stream holds
    ymin, xmin, ymax, xmax as fractions of the frame and the confidence; NAME.keypoints.stream holds six y,x pairs
    (right eye, left eye, nose, mouth, right ear and left ear of the subject) and the confidence.
    """
    sources = find_sources(arguments, output, values["overlay"], are_sequences=values["sequence_hz"] is not None)
    values["overlay"] = overlay_option(values["overlay"])
    options = DetectOptions(**values)
    from facestream.use_cases import extraction

    with Reporter(as_json=as_json, quiet=quiet) as reporter:
        return run_jobs(
            sources,
            output,
            options,
            extraction.open_detection_pipeline,
            extraction.detect,
            reporter=reporter,
            skip_existing=skip_existing,
        )
