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
    sources = find_sources(words, output, values["overlay"], are_sequences=values["sequence_hz"] is not None)
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
